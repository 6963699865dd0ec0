"""Stretches of a network's trunk, and which of them run the cheapest on crops round the windows that are covered."""

import itertools
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from reverie.models.extents import Extent
from reverie.models.model import Model
from reverie.models.receptive_fields import layers_at

Span = tuple[int, int]  # the first position and the one past the last
Window = tuple[Span, Span]  # rows, columns
ELEMENT = 32.0  # multiplications that take as long as reading and writing one number
SPLIT = 4e6  # multiplications that take as long as one more crop


@dataclass(frozen=True)
class Node:
    """A map on the trunk; node 0 is the network's input.

    Attributes:
        name, module: what makes it.
        cost: of that module, in multiplications.
        joint: whether a stretch may end here: not between a convolution and what is folded into it.
    """

    name: str
    module: nn.Module
    extents: tuple[Extent, Extent]
    shape: tuple[int, int, int]
    cost: float = 0.0
    joint: bool = True


@dataclass(frozen=True)
class Stretch:
    """What leads from one node to another on crops of one size."""

    first: int
    last: int
    crop: tuple[int, int]


def trunk(model: Model, image: Tensor, layers: Sequence[str]) -> list[Node]:
    """The nodes of a network before the first of some layers, for a picture of this size; node 0 alone where none."""
    network = model.variants.module(layers)
    parts, costs, calls = dict(_flat(network)), dict[str, float](), list[tuple[str, Any, Any]]()
    leaves = {name: part for name, part in network.named_modules() if name and not any(part.children())}

    def hear(name: str) -> Any:
        def hook(part: nn.Module, given: Any, output: Any) -> None:
            if name in parts:
                calls.append((name, given, output))
            if name in leaves and isinstance(output, Tensor):
                costs[name] = costs.get(name, 0.0) + _cost(part, output)

        return hook

    listen(model, network, image, {name: hear(name) for name in {**parts, **leaves}})
    nodes = [Node("", network, (Extent(1, 0, 1), Extent(1, 0, 1)), _shape(image))]
    there = layers_at(model, (int(image.shape[-2]), int(image.shape[-1])))
    current = calls[0][1][0] if calls and len(calls[0][1]) == 1 else None
    for name, given, output in calls:
        known, asked = there.get(name), any(f"{layer}.".startswith(f"{name}.") for layer in layers)
        if len(given) != 1 or given[0] is not current or known is None or known.extents is None or asked:
            break
        if known.calls > 1 or not isinstance(output, Tensor) or output.ndim != 4:
            break
        if any(one.stride % two.stride for one, two in zip(known.extents, nodes[-1].extents, strict=True)):
            break  # the grid became finer
        cost = sum(value for leaf, value in costs.items() if f"{leaf}.".startswith(f"{name}."))
        joint = name not in model.variants.convolutions
        nodes.append(Node(name, parts[name], known.extents, _shape(output), cost, joint))
        current = output
    return nodes


def _flat(module: nn.Module, prefix: str = "") -> list[tuple[str, nn.Module]]:
    """The direct parts of a module, plain sequences opened."""
    found: list[tuple[str, nn.Module]] = []
    for name, part in module.named_children():
        plain = isinstance(part, nn.Sequential) and type(part).forward is nn.Sequential.forward
        found += _flat(part, f"{prefix}{name}.") if plain else [(prefix + name, part)]
    return found


def _cost(part: nn.Module, output: Tensor) -> float:
    each = part.in_channels / part.groups * math.prod(part.kernel_size) if isinstance(part, nn.Conv2d) else 0.0
    return output[0].numel() * (each + ELEMENT)


def _shape(value: Tensor) -> tuple[int, int, int]:
    return int(value.shape[1]), int(value.shape[2]), int(value.shape[3])


def listen(model: Model, network: nn.Module, images: Tensor, hooks: dict[str, Any]) -> None:
    """One forward with hooks that are gone when it is over."""
    handles = [network.get_submodule(name).register_forward_hook(hook) for name, hook in hooks.items()]
    try:
        with torch.no_grad():
            network(model.normalised(images))
    finally:
        for handle in handles:
            handle.remove()


