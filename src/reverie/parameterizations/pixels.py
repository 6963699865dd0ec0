"""Pixels: the picture itself."""

from dataclasses import dataclass

from torch import Tensor

from reverie.image import Size
from reverie.parameterizations.parameterization import Parameterization, Shape
from reverie.randomness import Generators, normal
from reverie.settings.part_types import typed


@dataclass(frozen=True)
@typed
class Pixels(Parameterization):
    """Latents are the picture's own values; a constraint keeps them in range.

    Attributes:
        noise: deviation of the start around mid-grey.
    """

    noise: float = 0.05

    @property
    def bounded(self) -> bool:
        """No: a step may leave [0,1]."""
        return False

    def init(self, shape: Shape, generators: Generators) -> Tensor:
        """Grey with a little noise."""
        return (0.5 + self.noise * normal(shape, generators)).clamp(0, 1)

    def decode(self, latents: Tensor, size: Size) -> Tensor:
        """The latents as they are."""
        del size
        return latents

    def encode(self, image: Tensor) -> Tensor:
        """A copy."""
        return image.clone()


BY_NAME = {"pixels": Pixels()}
