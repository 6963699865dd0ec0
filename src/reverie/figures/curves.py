"""Small line plots with their axes, without a plotting library."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image, ImageDraw
from torch import Tensor

from reverie.figures.lettering import fitted, length, write

INKS = ("#c0392b", "#888888", "#2c7fb8")
FINE, MARGIN, LINE = 3, 4, 12  # drawn that much larger; pixels round a plot; height of a line of text
LETTERS = 9.5
NARROW, LOW = 60, 40  # pixels: a smaller plot has no text
INK, SOFT, FRAME = "#333333", "#6e6e73", "#bbbbbb"


@dataclass(frozen=True)
class Plot:
    """Lines over evenly spaced places.

    Attributes:
        title: what goes up.
        lines: by name, the first one in red.
        across: what stands at the first place, what the places are, and what stands at the last one.
    """

    title: str
    lines: Mapping[str, Sequence[float]]
    across: tuple[str, str, str] = ("", "", "")


def curves(plots: Sequence[Plot], size: tuple[int, int]) -> Tensor:
    """Plots one above the other [3,H,W], on one scale upwards, from 0 or below it."""
    height, width = size
    page = Image.new("RGB", (width * FINE, height * FINE), "white")
    pen, values = ImageDraw.Draw(page), [value for plot in plots for line in plot.lines.values() for value in line]
    span = min(0.0, *values), max(max(values), min(0.0, *values) + 1e-12)
    each = height / max(1, len(plots))
    for row, plot in enumerate(plots):
        _draw(pen, plot, span, (0, row * each, width, (row + 1) * each))
    small = page.resize((width, height), Image.Resampling.LANCZOS)
    return torch.from_numpy(np.asarray(small, dtype=np.float32) / 255).permute(2, 0, 1).contiguous()


def _draw(
    pen: ImageDraw.ImageDraw, plot: Plot, span: tuple[float, float], box: tuple[float, float, float, float]
) -> None:
    margin = min(MARGIN, (box[2] - box[0]) / 4, (box[3] - box[1]) / 4)
    left, top, right, bottom = box[0] + margin, box[1] + margin, box[2] - margin, box[3] - margin
    if right - left >= NARROW and bottom - top >= LOW:
        left, top, bottom = left + max(length(tick, LETTERS) for tick in _ticks(span)) + 4, top + LINE, bottom - LINE
        _axes(pen, plot, _ticks(span), (left, top, right, bottom))
    pen.rectangle([value * FINE for value in (left, top, right, bottom)], outline=FRAME, width=1)
    low, high = span
    for (_, line), ink in reversed(list(zip(plot.lines.items(), INKS, strict=False))):
        across = np.linspace(left, right, len(line))
        up = [bottom - (value - low) / (high - low) * (bottom - top) for value in line]
        pen.line([(x * FINE, y * FINE) for x, y in zip(across, up, strict=True)], fill=ink, width=FINE + 1)


def _ticks(span: tuple[float, float]) -> tuple[str, str]:
    return f"{span[0]:.2g}", f"{span[1]:.2g}"


def _axes(
    pen: ImageDraw.ImageDraw, plot: Plot, ticks: tuple[str, str], frame: tuple[float, float, float, float]
) -> None:
    """What goes up, what goes across, and from where to where, round a frame."""
    left, top, right, bottom = frame
    _text(pen, (left, top - LINE - 2), fitted(plot.title, right - left, LETTERS)[0], INK)
    for tick, at in zip(ticks, (bottom - LINE + 1, top), strict=True):
        _text(pen, (left - 4 - length(tick, LETTERS), at), tick, SOFT)
    first, what, last = plot.across
    _text(pen, (left, bottom + 1), first, SOFT)
    _text(pen, (right - length(last, LETTERS), bottom + 1), last, SOFT)
    room = right - left - length(first, LETTERS) - length(last, LETTERS) - 12
    shown = fitted(what, max(room, 1), LETTERS)[0]
    _text(pen, ((left + right - length(shown, LETTERS)) / 2, bottom + 1), shown, SOFT)


def _text(pen: ImageDraw.ImageDraw, place: tuple[float, float], text: str, ink: str) -> None:
    write(pen, (place[0] * FINE, place[1] * FINE), text, ink, LETTERS * FINE)
