"""Local response normalisation as a banded 1x1 convolution; torch's own takes half of GoogLeNet's time.

Source: Krizhevsky, Sutskever, Hinton 2012, section 3.3, with torch's mean over the window in place of the sum.
"""

from functools import lru_cache
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional


class BandedResponseNorm(nn.Module):
    """What `nn.LocalResponseNorm` returns for [N,C,H,W]."""

    def __init__(self, plain: nn.LocalResponseNorm) -> None:
        super().__init__()
        self.plain = plain

    def forward(self, value: Tensor) -> Tensor:
        """The value over (k + alpha * mean of squares of neighbouring channels)^beta."""
        if value.ndim != 4:
            return self.plain(value)  # type: ignore[no-any-return]
        part = self.plain
        band = _band(value.shape[1], part.size, value.device, value.dtype)
        return _Normalise.apply(value, band, part.alpha / part.size, part.beta, part.k)  # type: ignore[no-any-return, no-untyped-call]


class _Normalise(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, value: Tensor, band: Tensor, share: float, beta: float, k: float) -> Tensor:
        scale = functional.conv2d(value.square(), band).mul_(share).add_(k)
        power = scale.pow(-beta)
        ctx.save_for_backward(value, scale, power, band)
        ctx.factor = 2 * share * beta
        return value * power

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None, None, None]:
        value, scale, power, band = ctx.saved_tensors
        direct = gradients[0] * power
        spread = functional.conv2d((direct * value).div_(scale), band.transpose(0, 1))
        return direct.sub_(spread.mul_(value), alpha=ctx.factor), None, None, None, None


@lru_cache(maxsize=8)
def _band(channels: int, size: int, device: torch.device, dtype: torch.dtype) -> Tensor:
    """[C,C,1,1], 1 where a channel lies in the other's window."""
    at = torch.arange(channels)
    ahead = at[None] - at[:, None]
    window = (ahead >= -(size // 2)) & (ahead <= (size - 1) // 2)
    return window.to(device, dtype)[:, :, None, None]
