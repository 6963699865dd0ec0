"""Constraints: what a picture is kept within after each step."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from reverie.settings.part_types import typed

Constraint = Callable[[Tensor], Tensor]


def in_range(image: Tensor) -> Tensor:
    """Clipped to [0,1], in place."""
    return image.clamp_(0, 1)


@dataclass(frozen=True, eq=False)
@typed
class Ball:
    """All pictures in [0,1] within a distance of a photo.

    Attributes:
        photo: [1,C,H,W] in [0,1].
        radius: of the largest change of any value (`linf`), or of the root of the changes' summed squares (`l2`).
        norm: linf or l2.
    """

    photo: Tensor
    radius: float
    norm: str = "linf"

    def __call__(self, image: Tensor) -> Tensor:
        """The nearest such picture, in place; of an L2 ball one that is no further than the radius."""
        if self.norm == "linf":
            image.clamp_(self.photo - self.radius, self.photo + self.radius)
            return image.clamp_(0, 1)
        change = image - self.photo
        length = torch.linalg.vector_norm(change.flatten(1), dim=1).view(-1, 1, 1, 1)
        change *= (self.radius / length.clamp_min(1e-12)).clamp_max(1)
        return image.copy_(change.add_(self.photo)).clamp_(0, 1)
