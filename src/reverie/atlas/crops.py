"""Crops: the parts of photos that excite the units of a layer, cut out once each and encoded small."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import torch
from PIL import Image
from torch import Tensor

from reverie.atlas.entries import AtlasCrop, AtlasPlace
from reverie.atlas.worker import webp
from reverie.dataset.patches import content, once, ranked
from reverie.dataset.photos import PhotoSet
from reverie.dataset.scan import LayerTallies
from reverie.dataset.store import Scan
from reverie.errors import OutOfMemory, UnsuitableImage
from reverie.image import Size, fit, to_pil
from reverie.models.layers import Box
from reverie.models.model import Model
from reverie.models.receptive_fields import Fields

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
                    yield AtlasPlace(self.layer, unit, kind, rank, photo, place or 0, value or 0.0), crop

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
        width = (self.model.layer(self.layer).size or (1, 1))[1]
        return self._fields.box(*divmod(place, width))
