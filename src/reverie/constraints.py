"""Constraints: what a picture is kept within after each step."""

from collections.abc import Callable

from torch import Tensor

Constraint = Callable[[Tensor], Tensor]


def in_range(image: Tensor) -> Tensor:
    """Clipped to [0,1], in place."""
    return image.clamp_(0, 1)
