"""Plots of a trace: the objective and every feature's activation over the steps, and a film in which they grow."""

import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from reverie.errors import RecordRefused, listed
from reverie.extras import installed
from reverie.figures.sketch import FAINT, INK, LINES, sketched
from reverie.figures.trace_file import Trace, rise
from reverie.files import save
from reverie.paths import check_output, path_named

INCH = 100  # pixels of one
NAMED = 12  # features that a line of text names


@dataclass(frozen=True, eq=False)
class Chart:
    """A drawn chart.

    Attributes:
        pixels: uint8 [H,W,3].
        panels: of each panel over the steps: its rows of pixels, and the column at which each step stands.
        lines: what there is to say of it: of each layer how many features rise, and which rise most or never.
    """

    pixels: np.ndarray
    panels: Sequence[tuple[slice, np.ndarray]]
    lines: tuple[str, ...] = ()

    def __repr__(self) -> str:
        """Short: what is told of it."""
        return f"<Chart: {'; '.join(self.lines[::2])}>"

    def _repr_png_(self) -> bytes:
        buffer = io.BytesIO()
        Image.fromarray(self.pixels).save(buffer, "PNG")
        return buffer.getvalue()

    def save(self, path: str | Path) -> Path:
        """Writes the picture.

        Raises:
            OutputFailed: it cannot be written.
        """
        place = check_output(path_named(path))
        save(Image.fromarray(self.pixels), place)
        return place

    def frames(self) -> Iterator[np.ndarray]:
        """The chart as it grows, a frame a step: a curtain goes to the right."""
        for step in range(len(self.panels[0][1])):
            frame = self.pixels.copy()
            for rows, columns in self.panels:
                frame[rows, int(columns[step]) + 2 : int(columns[-1]) + 2] = 255
            yield frame


def chart(trace: Trace, title: str = "", wanted: Mapping[str, Sequence[int]] | None = None) -> Chart:
    """The objective above, and below it each layer's features: those that rise most in colour, all others in grey.

    Args:
        title: what stands above all.
        wanted: features by layer that the run was asked for, in black.

    Raises:
        RecordRefused: a trace without a step.
    """
    if not len(trace.score):
        raise RecordRefused("the trace holds no step; render the picture anew with --trace")
    if not installed("matplotlib"):
        return Chart(*sketched(trace, title, wanted or {}), _told(trace))
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 2.2 + 3.4 * len(trace.features)), dpi=INCH, layout="constrained", facecolor="white")
    canvas: Any = FigureCanvasAgg(figure)
    grid = figure.add_gridspec(
        1 + len(trace.features), 2, width_ratios=(3, 1), height_ratios=(2, *[3.4] * len(trace.features))
    )
    figure.suptitle(title, color=INK, fontsize=11, x=0.01, ha="left")
    panels = [_objective(figure.add_subplot(grid[0, :]), trace)]
    for row, (layer, values) in enumerate(trace.features.items(), 1):
        chosen = list((wanted or {}).get(layer, ()))
        panels.append(_features(figure.add_subplot(grid[row, 0]), trace, layer, values, chosen))
        _changes(figure.add_subplot(grid[row, 1]), values, chosen)
    canvas.draw()
    pixels = np.asarray(canvas.buffer_rgba())[..., :3].copy()
    return Chart(pixels, [_place(panel, len(trace.score), len(pixels)) for panel in panels], _told(trace))


def _told(trace: Trace) -> tuple[str, ...]:
    lines = []
    for layer, values in trace.features.items():
        moved = rise(values)
        risen = [str(item) for item in moved.order if moved.risen[item]][:NAMED]
        never = [str(item) for item in range(len(moved.never)) if moved.never[item]]
        lines.append(f"{layer}: {moved}")
        lines.append(f"  rise most: {', '.join(risen) or 'none'}; never rise: {listed(never, NAMED) or 'none'}")
    return tuple(lines)


def _objective(axes: Any, trace: Trace) -> Any:
    axes.plot(np.arange(1, len(trace.score) + 1), trace.score, color=INK, linewidth=1.2)
    axes.set_title("objective", loc="left", fontsize=9, color=INK)
    return _dressed(axes, trace)


def _features(axes: Any, trace: Trace, layer: str, values: np.ndarray, wanted: Sequence[int]) -> Any:
    from matplotlib.collections import LineCollection

    steps, moved = np.arange(1, len(values) + 1), rise(values)
    axes.add_collection(
        LineCollection([np.column_stack([steps, line]) for line in values.T], colors=FAINT, linewidths=0.5)
    )
    best = [int(item) for item in moved.order[: len(LINES)] if moved.risen[item] and item not in wanted]
    for feature, color in [*zip(best, LINES, strict=False), *[(item, "black") for item in wanted]]:
        axes.plot(steps, values[:, feature], color=color, linewidth=1.6, label=str(feature))
    if best or wanted:
        axes.legend(fontsize=8, frameon=False, loc="upper left", ncols=6)
    axes.autoscale_view()
    low, high = axes.get_ylim()
    axes.set_ylim(low, high + 0.12 * (high - low))  # room for the names
    axes.set_title(f"{layer}, mean activation of each feature: {moved}", loc="left", fontsize=9, color=INK)
    axes.set_xlabel("step", fontsize=8)
    return _dressed(axes, trace)


def _changes(axes: Any, values: np.ndarray, wanted: Sequence[int]) -> None:
    moved = rise(values)
    change = (moved.last - moved.first)[moved.order]
    at = np.arange(len(change))
    axes.fill_between(at, change, step="mid", color=FAINT, linewidth=0)
    for feature in wanted:
        rank = int(np.flatnonzero(moved.order == feature)[0])
        axes.plot(rank, change[rank], "o", color="black", markersize=4)
    axes.axhline(0, color=INK, linewidth=0.6)
    axes.set_title("change, features in order", loc="left", fontsize=9, color=INK)
    axes.tick_params(labelsize=8, colors=INK)
    axes.spines[["top", "right"]].set_visible(False)


def _dressed(axes: Any, trace: Trace) -> Any:
    for border in np.flatnonzero(np.diff(trace.stage)):
        axes.axvline(border + 1.5, color=FAINT, linewidth=0.8, linestyle=":")
    axes.set_xlim(0.5, len(trace.stage) + 0.5)
    axes.tick_params(labelsize=8, colors=INK)
    axes.spines[["top", "right"]].set_visible(False)
    return axes


def _place(axes: Any, steps: int, height: int) -> tuple[slice, np.ndarray]:
    box = axes.get_window_extent()
    at = axes.transData.transform(np.column_stack([np.arange(1, steps + 1), np.zeros(steps)]))[:, 0]
    return slice(int(height - box.y1) - 1, int(height - box.y0) - 1), at
