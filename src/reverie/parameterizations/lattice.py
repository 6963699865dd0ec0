"""Pictures that are always of 8 bits, so that what the network is shown is what a file can hold."""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from reverie.image import Size
from reverie.parameterizations.parameterization import Parameterization, Shape
from reverie.randomness import Generators, uniform
from reverie.settings.part_types import typed

LEVELS = 255
HALVINGS = 14


@dataclass(frozen=True, eq=False)
@typed
class Lattice(Parameterization):
    """Latents are pixels; the picture is their nearest one of 8 bits, and its gradient passes to them unchanged.

    Attributes:
        photo: [1,C,H,W] on the lattice, from which the picture must not be further than `limit`.
        limit: root of the summed squares of the changes; the least certain pixels are rounded back to keep it.
    """

    photo: Tensor | None = None
    limit: float | None = None

    @property
    def bounded(self) -> bool:
        """No: a step may leave [0,1]."""
        return False

    def init(self, shape: Shape, generators: Generators) -> Tensor:
        """Even noise over the whole range."""
        return uniform(0, 1, shape, generators)

    def decode(self, latents: Tensor, size: Size) -> Tensor:
        """The nearest picture of 8 bits."""
        del size
        return _Rounded.apply(latents, self.photo, self.limit)  # type: ignore[no-any-return, no-untyped-call]

    def encode(self, image: Tensor) -> Tensor:
        """A copy."""
        return image.clone()


@dataclass(frozen=True)
@typed
class Quantised(Parameterization):
    """What another parameterization makes, as its nearest picture of 8 bits; its gradient passes unchanged."""

    inner: Parameterization

    @property
    def photos(self) -> str:
        """How the inner one holds a photo."""
        return self.inner.photos

    @property
    def planar(self) -> bool:
        """Whether the inner one is."""
        return self.inner.planar

    @property
    def couples(self) -> bool:
        """Whether the inner one does."""
        return self.inner.couples

    def init(self, shape: Shape, generators: Generators) -> Tensor:
        """Those of the inner one."""
        return self.inner.init(shape, generators)

    def decode(self, latents: Tensor, size: Size) -> Tensor:
        """The nearest picture of 8 bits."""
        return _Rounded.apply(self.inner.decode(latents, size), None, None)  # type: ignore[no-any-return, no-untyped-call]

    def encode(self, image: Tensor) -> Tensor:
        """Those of the inner one."""
        return self.inner.encode(image)


def on_lattice(image: Tensor) -> Tensor:
    """The nearest picture of 8 bits, the very numbers that are read back from its file."""
    return (image * LEVELS).round_().clamp_(0, LEVELS).div_(LEVELS)


class _Rounded(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, latents: Tensor, photo: Tensor | None, limit: float | None) -> Tensor:
        del ctx
        if photo is None or limit is None:
            return on_lattice(latents)
        return on_lattice(photo + _shortened((latents - photo) * LEVELS, limit * LEVELS) / LEVELS)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None]:
        del ctx
        return gradients[0], None, None


def _shortened(change: Tensor, limit: float) -> Tensor:
    """Whole changes within an L2 norm, per picture: rounded to the nearest, or more of them to 0 where too long."""
    size, sign = change.abs(), change.sign()

    def whole(bonus: Tensor) -> Tensor:
        return (size + bonus).floor_()

    def fits(bonus: Tensor) -> Tensor:
        length: Tensor = torch.linalg.vector_norm(whole(bonus).flatten(1), dim=1)
        return length.view(-1, 1, 1, 1) <= limit

    low, high = torch.zeros_like(change[:, :1, :1, :1]), torch.full_like(change[:, :1, :1, :1], 0.5)
    best = torch.where(fits(high), high, low)
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        good = fits(middle)
        low, high = torch.where(good, middle, low), torch.where(good, high, middle)
        best = torch.maximum(best, low)
    return whole(best) * sign
