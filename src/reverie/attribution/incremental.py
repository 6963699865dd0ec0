"""Exact forwards of a picture with windows covered: only what a window can reach runs anew.

A network's trunk, the modules that hand one map on from the picture, is cut into stretches. Each runs on a crop round
what has changed so far, the rest of the map is the uncovered picture's, and the network runs whole only from where the
windows that run together have reached nearly everything. Two windows are run both ways first; where they differ, the
trunk is cut shorter.
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from reverie.attribution.stretches import Planner, Stretch, Window, listen, reached, spans_seen, trunk
from reverie.models.edits import edits_here
from reverie.models.model import Model
from reverie.models.probe import probe
from reverie.objectives import Objective


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
            listen(self.model, network, images, {self.nodes[node].name: keep(node) for node in nodes - {0}})
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
