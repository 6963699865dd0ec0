"""Masked: a picture that may change in one region only."""

from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from reverie.image import Size, resize
from reverie.parameterizations.parameterization import Parameterization, Shape
from reverie.randomness import Generators
from reverie.settings.part_types import typed

FAINT = 0.02  # below this share a change is too small to be told from rounding when it is divided by the mask


@dataclass(frozen=True, eq=False)
@typed
class Masked(Parameterization):
    """What another parameterization makes, where the mask lets it through; elsewhere the photo, bit for bit.

    Attributes:
        inner: what changes.
        mask: [1,1,H,W] in [0,1]: 1 where the picture may change, 0 where it stays; shares in between blend.
        photo: [1,C,H,W] in [0,1], what stays.
    """

    inner: Parameterization
    mask: Tensor
    photo: Tensor
    _resized: dict[Size, tuple[Tensor, Tensor]] = field(default_factory=dict, init=False, repr=False)

    @property
    def bounded(self) -> bool:
        """Whether the inner one is."""
        return self.inner.bounded

    @property
    def photos(self) -> str:
        """How the inner one holds a photo."""
        return self.inner.photos

    @property
    def gridded(self) -> bool:
        """Whether the inner one is."""
        return self.inner.gridded

    @property
    def couples(self) -> bool:
        """Whether the inner one does."""
        return self.inner.couples

    def init(self, shape: Shape, generators: Generators) -> Tensor:
        """Those of the inner one."""
        return self.inner.init(shape, generators)

    def decode(self, latents: Tensor, size: Size) -> Tensor:
        """The inner picture over the photo."""
        photo, mask = self._at(size)
        image = self.inner.decode(latents, size)
        # pixels keep their whole gradient, so that a rate over its mean moves what is let through as it would without
        # a mask; latents that share pixels need the true one
        if self.bounded and not self.gridded:
            return torch.lerp(photo, image, mask)
        return _Shown.apply(photo, image, mask)  # type: ignore[no-untyped-call,no-any-return]

    def encode(self, image: Tensor) -> Tensor:
        """Those of the picture that shows as this one through the mask, as far as the mask lets it."""
        photo, mask = self._at((int(image.shape[-2]), int(image.shape[-1])))
        change = torch.where(mask > FAINT, (image - photo) / mask.clamp_min(FAINT), 0)
        return self.inner.encode((photo + change).clamp_(0, 1))

    def _at(self, size: Size) -> tuple[Tensor, Tensor]:
        """Photo and mask at one size; the last ones are kept, since every step asks for them."""
        if size not in self._resized:
            self._resized.clear()
            self._resized[size] = resize(self.photo, size).clamp(0, 1), resize(self.mask, size).clamp(0, 1)
        return self._resized[size]


class _Shown(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, photo: Tensor, image: Tensor, mask: Tensor) -> Tensor:
        del ctx
        return torch.lerp(photo, image, mask)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[None, Tensor, None]:
        del ctx
        return None, gradients[0], None
