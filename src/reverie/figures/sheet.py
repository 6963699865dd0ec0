"""Sheets: many pictures in one, each with its caption."""

import math
from collections.abc import Sequence

from PIL import Image, ImageDraw, ImageFont

GAP, LINE, SIZE = 6, 18, 13  # pixels between pictures, for a caption, of its letters
GROUND, INK = "white", "#333333"


def sheet(pictures: Sequence[Image.Image], captions: Sequence[str]) -> Image.Image:
    """A white sheet, about twice as wide as high, with a caption under each picture; all are of one size."""
    width, height = pictures[0].size
    columns = min(len(pictures), max(1, math.ceil(math.sqrt(2 * len(pictures) * height / width))))
    rows = math.ceil(len(pictures) / columns)
    cell = width + GAP, height + LINE + GAP
    page = Image.new("RGB", (columns * cell[0] + GAP, rows * cell[1] + GAP), GROUND)
    font = ImageFont.load_default(SIZE)
    pen = ImageDraw.Draw(page)
    for index, (picture, caption) in enumerate(zip(pictures, captions, strict=True)):
        left, top = GAP + index % columns * cell[0], GAP + index // columns * cell[1]
        page.paste(picture.convert("RGB"), (left, top))
        pen.text((left + 1, top + height + 2), _shortened(caption, width, font), fill=INK, font=font)
    return page


def _shortened(text: str, width: int, font: ImageFont.FreeTypeFont | ImageFont.ImageFont) -> str:
    while len(text) > 1 and font.getlength(text) > width:
        text = text[:-2] + "…"
    return text
