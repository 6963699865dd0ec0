"""Laplacian pyramid: a sum of pictures, each half as large as the one before, with decorrelated colours.

Source: Burt, Adelson 1983, with bilinear enlargement; as a parameterization it is lucid's.
"""

from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor
from torch.nn import functional

from reverie.image import Size
from reverie.parameterizations.color import correlate, decorrelate
from reverie.parameterizations.fourier import MARGIN
from reverie.parameterizations.parameterization import Parameterization, Shape
from reverie.randomness import Generators, normal
from reverie.settings.part_types import typed

SMALLEST = 4  # pixels of the coarsest level's shorter side


@dataclass(frozen=True)
@typed
class Pyramid(Parameterization):
    """Latents [N,C,P] are the pixels of all levels, the finest first.

    Attributes:
        start: deviation of each level's start.
        gain: of the latents under the sigmoid.
    """

    start: float = 0.05
    gain: float = 0.5

    def init(self, shape: Shape, generators: Generators) -> Tensor:
        """A faint noise at all scales on grey."""
        channels, height, width = shape
        count = sum(level[0] * level[1] for level in _levels((height, width)))
        return self.start * normal((channels, count), generators)

    def decode(self, latents: Tensor, size: Size) -> Tensor:
        """The levels' sum, by way of the decorrelated colours."""
        levels = _levels(size)
        parts = latents.split([height * width for height, width in levels], -1)
        pictures = [part.unflatten(-1, level) for part, level in zip(parts, levels, strict=True)]
        image = pictures.pop()
        while pictures:
            image = pictures[-1] + _enlarged(image, pictures.pop())
        return correlate(image * self.gain).sigmoid()

    def encode(self, image: Tensor) -> Tensor:
        """What each level adds to the enlarged coarser one: exact but for values within MARGIN of 0 and 1."""
        values = decorrelate(image.clamp(MARGIN, 1 - MARGIN).logit()) / self.gain
        levels = _levels((int(image.shape[-2]), int(image.shape[-1])))
        gaussians = [values]
        for level in levels[1:]:
            gaussians.append(functional.adaptive_avg_pool2d(gaussians[-1], level))
        details = [fine - _enlarged(coarse, fine) for fine, coarse in pairwise(gaussians)]
        return torch.cat([level.flatten(2) for level in (*details, gaussians[-1])], -1)


def _enlarged(coarse: Tensor, fine: Tensor) -> Tensor:
    return functional.interpolate(coarse, fine.shape[-2:], mode="bilinear", align_corners=False)


def _levels(size: Size) -> list[Size]:
    """Sizes from the finest on, each half the one before."""
    levels = [size]
    while min(levels[-1]) > SMALLEST:
        height, width = levels[-1]
        levels.append((-(-height // 2), -(-width // 2)))
    return levels


BY_NAME = {"pyramid": Pyramid()}
