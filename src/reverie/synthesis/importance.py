"""Importance: where the objective cared about the picture."""

import torch
from torch import Tensor

from reverie.image import Size, resize
from reverie.transforms import gaussian

SMOOTH = 1 / 64  # sigma of the blur, as a share of the longer side: single pixels mean nothing
FULL = 0.95  # what share of the picture is not fully opaque


class Importance:
    """Mean absolute gradient of a picture over steps and channels.

    Source: Fel et al. 2023 (MACO), section on transparency; differs: it is smoothed, and full from its 95th percentile.
    """

    def __init__(self) -> None:
        self.total: Tensor | None = None

    def watch(self, picture: Tensor) -> None:
        """Adds the gradient that this picture [N,C,H,W] gets."""
        picture.register_hook(self._add)

    def _add(self, gradient: Tensor) -> None:
        part = gradient.detach().abs().mean(1, keepdim=True).nan_to_num_(0, 0, 0)
        if self.total is not None:
            part = part + resize(self.total, (int(part.shape[-2]), int(part.shape[-1])))
        self.total = part

    def opacity(self, size: Size) -> Tensor:
        """[N,1,H,W] in [0,1]."""
        assert self.total is not None
        seen = gaussian(resize(self.total, size).clamp_min(0), max(size) * SMOOTH)
        full = torch.quantile(seen.flatten(1), FULL, dim=1).view(-1, 1, 1, 1)
        return (seen / full.clamp_min(1e-20)).clamp(0, 1)
