"""Sheets: many pictures in one, each with its caption."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from PIL import Image, ImageDraw

from reverie.figures.lettering import common_start, fitted, length, wrapped, write
from reverie.figures.marks import Mark, draw_marks, legend
from reverie.photo import opaque

GAP, LINE, SIZE = 6, 18, 13  # pixels between pictures, for a line of a caption, of its letters
HEAD, APART = 14, 8  # of a heading's letters; pixels between a heading and the row above it
NARROW, MOST = 120, 3  # pixels that a place has for long captions though its picture be smaller; lines of a part of one
GROUND, INK, STRONG = "white", "#333333", "#000000"
LARGEST = 64_000_000  # pixels of a sheet of files; beyond, each of its pictures is made smaller


@dataclass(frozen=True, eq=False)
class Layout:
    """How pictures stand on a sheet.

    Attributes:
        title: a line over all of them.
        heads: lines over rows, by the picture with which the row begins.
        columns: how many stand side by side, where that is decided.
        together: so many neighbours stay side by side.
        marks: of each picture, in a line under its caption; the sheet ends with what they mean.
    """

    title: str = ""
    heads: Mapping[int, str] = field(default_factory=dict)
    columns: int | None = None
    together: int = 1
    marks: Sequence[Sequence[Mark]] = ()


def sheet(pictures: Sequence[Image.Image], captions: Sequence[str], layout: Layout | None = None) -> Image.Image:
    """A white sheet, about twice as wide as high and as full as may be; each with its caption, all of one size.

    Captions are wrapped. Where they are long and begin alike, as the channels of a layer do, the title has what they
    share.
    """
    layout, (width, height) = layout or Layout(), pictures[0].size
    title, captions = _shared(layout.title, captions, max(width, NARROW))
    place = max(width, min(NARROW, math.ceil(max(_widest(caption) for caption in captions))))
    columns = layout.columns or _columns(len(pictures), math.sqrt(2 * len(pictures) * height / place), layout.together)
    lines = [[line for part in caption.split("\n") for line in fitted(part, place - 1, SIZE, MOST)]
             for caption in captions]  # fmt: skip
    across = columns * (place + GAP) + GAP
    rows: list[tuple[range, list[str], int]] = []
    down = GAP + LINE * len(_heading(title, across))
    for row in _rows(len(pictures), columns, layout.heads):
        head = _heading(layout.heads.get(row.start, ""), across)
        down += APART if head and rows else 0
        rows.append((row, head, down))
        down += LINE * (len(head) + bool(layout.marks) + max(len(lines[index]) for index in row)) + height + GAP
    meaning = _heading(legend(layout.marks), across)
    page = Image.new("RGB", (across, down + LINE * len(meaning)), GROUND)
    pen = ImageDraw.Draw(page)
    _write(pen, meaning, GAP, down - 3, INK, SIZE)
    _write(pen, _heading(title, across), GAP, GAP - 3, STRONG, HEAD)
    for row, head, top in rows:
        _write(pen, head, GAP, top - 3, STRONG, HEAD)
        for column, index in enumerate(row):
            left, upper = GAP + column * (place + GAP), top + LINE * len(head)
            page.paste(opaque(pictures[index]), (left, upper))
            _write(pen, lines[index], left + 1, upper + height + 2, INK, SIZE)
            if layout.marks:
                draw_marks(pen, layout.marks[index], (left + 1, upper + height + 2 + LINE * len(lines[index])), place)
    return page


def _write(pen: ImageDraw.ImageDraw, lines: Sequence[str], left: int, top: int, ink: str, size: int) -> None:
    for number, line in enumerate(lines):
        write(pen, (left, top + LINE * number), line, ink, size)


def _widest(caption: str) -> float:
    return max(length(line, SIZE) for line in caption.split("\n")) + 1


def _shared(title: str, captions: Sequence[str], place: int) -> tuple[str, Sequence[str]]:
    """The title with what all captions begin with, and the captions without it; as they are where they fit."""
    firsts = [caption.split("\n")[0] for caption in captions]
    start = common_start(firsts)
    if not start or all(length(first, SIZE) < place for first in firsts):
        return title, captions
    return f"{start}: {title}" if title else start, [caption[len(start) :].lstrip(" ") for caption in captions]


def _heading(text: str, across: int) -> list[str]:
    return wrapped(text, across - 2 * GAP, HEAD) if text else []


def _rows(count: int, columns: int, heads: Mapping[int, str]) -> list[range]:
    """The pictures of each row; a heading begins a new one."""
    begins = sorted({0, *(index for index in heads if 0 < index < count)})
    parts = zip(begins, [*begins[1:], count], strict=True)
    return [range(at, min(at + columns, end)) for first, end in parts for at in range(first, end, columns)]


def _columns(count: int, ideal: float, together: int) -> int:
    """The number next to the ideal one that leaves the fewest places empty; up to three stand side by side."""
    if together > 1:
        return together * max(1, round(ideal / together))
    if count <= 3:
        return count
    whole = math.ceil(ideal)
    near = [columns for columns in (whole, whole - 1, whole + 1) if 1 <= columns <= count]
    return min(near or [count], key=lambda columns: -count % columns)


def contact_sheet(paths: Sequence[Path], captions: Sequence[str], layout: Layout | None = None) -> Image.Image:
    """A sheet of picture files, which may be thousands: it is kept to LARGEST by showing each of them smaller."""
    with Image.open(paths[0]) as first:
        width, height = first.size
    share = min(1.0, math.sqrt(LARGEST / (len(paths) * width * height)))
    size = max(1, int(width * share)), max(1, int(height * share))
    return sheet([_opened(path, size) for path in paths], captions, layout)


def _opened(path: Path, size: tuple[int, int]) -> Image.Image:
    with Image.open(path) as picture:
        plain = opaque(picture)
    return plain if plain.size == size else plain.resize(size, Image.Resampling.LANCZOS)
