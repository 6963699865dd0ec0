"""Posters: a board as one picture."""

import math
from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageDraw

from reverie.figures.board import COLUMNS, MIDDLE, Board, Cell, HistogramPlot, Section, board_page, rows_of
from reverie.figures.lettering import digits, fitted, length, wrapped, write
from reverie.files import save, write_whole
from reverie.photo import opaque

WIDTH, MARGIN, GAP, GUTTER = 1400, 48, 10, 36  # pixels: of the page, round it, between pictures, between sections
LARGE, PLAIN, SMALL = 34, 15, 13  # of letters
INK, SOFT, FAINT, GROUND = "#1d1d1f", "#6e6e73", "#b9bdc4", "#fdfdfb"
WARM, COLD = "#b5362a", "#2a6ca8"
PATCH, CAPTION, CHART, BAR, FACT = 30, 38, 190, 22, 52  # height of a kernel, a caption, a histogram, a bar, a fact


def poster(board: Board) -> Image.Image:
    """The board, its sections in rows as on the page, as high as they need."""
    rows = rows_of(board.sections)
    heights = [max(_height(section) for section in row) for row in rows]
    top = MARGIN + LARGE + 30 + FACT * len(_facts(board))
    below = sum(_lines(sentence) * 18 + 4 for sentence in board.missing)
    page = Image.new("RGB", (WIDTH, top + sum(heights) + GUTTER * (len(rows) + 1) + below + MARGIN), GROUND)
    pen = _Pen(page)
    pen.heading(board)
    y = top + GUTTER
    for row, height in zip(rows, heights, strict=True):
        x = float(MARGIN)
        for section in row:
            pen.section(section, round(x), y)
            x += _width(section) + GUTTER
        y += height + GUTTER
    for sentence in board.missing:
        y += pen.wrapped(sentence, MARGIN, y) + 4
    return page


def write_board(board: Board, path: Path, *, html: bool = False) -> list[Path]:
    """Writes the board as a picture, and by choice as a page beside it.

    Returns:
        What was written, the picture first.

    Raises:
        OutputFailed: a place that cannot be written.
    """
    picture, page = poster(board), board_page(board) if html else ""
    written = save(picture, path)
    if html:
        written.append(path.with_suffix(".html"))
        write_whole(written[-1], page.encode())
    return written


def _width(section: Section) -> float:
    """A section's width in pixels."""
    column = (WIDTH - 2 * MARGIN - (COLUMNS - 1) * GUTTER) / COLUMNS
    return section.width * column + (section.width - 1) * GUTTER


def _lines(sentence: str, width: float = WIDTH - 2 * MARGIN) -> int:
    return len(wrapped(sentence, width, SMALL))


def _facts(board: Board) -> list[list[tuple[float, str, str]]]:
    """(x, name, value) of each fact, in as many rows as they need."""
    rows: list[list[tuple[float, str, str]]] = [[]] if board.facts else []
    x = float(MARGIN)
    for name, value in board.facts:
        wide = max(length(name, SMALL), length(value, PLAIN)) + 32
        if rows[-1] and x + wide > WIDTH:
            rows.append([])
            x = float(MARGIN)
        rows[-1].append((x, name, value))
        x += wide
    return rows


