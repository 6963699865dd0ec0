"""Ascent: how latents climb, by settings alone."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from reverie.errors import InvalidSetting
from reverie.transforms import gaussian

Slope = Callable[[], tuple[Tensor, Tensor]]  # score [N] and the gradient of minus its sum, as the latents
Climb = Callable[[Slope, float], Tensor]  # (slope, how far along from 0 to 1) -> score [N]

KINDS = ("adam", "mean-abs", "std", "sign")


def _smooth(gradient: Tensor, sigma: float) -> None:
    """A Gaussian blur in place, channel by channel: of a huge picture only one channel is held twice."""
    for channel in range(gradient.shape[1]):
        part = gradient[:, channel : channel + 1]
        part.copy_(gaussian(part, sigma))


@dataclass(frozen=True)
class Ascent:
    """Gradient ascent with a schedule.

    Attributes:
        kind: `adam`, or steps of the gradient over its mean absolute value, over its deviation, or its sign, per image.
        rate: of the first and of the last step.
        schedule: `linear` or `cosine` between them; so for the blur.
        blur: sigma in pixels, at the first and the last step, of a Gaussian on the gradient; latents must be pixels.
        betas: Adam's.

    Raises:
        InvalidSetting: a kind, schedule or rate that is not allowed.
    """

    kind: str = "adam"
    rate: tuple[float, float] = (0.1, 0.1)
    schedule: str = "linear"
    blur: tuple[float, float] | None = None
    betas: tuple[float, float] = (0.8, 0.95)

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise InvalidSetting(f"there is no ascent '{self.kind}'; allowed are {', '.join(KINDS)}")
        if self.schedule not in ("linear", "cosine"):
            raise InvalidSetting(f"there is no schedule '{self.schedule}'; allowed are linear, cosine")
        if not all(math.isfinite(rate) and rate >= 0 for rate in self.rate):
            raise InvalidSetting(f"the rate must be 0 or more, not {self.rate}")

    def start(self, latents: Tensor) -> Climb:
        """A function that takes one step, changing the latents in place; its state lives as long as it does."""
        move = self._adam(latents) if self.kind == "adam" else self._normalised(latents)

        def climb(slope: Slope, along: float) -> Tensor:
            score, gradient = slope()
            if self.blur is not None:
                _smooth(gradient, self._between(self.blur, along))
            # where a gradient is not finite the picture waits; the engine ends the run
            size = torch.linalg.vector_norm(gradient.flatten(1), 1, dim=1)
            finite = size.isfinite()
            if not (gradient.is_cuda or bool(finite.all())):
                return torch.where(finite, score.detach(), torch.nan)
            if gradient.is_cuda:
                gradient.nan_to_num_(0, 0, 0)
            with torch.no_grad():
                move(gradient, size, self._between(self.rate, along))
            return torch.where(finite, score.detach(), torch.nan)

        return climb

    def _between(self, ends: tuple[float, float], along: float) -> float:
        share = (1 - math.cos(math.pi * along)) / 2 if self.schedule == "cosine" else along
        return ends[0] + (ends[1] - ends[0]) * share

    def _adam(self, latents: Tensor) -> Callable[[Tensor, Tensor, float], None]:
        optimizer = torch.optim.Adam([latents], betas=self.betas)

        def move(gradient: Tensor, _: Tensor, rate: float) -> None:
            optimizer.param_groups[0]["lr"] = rate
            latents.grad = gradient
            optimizer.step()
            latents.grad = None

        return move

    def _normalised(self, latents: Tensor) -> Callable[[Tensor, Tensor, float], None]:
        def move(gradient: Tensor, size: Tensor, rate: float) -> None:
            if self.kind == "sign":
                latents.add_(gradient.sign_(), alpha=-rate)
                return
            size = gradient.flatten(1).std(1) if self.kind == "std" else size / gradient[0].numel()
            gradient.div_(size.clamp_min(1e-20).view(-1, *[1] * (gradient.ndim - 1)))
            latents.add_(gradient, alpha=-rate)

        return move
