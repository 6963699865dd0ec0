"""Soft pixels: pixels that cannot leave the range, for an ascent that goes with no constraint."""

from dataclasses import dataclass

from torch import Tensor

from reverie.image import Size
from reverie.parameterizations.parameterization import Parameterization, Shape
from reverie.randomness import Generators, normal
from reverie.settings.part_types import typed

MARGIN = 2e-3  # of the half range: black and white lie infinitely far out
SHARPNESS = 8  # a power of two


@dataclass(frozen=True)
@typed
class SoftPixels(Parameterization):
    """Latents are the picture's distance from grey; what would leave [0,1] comes smoothly to rest at its edge.

    The middle of the range is left nearly as it is, so that rates mean there what they mean for pixels; a sigmoid
    would bend all of it.

    Attributes:
        noise: deviation of the start around mid-grey.
    """

    noise: float = 0.05

    def init(self, shape: Shape, generators: Generators) -> Tensor:
        """Grey with a little noise."""
        return self.noise * normal(shape, generators)

    def decode(self, latents: Tensor, size: Size) -> Tensor:
        """The picture: v / (1 + |v|^8)^(1/8) stays within 1."""
        del size
        doubled = 2 * latents
        return doubled * (1 + doubled**SHARPNESS) ** (-1 / SHARPNESS) / 2 + 0.5

    def encode(self, image: Tensor) -> Tensor:
        """The picture's latents, exact but for what is nearly black or white."""
        doubled = (2 * image - 1).clamp(MARGIN - 1, 1 - MARGIN)
        return doubled * (1 - doubled**SHARPNESS) ** (-1 / SHARPNESS) / 2


BY_NAME = {"soft-pixels": SoftPixels()}
