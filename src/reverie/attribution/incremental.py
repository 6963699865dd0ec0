"""Exact forwards of a picture with windows covered: only what a window can reach runs anew.

A network's trunk, the modules that hand one map on from the picture, is cut into stretches. Each runs on a crop round
what has changed so far, the rest of the map is the uncovered picture's, and the network runs whole only from where the
windows that run together have reached nearly everything. Two windows are run both ways first; where they differ, the
trunk is cut shorter.
"""

import itertools
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from reverie.models.edits import edits_here
from reverie.models.extents import Extent
from reverie.models.model import Model
from reverie.models.probe import probe
from reverie.models.receptive_fields import layers_at
from reverie.objectives import Objective

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
    """From one node to another on crops of one size."""

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

    _listen(model, network, image, {name: hear(name) for name in {**parts, **leaves}})
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


def _listen(model: Model, network: nn.Module, images: Tensor, hooks: dict[str, Any]) -> None:
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
        """From one node to another the step between their grids, and what each span needs of the first one's side."""
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
        """Of a crop that is enough for the chosen spans, wherever they lie.

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


class Covered:
    """Scores of a picture [1,C,H,W] with windows of it covered by those of another picture.

    Attributes:
        plans: by windows that run together the stretches that they run on; those that are not in it run whole.
    """

    def __init__(
        self, model: Model, image: Tensor, cover: Tensor, objective: Objective, parts: Sequence[Sequence[Window]]
    ) -> None:
        self.model, self.image, self.cover, self.objective = model, image, cover, objective
        self.plans: dict[tuple[Window, ...], list[Stretch]] = {}
        self.maps: dict[int, Tensor] = {}
        if model.device.type != "cpu" or (image.shape[-2:] != model.size and model.takes_one_size(objective.layers)):
            return  # many small crops do not pay on a GPU
        if model.edits or edits_here(model.variants):
            return  # crops run modules by themselves, which no edit reaches
        self.nodes = trunk(model, image, objective.layers)
        windows = [window for part in parts for window in part]
        if not windows:
            return
        checks = [windows[len(windows) // 2], windows[-1]]
        while not self._prepared(parts, checks):  # something leads past the last node: a shorter trunk
            self.nodes = self.nodes[: self._last]

    def scores(self, windows: Sequence[Window]) -> Tensor:
        """The objective with each window covered, [N]."""
        stretches = self.plans.get(tuple(windows))
        with torch.no_grad():
            if not stretches:
                return self.objective.score(probe(self.model, self._covered(windows), self.objective.layers))
            maps = self._patched(windows, stretches)
            return self._finished(self.nodes[stretches[-1].last].name, maps)

    def _finished(self, name: str, maps: Tensor) -> Tensor:
        """The objective of what a module's maps lead to; an empty batch brings the network to where they take over."""
        layers = self.objective.layers
        found = probe(self.model, self.image[:0], layers, resizing=False, instead={name: lambda _: maps})
        return self.objective.score(found)

    @property
    def _last(self) -> int:
        """The deepest node that any windows are patched to."""
        return max((stretches[-1].last for stretches in self.plans.values() if stretches), default=0)

    def _covered(self, windows: Sequence[Window]) -> Tensor:
        images = self.image.repeat(len(windows), 1, 1, 1)
        for image, ((top, bottom), (left, right)) in zip(images, windows, strict=True):
            image[:, top:bottom, left:right] = self.cover[0, :, top:bottom, left:right]
        return images

    def _prepared(self, parts: Sequence[Sequence[Window]], checks: Sequence[Window]) -> bool:
        """Plans, and keeps the picture's own maps; says whether patching gives what whole forwards of windows do."""
        planner = Planner(self.nodes, [window for part in parts for window in part])
        self.plans = {tuple(part): planner.stretches(part) for part in parts}
        last = self._last
        if not last:
            return True
        trial = planner.stretches(checks, last)
        used = [stretch.last for stretches in (*self.plans.values(), trial) for stretch in stretches]
        whole = self._whole({0, *used}, torch.cat([self.image, self.cover, self._covered(checks)]))
        self.maps = {node: value[:1] for node, value in whole.items()}
        self.covers = whole[0][1:2]
        try:
            with torch.no_grad():
                found = self._patched(checks, trial)
                self._finished(self.nodes[last].name, found)
            effect = torch.linalg.vector_norm((whole[last][2:] - self.maps[last]).float())
            error = torch.linalg.vector_norm((found - whole[last][2:]).float())
        except RuntimeError:  # a module that takes no crop, or no empty batch
            return False
        return bool(error <= (0.001 if self.model.dtype == torch.float32 else 0.3) * effect)

    def _whole(self, nodes: set[int], images: Tensor) -> dict[int, Tensor]:
        """The maps of whole pictures at some nodes; node 0 among them."""
        network = self.model.variants.module(self.objective.layers)
        whole: dict[int, Tensor] = {}

        def keep(node: int) -> Any:
            def hook(_: nn.Module, __: Any, output: Tensor) -> None:
                whole[node] = output.clone()

            return hook

        def start(_: nn.Module, given: Any) -> None:
            whole[0] = given[0].clone()

        handle = self.nodes[1].module.register_forward_pre_hook(start)
        try:
            _listen(self.model, network, images, {self.nodes[node].name: keep(node) for node in nodes - {0}})
        finally:
            handle.remove()
        return whole

    def _patched(self, windows: Sequence[Window], stretches: Sequence[Stretch]) -> Tensor:
        """The maps [N,C,H,W] of the last stretch's end."""
        changed = self.covers.expand(len(windows), -1, -1, -1)
        offsets = [(0, 0)] * len(windows)
        for stretch in stretches:
            first, last = self.nodes[stretch.first], self.nodes[stretch.last]
            starts = [self._start(stretch, window) for window in windows]
            crops = self._pasted(stretch.first, changed, offsets, windows, starts, stretch.crop)
            for node in self.nodes[stretch.first + 1 : stretch.last + 1]:
                crops = node.module(crops)
            steps = [last.extents[axis].stride // first.extents[axis].stride for axis in (0, 1)]
            changed, offsets = crops, [(row // steps[0], column // steps[1]) for row, column in starts]
        end = stretches[-1].last
        size = self.nodes[end].shape[1:]
        return self._pasted(end, changed, offsets, windows, [(0, 0)] * len(windows), size)

    def _start(self, stretch: Stretch, window: Window) -> tuple[int, int]:
        """Where a window's crop begins."""
        found = []
        for axis in (0, 1):
            first, last = self.nodes[stretch.first], self.nodes[stretch.last]
            length = first.shape[axis + 1]
            out = reached(last.extents[axis], window[axis], last.shape[axis + 1])
            _, span = spans_seen(first.extents[axis], last.extents[axis], out, length)
            found.append(min(span[0], length - stretch.crop[axis]))
        return found[0], found[1]

    def _pasted(
        self,
        node: int,
        changed: Tensor,
        offsets: Sequence[tuple[int, int]],
        windows: Sequence[Window],
        starts: Sequence[tuple[int, int]],
        crop: tuple[int, int],
    ) -> Tensor:
        """Crops of the picture's own map, with what each window has changed in it."""
        own, about = self.maps[node], self.nodes[node]
        shape = (len(windows), about.shape[0], *crop)
        out = torch.empty(shape, dtype=own.dtype, device=own.device, memory_format=self.model.layout)
        for index, ((top, left), (up, back), window) in enumerate(zip(starts, offsets, windows, strict=True)):
            out[index] = own[0, :, top : top + crop[0], left : left + crop[1]]
            rows, columns = (reached(about.extents[axis], window[axis], about.shape[axis + 1]) for axis in (0, 1))
            rows = max(rows[0], top), min(rows[1], top + crop[0])
            columns = max(columns[0], left), min(columns[1], left + crop[1])
            if rows[0] < rows[1] and columns[0] < columns[1]:
                part = changed[index, :, rows[0] - up : rows[1] - up, columns[0] - back : columns[1] - back]
                out[index, :, rows[0] - top : rows[1] - top, columns[0] - left : columns[1] - left] = part
        return out
