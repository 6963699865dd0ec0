"""Occlusion: what a unit loses when a window of the photo is covered."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from reverie.attribution.baselines import baseline
from reverie.attribution.incremental import Covered
from reverie.attribution.method import Estimate, Making, chunks, responses, usual
from reverie.attribution.stretches import Span, Window
from reverie.errors import InvalidSetting
from reverie.figures.curves import Plot, curves
from reverie.figures.overlay import framed
from reverie.models.model import Model
from reverie.objectives import Objective
from reverie.settings.explain import BASELINES

SHARE = 7  # a window's side is a seventh of the short side, 32 of 224, unless given


@dataclass(frozen=True)
class Occlusion:
    """The mean loss over all windows that cover a position, from coarse to fine.

    Source: Zeiler, Fergus 2014, section 4.2; differs: a position gets the mean of the windows over it, as of captum's
    `Occlusion`, so that strides below the window's side give a smooth map.

    Attributes:
        window, stride: in pixels; a seventh of the photo's short side, and half of the window, unless given.
        baseline: what covers.
    """

    window: int | None = None
    stride: int | None = None
    baseline: str = "grey"
    name: ClassVar[str] = "occlusion"
    asks: ClassVar[str] = "probability"
    caveat: ClassVar[str] = "a covered photo is unlike what the network was taught on; the window's size decides"

    def __post_init__(self) -> None:
        BASELINES.check(self.baseline)

    def estimates(self, model: Model, image: Tensor, objective: Objective) -> Iterator[Estimate]:
        """One for each batch of windows, the first of which are spread over the whole photo."""
        if model.dtype != torch.float32:
            raise InvalidSetting("what a window changes is lost in bfloat16's rounding; use --precision float32")
        rows, columns = self.spans(int(image.shape[-2]), int(image.shape[-1]))
        windows = [(row, column) for row in rows for column in columns]
        order = coarse_to_fine(len(rows), len(columns))
        cover = baseline(self.baseline, model, image)
        size = int(image.shape[-2]), int(image.shape[-1])
        parts = chunks(len(order), model.together(size))
        together = [[windows[index] for index in order[part.start : part.stop]] for part in parts]
        covered = Covered(model, image, cover, objective, together)
        before = float(responses(model, image, objective))
        losses = torch.full((len(windows),), torch.nan)
        for part, several in zip(parts, together, strict=True):
            losses[order[part.start : part.stop]] = before - covered.scores(several).float().cpu()
            grid = losses.clone().view(len(rows), len(columns))
            known = part.stop == len(order)
            facts, notes = _strongest(windows, losses, before) if known else ({}, ())
            yield Estimate(
                part.stop,
                len(order),
                lambda grid=grid: heat(grid, rows, columns, size).to(image.device),  # type: ignore[misc]
                {"baseline": self.baseline, "stride": columns[1][0] if len(columns) > 1 else size[1], **facts},
                notes,
                _pictured(windows, before - losses, before) if known else lambda _: (),
            )

    def spans(self, height: int, width: int) -> tuple[list[Span], list[Span]]:
        """The windows' rows and columns; the last ones are cut off by the photo's edge.

        Raises:
            InvalidSetting: a window larger than the photo, or a stride that leaves gaps.
        """
        window = max(1, round(min(height, width) / SHARE)) if self.window is None else self.window
        stride = max(1, window // 2) if self.stride is None else self.stride
        if not 1 <= window <= min(height, width):
            raise InvalidSetting(f"window must be 1 to {min(height, width)}, the photo's short side, not {window}")
        if not 1 <= stride <= window:
            raise InvalidSetting(
                f"stride must be 1 to {window}, the window's side, so that no gap is left, not {stride}"
            )
        return _spans(height, window, stride), _spans(width, window, stride)


def _spans(length: int, window: int, stride: int) -> list[Span]:
    count = 1 + -(-(length - window) // stride)
    return [(first, min(first + window, length)) for first in range(0, count * stride, stride)]


def coarse_to_fine(rows: int, columns: int) -> list[int]:
    """The cells of a grid: every fourth along both axes, then every second, then the rest.

    Each time those that lie equally near to the edges follow each other: what runs together reaches equally far.
    """

    def level(row: int, column: int) -> int:
        return 0 if row % 4 == column % 4 == 0 else 1 if row % 2 == column % 2 == 0 else 2

    def rank(cell: tuple[int, int]) -> tuple[int, ...]:
        row, column = cell
        return level(row, column), min(row, rows - 1 - row), min(column, columns - 1 - column), row, column

    cells = sorted(((row, column) for row in range(rows) for column in range(columns)), key=rank)
    return [row * columns + column for row, column in cells]


def heat(losses: Tensor, rows: Sequence[Span], columns: Sequence[Span], size: tuple[int, int]) -> Tensor:
    """The mean loss [H,W] of the windows over each position; one not yet known (nan) has that of the nearest known."""
    losses = _filled(losses)
    total, count = torch.zeros(size), torch.zeros(size)
    for row, (top, bottom) in enumerate(rows):
        for column, (left, right) in enumerate(columns):
            total[top:bottom, left:right] += losses[row, column]
            count[top:bottom, left:right] += 1
    return total / count


def _filled(losses: Tensor) -> Tensor:
    known = (~losses.isnan()).nonzero()
    unknown = losses.isnan().nonzero()
    if len(unknown) == 0:
        return losses
    nearest = torch.cdist(unknown.float(), known.float()).argmin(1)
    out = losses.clone()
    out[unknown[:, 0], unknown[:, 1]] = losses[known[nearest, 0], known[nearest, 1]]
    return out


def _strongest(windows: Sequence[Window], losses: Tensor, before: float) -> tuple[dict[str, object], tuple[str, ...]]:
    """The window whose covering costs most."""
    index = int(losses.argmax())
    (top, bottom), (left, right) = windows[index]
    after = before - float(losses[index])
    found = {"top": top, "left": left, "height": bottom - top, "width": right - left}
    note = (
        f"the most important window is {bottom - top}x{right - left} at row {top}, column {left}: "
        f"without it {before:.4g} becomes {after:.4g}"
    )
    return {"window": {**found, "before": round(before, 6), "after": round(after, 6)}}, (note,)


def _pictured(
    windows: Sequence[Window], left: Tensor, before: float
) -> Callable[[Tensor], tuple[tuple[str, Tensor], ...]]:
    """The photo with its most important window, and what is left of the score as a window slides in reading order."""

    def beside(photo: Tensor) -> tuple[tuple[str, Tensor], ...]:
        index = int(left.argmin())
        lines = {"covered": left.tolist(), "whole": [before] * len(windows)}
        size = int(photo.shape[-2]), int(photo.shape[-1])
        plot = Plot("what is left while a window is covered", lines, ("1", "window, row after row", str(len(windows))))
        return (
            (f"without the window\n{before:.3g} becomes {float(left[index]):.3g}", framed(photo, *windows[index])),
            ("red: a window covered\ngrey: none", curves([plot], size)),
        )

    return beside


BY_NAME: Mapping[str, Making] = {
    "occlusion": lambda given: Occlusion(given.window, given.stride, usual(given.baseline, "grey")),
}
