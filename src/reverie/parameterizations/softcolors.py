"""Soft colours: pixels under a sigmoid, on axes along which natural colours vary independently."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import conv2d

from reverie.image import Size
from reverie.parameterizations.color import CORRELATION
from reverie.parameterizations.parameterization import Parameterization, Shape
from reverie.randomness import Generators, normal
from reverie.settings.part_types import typed

MARGIN = 8e-4  # a photo's 0 and 1 lie infinitely far out under the sigmoid


@dataclass(frozen=True)
@typed
class SoftColors(Parameterization):
    """Latents [N,C,H,W] are logits on the axes of natural colours: what is nearly black or white moves little.

    So a dream neither burns out nor loses the photo's colours.

    Attributes:
        noise: deviation of the start around mid-grey.
        chroma: how far the two axes of colour move beside that of lightness.
    """

    noise: float = 0.2
    chroma: float = 0.4

    @property
    def gridded(self) -> bool:
        """Yes: each pixel by itself."""
        return True

    def init(self, shape: Shape, generators: Generators) -> Tensor:
        """Grey with a little noise."""
        return self.noise * normal(shape, generators)

    def decode(self, latents: Tensor, size: Size) -> Tensor:
        """Logits to colours."""
        del size
        return _mix(latents, self._axes()).sigmoid()

    def encode(self, image: Tensor) -> Tensor:
        """Exact but for values within MARGIN of 0 and 1."""
        return _mix(image.clamp(MARGIN, 1 - MARGIN).logit(), self._axes().inverse())

    def _axes(self) -> Tensor:
        axes: Tensor = CORRELATION / CORRELATION.norm(dim=0)
        return axes * torch.tensor([1.0, self.chroma, self.chroma])


def _mix(image: Tensor, matrix: Tensor) -> Tensor:
    return conv2d(image, matrix.to(image)[:, :, None, None]) if image.shape[1] == 3 else image


BY_NAME = {"soft-colors": SoftColors()}
