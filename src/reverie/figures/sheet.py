"""Sheets: many pictures in one, each with its caption."""

import math
from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from reverie.photo import opaque

GAP, LINE, SIZE = 6, 18, 13  # pixels between pictures, for a caption, of its letters
GROUND, INK = "white", "#333333"
LARGEST = 64_000_000  # pixels of a sheet of files; beyond, each of its pictures is made smaller


def sheet(
    pictures: Sequence[Image.Image], captions: Sequence[str], *, together: int = 1, columns: int | None = None
) -> Image.Image:
    """A white sheet, about twice as wide as high and as full as may be; each with its caption, all of one size.

    Args:
        together: so many neighbours stay side by side.
        columns: how many stand side by side in all, where that is decided.
    """
    width, height = pictures[0].size
    lines = max(caption.count("\n") + 1 for caption in captions)
    ideal = math.sqrt(2 * len(pictures) * height / width)
    whole = _columns(len(pictures), math.ceil(ideal))
    columns = columns or (whole if together == 1 else together * max(1, round(ideal / together)))
    rows = math.ceil(len(pictures) / columns)
    cell = width + GAP, height + lines * LINE + GAP
    page = Image.new("RGB", (columns * cell[0] + GAP, rows * cell[1] + GAP), GROUND)
    font = ImageFont.load_default(SIZE)
    pen = ImageDraw.Draw(page)
    for index, (picture, caption) in enumerate(zip(pictures, captions, strict=True)):
        left, top = GAP + index % columns * cell[0], GAP + index // columns * cell[1]
        page.paste(opaque(picture), (left, top))
        for line, text in enumerate(caption.split("\n")):
            place = left + 1, top + height + 2 + line * LINE
            pen.text(place, _shortened(text, width, font), fill=INK, font=font)
    return page


def _columns(count: int, ideal: int) -> int:
    """The number next to the ideal one that leaves the fewest places empty; up to three stand side by side."""
    if count <= 3:
        return count
    near = [columns for columns in (ideal, ideal - 1, ideal + 1) if 1 <= columns <= count]
    return min(near or [count], key=lambda columns: -count % columns)


def contact_sheet(paths: Sequence[Path], captions: Sequence[str]) -> Image.Image:
    """A sheet of picture files, which may be thousands: it is kept to LARGEST by showing each of them smaller."""
    with Image.open(paths[0]) as first:
        width, height = first.size
    share = min(1.0, math.sqrt(LARGEST / (len(paths) * width * height)))
    size = max(1, int(width * share)), max(1, int(height * share))
    return sheet([_opened(path, size) for path in paths], captions)


def _opened(path: Path, size: tuple[int, int]) -> Image.Image:
    with Image.open(path) as picture:
        plain = opaque(picture)
    return plain if plain.size == size else plain.resize(size, Image.Resampling.LANCZOS)


def _shortened(text: str, width: int, font: ImageFont.FreeTypeFont | ImageFont.ImageFont) -> str:
    while len(text) > 1 and font.getlength(text) > width:
        text = text[:-2] + "…"
    return text
