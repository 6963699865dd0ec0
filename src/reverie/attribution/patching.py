"""Exact forwards of a picture with windows covered: only what a window can reach runs anew.

A network's trunk, the modules that hand one map on from the picture, is cut into stretches. Each runs on a crop round
what has changed so far, the rest of the map is the uncovered picture's, and the network runs whole only from where a
window has reached nearly everything. Two windows are run both ways first; where they differ, the trunk is cut shorter.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from reverie.models.model import Model
from reverie.models.probe import probe
from reverie.models.trace import Extent
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
    current = calls[0][1][0] if calls and len(calls[0][1]) == 1 else None
    for name, given, output in calls:
        known, asked = model.layers.get(name), any(f"{layer}.".startswith(f"{name}.") for layer in layers)
        if len(given) != 1 or given[0] is not current or known is None or known.extents is None or asked:
            break
        if known.calls > 1 or not isinstance(output, Tensor) or output.ndim != 4:
            break
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


def seen(before: Extent, after: Extent, span: Span, length: int) -> tuple[int, Span]:
    """What positions of one map see of an earlier one: the step between both grids, and the span, on that step."""
    step = after.stride // before.stride
    first = span[0] * step + (after.start - before.start) // before.stride
    last = (span[1] - 1) * step + (after.stop - before.stop) // before.stride + 1
    return step, (max(0, first) // step * step, min(length, last))


def crop_side(before: Extent, after: Extent, spans: Sequence[Span], lengths: tuple[int, int]) -> int:
    """The side of a crop of the earlier map that is enough for every span of pixels, wherever it lies.

    It leaves a multiple of the step, so that crops can start on the later map's grid and end with the map.
    """
    side, step = 0, 1
    for span in spans:
        step, (first, last) = seen(before, after, reached(after, span, lengths[1]), lengths[0])
        side = max(side, last - first)
    return min(lengths[0], side + (lengths[0] - side) % step)


def plan(nodes: Sequence[Node], windows: Sequence[Window]) -> list[Stretch]:
    """The cheapest stretches; none where pictures had better run whole."""
    spans = [sorted({window[axis] for window in windows}) for axis in (0, 1)]
    sums = [0.0]
    for node in nodes[1:]:
        sums.append(sums[-1] + node.cost)
    best: dict[int, tuple[float, list[Stretch]]] = {0: (0.0, [])}
    for last in range(1, len(nodes)):
        if not nodes[last].joint:
            continue
        choices = []
        for first, (spent, stretches) in best.items():
            crop = tuple(
                crop_side(
                    nodes[first].extents[axis],
                    nodes[last].extents[axis],
                    spans[axis],
                    (nodes[first].shape[axis + 1], nodes[last].shape[axis + 1]),
                )
                for axis in (0, 1)
            )
            area, (channels, height, width) = crop[0] * crop[1], nodes[first].shape
            cost = (sums[last] - sums[first]) * area / (height * width) + 2 * ELEMENT * channels * area + SPLIT
            choices.append((spent + cost, [*stretches, Stretch(first, last, (crop[0], crop[1]))]))
        best[last] = min(choices, key=lambda choice: choice[0])
    ends = [
        (spent + sums[-1] - sums[last] + 2 * ELEMENT * math.prod(nodes[last].shape), stretches)
        for last, (spent, stretches) in best.items()
    ]
    return min(ends, key=lambda choice: choice[0])[1]


class Covered:
    """Scores of a picture [1,C,H,W] with windows of it covered by those of another picture."""

    def __init__(
        self, model: Model, image: Tensor, cover: Tensor, objective: Objective, windows: Sequence[Window]
    ) -> None:
        self.model, self.image, self.cover, self.objective = model, image, cover, objective
        self.stretches: list[Stretch] = []
        self.maps: dict[int, Tensor] = {}
        if model.device.type != "cpu" or (model.fixed_size and image.shape[-2:] != model.size):
            return  # many small crops do not pay on a GPU
        self.nodes = trunk(model, image, objective.layers)
        self.stretches = plan(self.nodes, windows)
        checks = [windows[len(windows) // 2], windows[-1]]
        while self.stretches and not self._prepared(checks):  # something leads past the last node: a shorter trunk
            self.nodes = self.nodes[: self.stretches[-1].last]
            self.stretches = plan(self.nodes, windows)

    def scores(self, windows: Sequence[Window]) -> Tensor:
        """The objective with each window covered, [N]."""
        with torch.no_grad():
            if not self.stretches:
                return self.objective.score(probe(self.model, self._covered(windows), self.objective.layers))
            maps = self._patched(windows)
            name = self.nodes[self.stretches[-1].last].name
            # an empty batch brings the network to where the maps take over
            empty = self.image[:0]
            found = probe(self.model, empty, self.objective.layers, resizing=False, instead={name: lambda _: maps})
            return self.objective.score(found)

    def _covered(self, windows: Sequence[Window]) -> Tensor:
        images = self.image.repeat(len(windows), 1, 1, 1)
        for image, ((top, bottom), (left, right)) in zip(images, windows, strict=True):
            image[:, top:bottom, left:right] = self.cover[0, :, top:bottom, left:right]
        return images

    def _prepared(self, checks: Sequence[Window]) -> bool:
        """Keeps the picture's own maps; says whether patching gives what whole forwards of some windows do."""
        network = self.model.variants.module(self.objective.layers)
        wanted = {self.nodes[stretch.last].name: stretch.last for stretch in self.stretches}
        whole: dict[int, Tensor] = {}

        def keep(node: int) -> Any:
            def hook(_: nn.Module, __: Any, output: Tensor) -> None:
                whole[node] = output.clone()

            return hook

        def start(_: nn.Module, given: Any) -> None:
            whole[0] = given[0].clone()

        handle = self.nodes[1].module.register_forward_pre_hook(start)
        try:
            images = torch.cat([self.image, self.cover, self._covered(checks)])
            _listen(self.model, network, images, {name: keep(node) for name, node in wanted.items()})
        finally:
            handle.remove()
        self.maps = {node: value[:1] for node, value in whole.items()}
        self.covers = whole[0][1:2]
        last = self.stretches[-1].last
        try:
            with torch.no_grad():
                found = self._patched(checks)
            self.scores(checks)
            effect = torch.linalg.vector_norm((whole[last][2:] - self.maps[last]).float())
            error = torch.linalg.vector_norm((found - whole[last][2:]).float())
        except RuntimeError:  # a module that takes no crop, or no empty batch
            return False
        return bool(error <= (0.001 if self.model.dtype == torch.float32 else 0.3) * effect)

    def _patched(self, windows: Sequence[Window]) -> Tensor:
        """The maps [N,C,H,W] of the last stretch's end."""
        changed = self.covers.expand(len(windows), -1, -1, -1)
        offsets = [(0, 0)] * len(windows)
        for stretch in self.stretches:
            first, last = self.nodes[stretch.first], self.nodes[stretch.last]
            starts = [self._start(stretch, window) for window in windows]
            crops = self._pasted(stretch.first, changed, offsets, windows, starts, stretch.crop)
            for node in self.nodes[stretch.first + 1 : stretch.last + 1]:
                crops = node.module(crops)
            steps = [last.extents[axis].stride // first.extents[axis].stride for axis in (0, 1)]
            changed, offsets = crops, [(row // steps[0], column // steps[1]) for row, column in starts]
        end = self.stretches[-1].last
        size = self.nodes[end].shape[1:]
        return self._pasted(end, changed, offsets, windows, [(0, 0)] * len(windows), size)

    def _start(self, stretch: Stretch, window: Window) -> tuple[int, int]:
        """Where a window's crop begins."""
        found = []
        for axis in (0, 1):
            first, last = self.nodes[stretch.first], self.nodes[stretch.last]
            length = first.shape[axis + 1]
            out = reached(last.extents[axis], window[axis], last.shape[axis + 1])
            _, span = seen(first.extents[axis], last.extents[axis], out, length)
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
