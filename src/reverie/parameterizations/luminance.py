"""Luminance: a photo whose brightness changes and whose colours stay."""

from dataclasses import dataclass

import torch
from torch import Tensor

from reverie.image import Size, grey, resize
from reverie.parameterizations.parameterization import Parameterization, Shape
from reverie.parameterizations.softpixels import SoftPixels
from reverie.randomness import Generators, normal
from reverie.settings.part_types import typed

SOFT = SoftPixels()


@dataclass(frozen=True, eq=False)
@typed
class Luminance(Parameterization):
    """Latents [N,1,H,W] are one change of brightness for all colours of a pixel, so that its chroma stays.

    Attributes:
        photo: [1,3,H,W] in [0,1], whose colours the picture keeps.

    Source: Gatys, Bethge, Hertzmann, Shechtman 2016, "Preserving color in neural artistic style transfer", section 3.2;
    differs: the network sees the colours too; at the ends of the range colours come smoothly to rest.
    """

    photo: Tensor

    @property
    def bounded(self) -> bool:
        """Yes, as soft pixels are."""
        return True

    def init(self, shape: Shape, generators: Generators) -> Tensor:
        """The photo with a little noise."""
        return SOFT.noise * normal((1, *shape[1:]), generators)

    def decode(self, latents: Tensor, size: Size) -> Tensor:
        """The photo with its brightness changed."""
        return SOFT.decode(self._soft(size) + latents, size)

    def encode(self, image: Tensor) -> Tensor:
        """How much brighter the picture is than the photo."""
        size = int(image.shape[-2]), int(image.shape[-1])
        return grey(SOFT.encode(image) - self._soft(size))

    def _soft(self, size: Size) -> Tensor:
        with torch.no_grad():
            return SOFT.encode(resize(self.photo, size).clamp(0, 1))
