"""What stands for photos where none are given: motifs of the bundled generator, or parts of the sample photos."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import Tensor

from reverie.dataset.photo_sets import PhotoSet, photo_set
from reverie.image import Size, fit, read, resize
from reverie.models.bundled.generator import LATENT, bundled_generator
from reverie.models.model import Model
from reverie.paths import sample
from reverie.randomness import generator, normal

MOTIFS = 120
SAMPLES = ("flower", "china")
SCALES = (1, 2, 3)  # how often a part fits into a photo's short side
PARTS = 96


@dataclass(frozen=True, eq=False)
class Drawn(PhotoSet):
    """Pictures [N,3,H,W] in [0,1] in the place of photos.

    Attributes:
        apart: whether they are of different things: parts of one photo say nothing of others.
    """

    pictures: Tensor = field(default_factory=lambda: torch.zeros(0, 3, 1, 1), repr=False)
    apart: bool = True

    def read(self, index: int, enough: int | None = None) -> Tensor:  # noqa: ARG002  # as of photos
        """A picture [3,H,W]."""
        return self.pictures[index]


def drawn(name: str, pictures: Tensor, *, apart: bool = True) -> Drawn:
    """Pictures as a set of photos."""
    names = tuple(f"{name}-{number}" for number in range(len(pictures)))
    return Drawn(Path(name), names, tuple(map(Path, names)), pictures, apart)


def photos_for(model: Model, place: str | Path | None) -> tuple[PhotoSet, str]:
    """The photos of a place, or what stands for them and what that is called.

    Raises:
        UnsuitableImage: no photos there.
    """
    if place is not None:
        return photo_set(place), ""
    if model.source.get("name", model.name) == "bundled":
        return motifs(), f"{MOTIFS} motifs of the bundled generator"
    pictures = torch.cat([part for name in SAMPLES for part in parts_of(read(sample(name)), model.size)])
    chosen = torch.linspace(0, len(pictures) - 1, min(PARTS, len(pictures))).round().long()
    return drawn("samples", pictures[chosen], apart=False), f"{len(chosen)} parts of {len(SAMPLES)} sample photos"


def motifs(seed: int = 0) -> Drawn:
    """Motifs that the bundled generator paints of latents by chance."""
    latents = normal((LATENT,), [generator(seed, f"motif-{number}") for number in range(MOTIFS)])
    with torch.no_grad():
        return drawn("motifs", bundled_generator()(latents))


def parts_of(photo: Tensor, size: Size) -> Iterator[Tensor]:
    """Parts [1,3,*size] of a photo [1,3,H,W] at several scales, half overlapping."""
    height, width = int(photo.shape[-2]), int(photo.shape[-1])
    for scale in SCALES:
        ratio = scale * max(size[0] / height, size[1] / width)
        shown = resize(photo, fit((height, width), max(1, math.ceil(ratio * max(height, width))))).clamp(0, 1)
        for top in _half_overlapping(shown.shape[-2], size[0]):
            for left in _half_overlapping(shown.shape[-1], size[1]):
                yield shown[..., top : top + size[0], left : left + size[1]]


def _half_overlapping(length: int, side: int) -> range:
    """Where parts of this side begin."""
    return range(0, length - side + 1, max(1, side // 2))
