"""Ascent: how latents climb, by settings alone."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from reverie.errors import InvalidSetting
from reverie.settings.own_preset import ASCENTS, SCHEDULES
from reverie.settings.part_types import typed
from reverie.synthesis.lbfgs import LBFGS, Slope
from reverie.transforms import gaussian

Move = Callable[[Tensor, Tensor, Tensor, float], None]  # gradient, its L1 norm [N] (not Adam), score [N], rate

EPSILON = 1e-8  # of Adam
STRIDE = 3.0  # of a paced step, in rates: what is drawn back has found its way along the sphere


class Climb(Protocol):
    """What takes one step at a time, changing the latents in place.

    Attributes:
        note: what the last step had to mend, in one sentence; mostly empty.
    """

    note: str

    def __call__(self, slope: Slope, along: float) -> Tensor:
        """One step, so far along from 0 to 1; the score [N]."""
        ...


def _smooth(gradient: Tensor, sigma: float) -> None:
    """A Gaussian blur in place, channel by channel: of a huge picture only one channel is held twice."""
    for channel in range(gradient.shape[1]):
        part = gradient[:, channel : channel + 1]
        part.copy_(gaussian(part, sigma))


@dataclass(frozen=True)
@typed
class Ascent:
    """Gradient ascent with a schedule.

    Attributes:
        kind: `adam`; steps of the gradient over its mean absolute value, its deviation, its L2 norm, or its sign, per
            image; `paced`, long steps that are drawn back, so that the latents' distance from where they began, in root
            mean square, grows by the rate; the plain `gradient`; `newton`, as far as the slope says a score of 0 lies;
            or `lbfgs`.
        rate: of the first and of the last step; of L-BFGS the mean move of the first one, the others find theirs.
        schedule: `linear` or `cosine` between them; so for the blur.
        blur: sigma in pixels, at the first and the last step, of a Gaussian on the gradient; latents must be pixels.
        betas: Adam's; the first is also the momentum of `paced`.

    Raises:
        UnknownName: a kind or schedule that there is not.
        InvalidSetting: a rate or beta that is not allowed.
    """

    kind: str = "adam"
    rate: tuple[float, float] = (0.1, 0.1)
    schedule: str = "linear"
    blur: tuple[float, float] | None = None
    betas: tuple[float, float] = (0.8, 0.95)

    def __post_init__(self) -> None:
        ASCENTS.check(self.kind)
        SCHEDULES.check(self.schedule)
        wrong = [rate for rate in self.rate if not (math.isfinite(rate) and rate >= 0)]
        if wrong:
            raise InvalidSetting(f"the rate must be 0 or more, not {wrong[0]:g}")
        if not all(0 <= beta < 1 for beta in self.betas):
            raise InvalidSetting(f"betas must be from 0 to less than 1, not {', '.join(map(str, self.betas))}")
        if self.kind == "lbfgs" and self.blur is not None:
            raise InvalidSetting("L-BFGS goes with no blur of the gradient, which would break its picture of the slope")

    def start(self, latents: Tensor, *, steady: bool = False) -> Climb:
        """What takes the steps; its state lives as long as it does.

        Args:
            steady: every step climbs the same function, so that what one step has seen the next need not see again.
        """
        return LBFGS(latents, self.rate[0], steady=steady) if self.kind == "lbfgs" else _Steps(self, latents)

    def between(self, ends: tuple[float, float], along: float) -> float:
        """The schedule's value so far along."""
        share = (1 - math.cos(math.pi * along)) / 2 if self.schedule == "cosine" else along
        return ends[0] + (ends[1] - ends[0]) * share


class _Steps:
    """Steps that look at one gradient each."""

    note = ""

    def __init__(self, ascent: Ascent, latents: Tensor) -> None:
        self.ascent = ascent
        moves = {"adam": _adam, "paced": _paced}
        self.move = moves[ascent.kind](latents, ascent.betas) if ascent.kind in moves else _scaled(latents, ascent.kind)

    def __call__(self, slope: Slope, along: float) -> Tensor:
        score, gradient = slope()
        if self.ascent.blur is not None:
            _smooth(gradient, self.ascent.between(self.ascent.blur, along))
        # where a gradient is not finite the picture waits; the engine ends the run
        flat = gradient.flatten(1)
        size = flat.sum(1) if self.ascent.kind == "adam" else torch.linalg.vector_norm(flat, 1, dim=1)
        finite = size.isfinite()
        if not (gradient.is_cuda or bool(finite.all())):
            return torch.where(finite, score.detach(), torch.nan)
        if gradient.is_cuda:
            gradient.nan_to_num_(0, 0, 0)
        with torch.no_grad():
            self.move(gradient, size, score, self.ascent.between(self.ascent.rate, along))
        return torch.where(finite, score.detach(), torch.nan)


def _adam(latents: Tensor, betas: tuple[float, float]) -> Move:
    """The steps of `torch.optim.Adam`, whose first one imports torch's compiler: more than a second."""
    mean, square, count = torch.zeros_like(latents), torch.zeros_like(latents), 0

    def move(gradient: Tensor, _: Tensor, __: Tensor, rate: float) -> None:
        nonlocal count
        count += 1
        mean.lerp_(gradient, 1 - betas[0])
        square.mul_(betas[1]).addcmul_(gradient, gradient, value=1 - betas[1])
        deviation = square.sqrt().div_(math.sqrt(1 - betas[1] ** count)).add_(EPSILON)
        latents.addcdiv_(mean, deviation, value=-rate / (1 - betas[0] ** count))

    return move


def _paced(latents: Tensor, betas: tuple[float, float]) -> Move:
    start, heading, reach = latents.detach().clone(), torch.zeros_like(latents), 0.0

    def move(gradient: Tensor, size: Tensor, _: Tensor, rate: float) -> None:
        nonlocal reach
        reach += rate
        heading.mul_(betas[0]).sub_(_by(gradient, gradient[0].numel() / size.clamp_min(1e-20)))
        latents.add_(_by(heading, STRIDE * rate / _length(heading)))
        change = latents - start
        latents.copy_(_by(change, (reach / _length(change)).clamp_max(1)).add_(start))

    return move


def _length(value: Tensor) -> Tensor:
    """Root mean square of each picture [N]."""
    norm: Tensor = torch.linalg.vector_norm(value.flatten(1), dim=1)
    return norm.clamp_min(1e-20) / math.sqrt(value[0].numel())


def _by(value: Tensor, factor: Tensor) -> Tensor:
    """Each picture times its factor [N]."""
    return value * factor.view(-1, *[1] * (value.ndim - 1))


def _scaled(latents: Tensor, kind: str) -> Move:
    def divisor(gradient: Tensor, size: Tensor, score: Tensor) -> Tensor:
        if kind == "std":
            return gradient.flatten(1).std(1)
        if kind == "mean-abs":
            return size / gradient[0].numel()
        norm: Tensor = torch.linalg.vector_norm(gradient.flatten(1), dim=1)
        # the score still missing, over the slope, is how far to go; what has reached 0 stays
        return norm if kind == "l2" else norm.square() / (-score).clamp_min(1e-20)

    def move(gradient: Tensor, size: Tensor, score: Tensor, rate: float) -> None:
        if kind == "sign":
            gradient.sign_()
        elif kind != "gradient":
            over = divisor(gradient, size, score).clamp_min(1e-20)
            gradient.div_(over.view(-1, *[1] * (gradient.ndim - 1)))
        latents.add_(gradient, alpha=-rate)

    return move