def reached(extent: Extent, span: Span, length: int) -> Span:
    """The positions of a map of this length that see any of the pixels."""
    first = max(0, (span[0] - extent.stop) // extent.stride + 1)
    last = min(length, (span[1] - 1 - extent.start) // extent.stride + 1)
    return first, max(first, last)


def spans_seen(before: Extent, after: Extent, span: Span, length: int) -> tuple[int, Span]:
    """What positions of one map see of an earlier one: the step between both grids, and the span, on that step."""
    step = after.stride // before.stride
    first = span[0] * step + (after.start - before.start) // before.stride
    last = (span[1] - 1) * step + (after.stop - before.stop) // before.stride + 1
    return step, (max(0, first) // step * step, min(length, last))


class Planner:
    """Finds the cheapest stretches of a trunk for windows that run together; crops are as large as the largest asks.

    Windows by the picture's edge reach less than those in its middle, so that it pays to run the like together.
    """

    def __init__(self, nodes: Sequence[Node], windows: Iterable[Window]) -> None:
        self.nodes, rows_columns = nodes, list(zip(*windows, strict=True))
        self.spans = [{span: index for index, span in enumerate(dict.fromkeys(axis))} for axis in rows_columns]
        self.tables = [self._sides(axis) for axis in (0, 1)]
        self.sums = list(itertools.accumulate(node.cost for node in nodes))

    def _sides(self, axis: int) -> dict[tuple[int, int], tuple[int, np.ndarray]]:
        """The step between two nodes' grids, and what each span needs of the first one's side, by pair of nodes."""
        joints = [number for number, node in enumerate(self.nodes) if node.joint]
        found = {}
        for first, last in itertools.combinations(joints, 2):
            before, after = (self.nodes[number] for number in (first, last))
            lengths = before.shape[axis + 1], after.shape[axis + 1]
            needs = []
            for span in self.spans[axis]:
                out = reached(after.extents[axis], span, lengths[1])
                needs.append(spans_seen(before.extents[axis], after.extents[axis], out, lengths[0]))
            found[first, last] = needs[0][0], np.array([stop - start for _, (start, stop) in needs])
        return found

    def _crop(self, first: int, last: int, chosen: Sequence[list[int]]) -> tuple[int, int]:
        """The size of a crop that is enough for the chosen spans, wherever they lie.

        It leaves a multiple of the step, so that crops can start on the later map's grid and end with the map.
        """
        sides = []
        for axis in (0, 1):
            step, needs = self.tables[axis][first, last]
            length, side = self.nodes[first].shape[axis + 1], int(needs[chosen[axis]].max())
            sides.append(min(length, side + (length - side) % step))
        return sides[0], sides[1]

    def stretches(self, windows: Sequence[Window], end: int | None = None) -> list[Stretch]:
        """The cheapest ones, or the cheapest that lead to a node; none where pictures had better run whole."""
        chosen = [sorted({self.spans[axis][window[axis]] for window in windows}) for axis in (0, 1)]
        best: dict[int, tuple[float, list[Stretch]]] = {0: (0.0, [])}
        for last, node in enumerate(self.nodes):
            if last == 0 or not node.joint:
                continue
            choices = []
            for first, (spent, stretches) in best.items():
                crop = self._crop(first, last, chosen)
                area, (channels, height, width) = crop[0] * crop[1], self.nodes[first].shape
                computed = (self.sums[last] - self.sums[first]) * area / (height * width)
                cost = computed + 2 * ELEMENT * channels * area + SPLIT
                choices.append((spent + cost, [*stretches, Stretch(first, last, crop)]))
            best[last] = min(choices, key=lambda choice: choice[0])
        if end is not None:
            return best[end][1]
        ends = [
            (spent + self.sums[-1] - self.sums[last] + 2 * ELEMENT * math.prod(self.nodes[last].shape), stretches)
            for last, (spent, stretches) in best.items()
        ]
        return min(ends, key=lambda choice: choice[0])[1]
