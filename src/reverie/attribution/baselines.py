"""What a photo is compared with, or covered by: the picture that says nothing."""

from collections.abc import Callable, Mapping

import torch
from torch import Tensor

from reverie.models.model import Model
from reverie.transforms import gaussian

BLUR = 5 / 224  # sigma as a share of the short side: RISE's insertion game blurs 224 pixels by 5


def _plain(value: float) -> Callable[[Model, Tensor], Tensor]:
    return lambda _, image: torch.full_like(image, value)


def _mean(model: Model, image: Tensor) -> Tensor:
    return torch.tensor(model.mean, dtype=image.dtype, device=image.device).view(1, -1, 1, 1).expand_as(image)


def _blur(_: Model, image: Tensor) -> Tensor:
    return gaussian(image, max(1.0, BLUR * min(image.shape[-2:])))


BASELINES: Mapping[str, Callable[[Model, Tensor], Tensor]] = {
    "black": _plain(0.0),
    "white": _plain(1.0),
    "grey": _plain(0.5),
    "mean": _mean,  # the network's own mean colour, zero in what it takes
    "blur": _blur,
}


def baseline(name: str, model: Model, image: Tensor) -> Tensor:
    """The picture of this name for an image [1,C,H,W]."""
    return BASELINES[name](model, image)
