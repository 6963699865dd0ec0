"""L-BFGS: steps that remember how the slope has bent.

Source: Nocedal, Wright 2006, "Numerical Optimization", algorithm 7.4 for the direction; the line search halves and
doubles between the two (weak) Wolfe conditions as in Lewis, Overton 2013; differs: a small rise within the rounding of
the score passes, and after a failure the memory is dropped and the plain gradient tried.

Torch's own does not serve: one call of many iterations cannot be left at each step, and one iteration a call looks at
every point twice. Over 60 steps it takes 122 to 128 gradients where this takes 61 to 67, for losses of .76 to .99 of
these; after 40 gradients its loss is 1.15 to 2.15 times this one's (benchmarks/lbfgs.py: inversions, a painting).
"""

import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

Slope = Callable[[], tuple[Tensor, Tensor]]  # score [N] and the gradient of minus its sum, as the latents

MEMORY = 10  # moves that are remembered, two tensors of the latents' size each
TRIES = 12  # evaluations of one line search
RISE, BEND = 1e-4, 0.9  # the Wolfe conditions' constants
ROUNDING = 1e-6  # of the loss: differences below it mean nothing in float32


@dataclass(frozen=True)
class _Point:
    """What is known at one place."""

    score: Tensor
    loss: float
    gradient: Tensor


class LBFGS:
    """L-BFGS over one picture's latents, which it changes in place.

    Attributes:
        note: what the last step had to mend.
    """

    def __init__(self, latents: Tensor, rate: float, *, steady: bool) -> None:
        self.latents, self.rate, self.steady = latents, rate, steady
        self.pairs: deque[tuple[Tensor, Tensor, float]] = deque(maxlen=MEMORY)
        self.known: _Point | None = None
        self.note = ""

    def __call__(self, slope: Slope, along: float) -> Tensor:
        """One step; where even the plain gradient leads nowhere the picture stays as it is."""
        del along
        self.note = ""
        here = self.known or _evaluated(slope)
        self.known = None
        if not math.isfinite(here.loss):
            return torch.full_like(here.score, torch.nan)
        with torch.no_grad():
            start = self.latents.detach().clone()
            there = self._searched(slope, here, start, self._direction(here.gradient))
            if there is None and self.pairs:
                self.pairs.clear()
                self.note = "the line search found no better picture; it goes on from the plain gradient"
                there = self._searched(slope, here, start, self._direction(here.gradient))
            if there is None:
                self.latents.copy_(start)
                if bool(here.gradient.any()):
                    self.note = "no step along the gradient makes the picture better; it stays as it is"
                there = here
            else:
                self._remember(self.latents - start, there.gradient - here.gradient)
        self.known = there if self.steady else None
        return there.score

    def _direction(self, gradient: Tensor) -> Tensor:
        if not self.pairs:
            return gradient * (-self.rate / float(gradient.abs().mean().clamp_min(1e-20)))
        direction, shares = -gradient, []
        for move, bend, curvature in reversed(self.pairs):
            shares.append(float(_dot(move, direction)) / curvature)
            direction.sub_(bend, alpha=shares[-1])
        _, bend, curvature = self.pairs[-1]
        direction.mul_(curvature / float(_dot(bend, bend)))
        for (move, bend, curvature), share in zip(self.pairs, reversed(shares), strict=True):
            direction.add_(move, alpha=share - float(_dot(bend, direction)) / curvature)
        return direction

    def _remember(self, move: Tensor, bend: Tensor) -> None:
        curvature = float(_dot(move, bend))
        if curvature > 1e-10 * float(_dot(bend, bend)):
            self.pairs.append((move, bend, curvature))

    def _searched(self, slope: Slope, here: _Point, start: Tensor, direction: Tensor) -> _Point | None:
        """The point that a line search ends at, the latents being there; None where no try is better."""
        steepness = float(_dot(here.gradient, direction))
        if not (math.isfinite(steepness) and steepness < 0):
            return None
        best: tuple[float, _Point] | None = None
        low, high, length = 0.0, math.inf, 1.0
        for _ in range(TRIES):
            self.latents.copy_(start).add_(direction, alpha=length)
            there = _evaluated(slope)
            allowed = here.loss + RISE * length * steepness + ROUNDING * abs(here.loss)
            if not there.loss <= allowed:  # so for what is not a number
                high = length
            else:
                best = best if best is not None and best[1].loss <= there.loss else (length, there)
                if float(_dot(there.gradient, direction)) >= BEND * steepness:
                    break
                low = length
            length = 2 * low if high == math.inf else (low + high) / 2 if low else high / 4
        if best is None:
            return None
        self.latents.copy_(start).add_(direction, alpha=best[0])
        return best[1]


def _evaluated(slope: Slope) -> _Point:
    score, gradient = slope()
    score = score.detach()
    size = float(torch.linalg.vector_norm(gradient))
    return _Point(score, -float(score.sum()) if math.isfinite(size) else math.nan, gradient.detach())


def _dot(left: Tensor, right: Tensor) -> Tensor:
    return torch.dot(left.flatten(), right.flatten())
