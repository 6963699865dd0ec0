"""Boards: pictures, bars and a histogram in titled sections, as one page for a browser and as one picture."""

import base64
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jinja2
import numpy as np
from PIL import Image, PngImagePlugin

from reverie.figures.naming import listed_files
from reverie.record import RECORD_KEY

COLUMNS = 12  # into which a board's width is parted
BARS = 56  # of a histogram
MIDDLE = 0.5  # of its axis: names of marks beyond it stand on the left of their lines


@dataclass(frozen=True, eq=False)
class Cell:
    """A picture with its caption.

    Attributes:
        picture: None where there is none to show.
        note: a second line.
        record: the text that repeats the picture.
        patch: a small picture beside the caption, a kernel's.
        sign: 1 or -1 colours the note as exciting or inhibiting.
    """

    picture: Image.Image | None
    caption: str
    note: str = ""
    record: str | None = None
    patch: Image.Image | None = None
    sign: int = 0

    @property
    def source(self) -> str:
        """The picture, its record inside it, as a `data:` address."""
        return "" if self.picture is None else _address(self.picture, self.record)

    @property
    def patch_source(self) -> str:
        """The small picture as a `data:` address."""
        return "" if self.patch is None else _address(self.patch, None)


@dataclass(frozen=True)
class Bar:
    """A named value; `share` is the length of its bar, -1 to 1."""

    name: str
    text: str
    share: float


@dataclass(frozen=True, eq=False)
class HistogramPlot:
    """How often values fall between edges, and where some values of interest stand.

    Attributes:
        edges: [B+1], rising.
        counts: [B].
        marks: (name, value) pairs.
    """

    edges: np.ndarray
    counts: np.ndarray
    marks: tuple[tuple[str, float], ...] = ()

    @property
    def span(self) -> tuple[float, float]:
        """The axis: all that was counted, and all marks."""
        there = np.flatnonzero(self.counts)
        values = [value for _, value in self.marks]
        if len(there):
            values += [float(self.edges[there[0]]), float(self.edges[there[-1] + 1])]
        low, high = min(values, default=0.0), max(values, default=1.0)
        return low, high if high > low else low + 1

    @property
    def heights(self) -> list[float]:
        """The heights of even bars along the axis, the highest 1: each bin's count is spread evenly over its width."""
        low, high = self.span
        sums = np.concatenate([[0], np.cumsum(self.counts)])
        grid = np.interp(np.linspace(low, high, BARS + 1), self.edges, sums)
        parts = np.diff(grid)
        return [float(value) for value in parts / max(parts.max(), 1e-12)]

    @property
    def places(self) -> list[tuple[str, float, float]]:
        """(name, value, place on the axis from 0 to 1) of each mark, the outermost first.

        Names stand inside of their lines, each a row below the one before, where its line begins: none is crossed.
        """
        low, high = self.span
        found = [(name, value, (value - low) / (high - low)) for name, value in self.marks]
        return sorted(found, key=lambda mark: -abs(mark[2] - MIDDLE))


@dataclass(frozen=True, eq=False)
class Section:
    """A part of a board.

    Attributes:
        width: columns that it takes, of COLUMNS.
        side: of its pictures in the drawn board, in pixels.
        large: whether its first picture is drawn twice as large.
    """

    title: str
    note: str = ""
    cells: tuple[Cell, ...] = ()
    bars: tuple[Bar, ...] = ()
    histogram: HistogramPlot | None = None
    width: int = COLUMNS
    side: int = 128
    large: bool = False


@dataclass(frozen=True, eq=False)
class Board:
    """All of it.

    Attributes:
        facts: (name, value) pairs under the title.
        missing: sentences about what could not be shown.
        data: the same as plain values, for programs.
    """

    title: str
    subtitle: str
    facts: tuple[tuple[str, str], ...] = ()
    sections: tuple[Section, ...] = ()
    missing: tuple[str, ...] = ()
    data: Mapping[str, Any] = field(default_factory=dict)

    def __repr__(self) -> str:
        """Short: what of, and how much."""
        return f"<Board: {self.title}, {self.subtitle}, {len(self)} pictures>"

    def __len__(self) -> int:
        """How many pictures there are."""
        return sum(cell.picture is not None for section in self.sections for cell in section.cells)

    def told(self, written: Sequence[Path]) -> list[str]:
        """What is missing, and where it was written to."""
        return [*self.missing, f"wrote {listed_files(written)}"]


def board_page(board: Board) -> str:
    """One HTML file that any browser opens without a network; every picture in it carries its record."""
    world = jinja2.Environment(loader=jinja2.PackageLoader("reverie", "figures"), autoescape=True, trim_blocks=True)
    # `<` as an escape, so that no name can end the script that holds the data
    data = json.dumps(board.data, allow_nan=False).replace("<", "\\u003c")
    return world.get_template("board.html").render(board=board, data=data, columns=COLUMNS)


def _address(picture: Image.Image, record: str | None) -> str:
    buffer, extra = io.BytesIO(), PngImagePlugin.PngInfo()
    if record is not None:
        extra.add_itxt(RECORD_KEY, record, zip=True)
    picture.save(buffer, "PNG", pnginfo=extra)
    return f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}"


def rows_of(sections: Sequence[Section]) -> list[list[Section]]:
    """The sections in rows that are at most COLUMNS wide."""
    rows: list[list[Section]] = []
    for section in sections:
        if not rows or sum(item.width for item in rows[-1]) + section.width > COLUMNS:
            rows.append([])
        rows[-1].append(section)
    return rows
