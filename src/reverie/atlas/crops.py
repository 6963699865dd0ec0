"""Crops: the parts of photos that excite the units of a layer, cut out once each and encoded small."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import torch
from PIL import Image
from torch import Tensor

from reverie.atlas.patch_entries import AtlasCrop, AtlasPlace
from reverie.atlas.worker import webp
from reverie.attribution.effective_field import fired
from reverie.dataset.layer_tallies import LayerTallies
from reverie.dataset.photo_sets import PhotoSet
from reverie.dataset.store import Scan
from reverie.dataset.top_patches import content, once, ranked
from reverie.errors import OutOfMemory, UnsuitableImage
from reverie.image import Size, fit, in_channels, to_pil
from reverie.models.layers import Box
from reverie.models.model import Model
from reverie.models.receptive_fields import Fields
from reverie.unit import Unit

SIDE = 64  # of a crop, at most, in pixels
SHARES = {"max": ("top", 5 / 9), "least": ("least", 2 / 9), "random": ("random", 2 / 9)}  # of a unit's patches
DECODED = 512  # photos that are kept, of 150 kB each at 224x224


class Decoded:
    """The photos of a set as a network is shown them, the last ones kept."""

    def __init__(self, photos: PhotoSet, size: Size) -> None:
        self.photos, self.size = photos, size
        self.picture = lru_cache(DECODED)(self._read)
        self.digest = lru_cache(None)(lambda index: content(photos, index))

    def _read(self, photo: int) -> Tensor | None:
        """[3,H,W] as bytes; None where it cannot be read."""
        try:
            return self.photos.framed(photo, self.size).mul(255).round().to(torch.uint8)
        except (UnsuitableImage, OutOfMemory):
            return None


@dataclass
class Cropping:
    """Cuts the patches of a layer's units out of the photos of a scan."""

    model: Model
    scan: Scan
    photos: Decoded
    layer: str
    tallies: LayerTallies

    def __post_init__(self) -> None:
        self._fields = Fields(self.model, self.layer)
        self._crop = lru_cache(4 * DECODED)(self._cut)

    def of(self, unit: int, most: int) -> Iterator[tuple[AtlasPlace, AtlasCrop]]:
        """A unit's patches of all kinds, each with its crop; those of photos that cannot be read are passed over."""
        for kind, (source, share) in SHARES.items():
            several = not self.scan.about.keeping.one_per_photo
            found = ranked(self.tallies, unit, source)
            places = once(self.photos.digest, found, max(1, round(share * most)), several=several)
            for rank, (photo, place, value) in enumerate(places):
                crop = self._crop(photo, place or 0)
                if crop is not None:
                    where = self._fired(unit, crop) if (value or 0.0) > 0 else (None,) * 4
                    yield AtlasPlace(self.layer, unit, kind, rank, photo, place or 0, value or 0.0, *where), crop

    def _fired(self, unit: int, crop: AtlasCrop) -> Sequence[int | None]:
        """Where in a crop a unit fired: top, bottom, left, right; or nothing."""
        picture, box = self.photos.picture(crop.photo), ((crop.top, crop.bottom), (crop.left, crop.right))
        seen = None if picture is None else picture.float() / 255
        seen = None if seen is None else in_channels(seen[None], self.model.channels)[0]
        place = divmod(crop.place, self._width)
        found = None if seen is None else fired(self.model, seen, Unit(self.layer, (unit,)), place, box)
        return (None,) * 4 if found is None else (*found[0], *found[1])

    def _cut(self, photo: int, place: int) -> AtlasCrop | None:
        picture = self.photos.picture(photo)
        if picture is None:
            return None
        (top, bottom), (left, right) = self._box(place)
        cut = to_pil(picture[:, top:bottom, left:right].float() / 255)
        if max(cut.size) > SIDE:
            width, height = fit(cut.size, SIDE)
            cut = cut.resize((width, height), Image.Resampling.LANCZOS)
        return AtlasCrop(self.layer, photo, place, top, bottom, left, right, webp(cut))

    def _box(self, place: int) -> Box:
        return self._fields.box(*divmod(place, self._width))

    @property
    def _width(self) -> int:
        return (self.model.layer(self.layer).size or (1, 1))[1]
