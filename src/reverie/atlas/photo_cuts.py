"""Cuts: the parts of photos round places of a layer, each photo read once."""

from collections.abc import Sequence

from PIL import Image

from reverie.dataset.photo_sets import PhotoSet
from reverie.errors import OutOfMemory, UnsuitableImage
from reverie.image import to_pil
from reverie.models.model import Model
from reverie.models.receptive_fields import Fields

SIDE = 64  # of a cut, in pixels
PART = 0.4  # of the picture's side, at most: a late layer's places see everything, and mostly heed what is near


def cut_side(model: Model, layer: str) -> int:
    """Side of a cut in the photo at the native size: what a place sees, or PART of the picture where that is less."""
    seen, most = Fields(model, layer).size, round(PART * min(model.size))
    return most if seen is None else max(1, min(most, *seen))


def cuts(model: Model, layer: str, photos: PhotoSet, wanted: Sequence[tuple[int, int, int]]) -> list[Image.Image]:
    """A picture for each (anything, photo, place); a grey one of a photo that cannot be read any more."""
    found: list[Image.Image] = [Image.new("RGB", (SIDE, SIDE), "#808080") for _ in wanted]
    width, side = (model.layer(layer).size or (1, 1))[1], cut_side(model, layer)
    rows: dict[int, list[int]] = {}
    for row, (_, photo, _) in enumerate(wanted):
        rows.setdefault(photo, []).append(row)
    for photo, members in rows.items():
        try:
            picture = to_pil(photos.framed(photo, model.size))
        except (UnsuitableImage, OutOfMemory):
            continue
        for row in members:
            found[row] = _cut(picture, model, layer, divmod(wanted[row][2], width), side)
    return found


def _cut(picture: Image.Image, model: Model, layer: str, place: tuple[int, int], side: int) -> Image.Image:
    rows, columns = model.layer(layer).size or (1, 1)
    height, wide = model.size
    top = round((place[0] + 0.5) * height / rows - side / 2)
    left = round((place[1] + 0.5) * wide / columns - side / 2)
    top, left = max(0, min(top, height - side)), max(0, min(left, wide - side))
    return picture.crop((left, top, left + side, top + side)).resize((SIDE, SIDE), Image.Resampling.LANCZOS)
