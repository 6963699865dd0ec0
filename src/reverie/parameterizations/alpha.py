"""Alpha: a picture with an opacity of its own as one more channel."""

from dataclasses import dataclass

import torch
from torch import Tensor

from reverie.image import Size
from reverie.parameterizations.parameterization import Parameterization, Shape
from reverie.randomness import Generators
from reverie.settings.part_types import typed

HALF = 0.5  # a photo's opacity at the start: from there it can go either way


@dataclass(frozen=True)
@typed
class Alpha(Parameterization):
    """Another parameterization's picture [N,C,H,W] and, made in the same way, its opacity: [N,C+1,H,W].

    Source: Mordvintsev et al. 2018, "Differentiable Image Parameterizations", section on transparency.

    Attributes:
        inner: planar, see `Parameterization`.
        channels: of the network's input.
    """

    inner: Parameterization
    channels: int

    @property
    def bounded(self) -> bool:
        """Whether the inner one is."""
        return self.inner.bounded

    @property
    def photos(self) -> str:
        """How the inner one holds a photo."""
        return self.inner.photos

    @property
    def couples(self) -> bool:
        """Whether the inner one does."""
        return self.inner.couples

    def init(self, shape: Shape, generators: Generators) -> Tensor:
        """The picture's latents, and one more plane."""
        return torch.cat([self.inner.init(shape, generators), self.inner.init((1, *shape[1:]), generators)], 1)

    def decode(self, latents: Tensor, size: Size) -> Tensor:
        """Picture and opacity."""
        return torch.cat([self.inner.decode(latents[:, :-1], size), self.inner.decode(latents[:, -1:], size)], 1)

    def encode(self, image: Tensor) -> Tensor:
        """The latents of an image [N,C+1,H,W], or of a photo [N,C,H,W], which starts half opaque."""
        picture, opacity = image[:, : self.channels], image[:, self.channels :]
        opacity = opacity if opacity.shape[1] else torch.full_like(image[:, :1], HALF)
        return torch.cat([self.inner.encode(picture), self.inner.encode(opacity)], 1)
