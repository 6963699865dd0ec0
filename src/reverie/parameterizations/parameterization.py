"""Parameterization: latents that decode into a picture."""

from typing import Protocol

from torch import Tensor

from reverie.image import Size
from reverie.randomness import Generators

Shape = tuple[int, int, int]  # channels, height, width


class Parameterization(Protocol):
    """Settings only, no state.

    Attributes:
        bounded: whether `decode` keeps to [0,1] by itself; else the recipe needs a constraint.
    """

    @property
    def bounded(self) -> bool:
        """Whether every latent decodes into [0,1]."""
        ...

    def init(self, shape: Shape, generators: Generators) -> Tensor:
        """Latents of a faint random picture, one per generator."""
        ...

    def decode(self, latents: Tensor, size: Size) -> Tensor:
        """The picture [N,C,H,W]."""
        ...

    def encode(self, image: Tensor) -> Tensor:
        """Latents that decode into this picture [N,C,H,W] in [0,1]."""
        ...