def _columns(section: Section) -> int:
    return max(1, int((_width(section) + GAP) // (section.side + GAP)))


def _places(section: Section) -> list[tuple[int, int, int]]:
    """(column, row, span) of each picture: side by side, the first one of a large section over two rows and columns."""
    columns = _columns(section)
    free = [(row, column) for row in range(len(section.cells) + 2) for column in range(columns)]
    places = []
    for index in range(len(section.cells)):
        span = 2 if section.large and index == 0 and columns > 1 else 1
        row, column = free[0]
        places.append((column, row, span))
        free = [spot for spot in free if not (row <= spot[0] < row + span and column <= spot[1] < column + span)]
    return places


def _names(cell: Cell, side: int) -> list[str]:
    """A caption's lines, one or two."""
    return fitted(cell.caption, side - (PATCH + 6 if cell.patch else 0), SMALL, 2)


def _caption(section: Section) -> int:
    """How high captions and notes are."""
    return CAPTION + 16 * (max(len(_names(cell, section.side)) for cell in section.cells) - 1)


def _height(section: Section) -> int:
    height = 30 + 18 * _lines(section.note, _width(section)) if section.note else 30
    if section.histogram:
        height += CHART
    height += BAR * len(section.bars)
    if section.cells:
        rows = max(row + span for _, row, span in _places(section))
        height += rows * (section.side + _caption(section) + GAP)
    return height


class _Pen:
    """Draws on a page."""

    def __init__(self, page: Image.Image) -> None:
        self.page, self.pen = page, ImageDraw.Draw(page)

    def heading(self, board: Board) -> None:
        self.text(board.title, MARGIN, MARGIN, INK, LARGE, WIDTH - 2 * MARGIN)
        self.text(board.subtitle, MARGIN, MARGIN + LARGE + 10, SOFT, PLAIN, WIDTH - 2 * MARGIN)
        rows = _facts(board)
        for number, row in enumerate(rows):
            for x, name, value in row:
                self.text(name, x, MARGIN + LARGE + 42 + FACT * number, SOFT, SMALL)
                self.text(value, x, MARGIN + LARGE + 59 + FACT * number, INK, PLAIN)
        line = MARGIN + LARGE + 36 + FACT * len(rows)
        self.pen.line((MARGIN, line, WIDTH - MARGIN, line), fill="#e4e4df")

    def section(self, section: Section, x: int, y: int) -> None:
        width = _width(section)
        self.text(section.title, x, y, INK, PLAIN, width)
        y += 22
        if section.note:
            y += self.wrapped(section.note, x, y, width)
        y += 8
        if section.histogram:
            self.histogram(section.histogram, x, y, width)
            y += CHART
        said = max((length(bar.text, SMALL) for bar in section.bars), default=0)
        for bar in section.bars:
            self.text(bar.name, x, y, INK, SMALL, 0.4 * width - 8)
            across = max(1.0, abs(bar.share) * (0.6 * width - max(70, said + 12)))
            ink = FAINT if bar.share >= 0 else COLD
            self.pen.rectangle((x + 0.4 * width, y + 4, x + 0.4 * width + across, y + 12), fill=ink)
            self.text(bar.text, x + width - length(bar.text, SMALL), y, SOFT, SMALL)
            y += BAR
        for cell, (column, row, span) in zip(section.cells, _places(section), strict=True):
            across, down = section.side + GAP, section.side + _caption(section) + GAP
            side = section.side if span == 1 else 2 * section.side + GAP + _caption(section)
            side = min(side, 2 * section.side + GAP)
            self.cell(cell, x + column * across, y + row * down, side)

    def cell(self, cell: Cell, x: int, y: int, side: int) -> None:
        if cell.picture is None:
            self.pen.rectangle((x, y, x + side - 1, y + side - 1), outline="#e4e4df")
        else:
            self.page.paste(_fitted(cell.picture, side), (x, y))
        left, below = x, y + side + 4
        if cell.patch is not None:
            patch = cell.patch.resize(_inside(cell.patch.size, PATCH), Image.Resampling.NEAREST)
            self.page.paste(patch, (x, below))
            left += PATCH + 6
        width = side - (left - x)
        lines = _names(cell, side)
        for row, line in enumerate(lines):
            self.text(line, left, below + 16 * row, INK, SMALL)
        ink = {1: WARM, -1: COLD}.get(cell.sign, SOFT)
        self.text(cell.note, left, below + 16 * len(lines), ink, SMALL, width)

    def histogram(self, histogram: HistogramPlot, x: int, y: int, width: float) -> None:
        heights, base = histogram.heights, y + CHART - 34
        each = width / len(heights)
        for index, height in enumerate(heights):
            left = x + index * each
            if height > 0:
                self.pen.rectangle((left, base - 110 * height, left + each - 1.5, base), fill=FAINT)
        self.pen.line((x, base, x + width, base), fill=INK)
        low, high = (digits(value) for value in histogram.span)
        self.text(low, x, base + 5, SOFT, SMALL)
        self.text(high, x + width - length(high, SMALL), base + 5, SOFT, SMALL)
        for index, (name, value, place) in enumerate(histogram.places):
            at, top = x + place * width, y + 16 * (index % 2)
            self.pen.line((at, top, at, base), fill=WARM, width=2)
            text = f"{name} {digits(value)}"
            left = at - length(text, SMALL) - 6 if place > MIDDLE else at + 6
            self.text(text, left, top - 2, WARM, SMALL)

    def wrapped(self, sentence: str, x: int, y: int, width: float = WIDTH - 2 * MARGIN) -> int:
        """Writes in lines; how high they are."""
        lines = wrapped(sentence, width, SMALL)
        for number, line in enumerate(lines):
            self.text(line, x, y + 18 * number, SOFT, SMALL, width)
        return 18 * len(lines)

    def text(self, text: str, x: float, y: float, ink: str, size: int, width: float | None = None) -> None:
        shown = text if width is None else fitted(text, width, size)[0]
        write(self.pen, (x, y), shown, ink, size)


def _fitted(picture: Image.Image, side: int) -> Image.Image:
    """A picture in the middle of a square."""
    size = _inside(picture.size, side)
    shown = opaque(picture).resize(size, Image.Resampling.LANCZOS)
    page = Image.new("RGB", (side, side), GROUND)
    page.paste(shown, ((side - size[0]) // 2, (side - size[1]) // 2))
    return page


def _inside(size: Sequence[int], side: int) -> tuple[int, int]:
    scale = side / max(size)
    return max(1, math.floor(size[0] * scale + 0.5)), max(1, math.floor(size[1] * scale + 0.5))
