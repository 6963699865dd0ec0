"""Pacing: pictures with times of their own, such as a phone's or a GIF's, brought to a constant rate."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from torch import Tensor

USUAL, FASTEST = 25.0, 60.0  # frames a second: of pictures without times, and of pictures with uneven ones
UNEVEN = 0.5  # of a frame: how far times may lie from an even beat


@dataclass(frozen=True)
class Pace:
    """A constant rate.

    Attributes:
        rate: frames a second.
        count: frames.
        even: whether the pictures come at this rate, each once; otherwise they are repeated and dropped.
    """

    rate: float
    count: int
    even: bool

    def shown(self, pictures: Iterator[tuple[float, Tensor]]) -> Iterator[Tensor]:
        """The pictures, given with their times, at the rate; one that is held is the same tensor again and again."""
        if self.even:
            yield from (picture for _, picture in pictures)
            return
        current, coming = next(pictures, None), next(pictures, None)
        for number in range(self.count if current is not None else 0):
            moment = (number + 0.5) / self.rate
            while coming is not None and coming[0] <= moment:
                current, coming = coming, next(pictures, None)
            assert current is not None
            yield current[1]


def pace(times: Sequence[float], end: float, rate: float | None = None) -> Pace:
    """The rate at which nothing is lost of pictures that begin at these seconds, the first at 0.

    Args:
        end: of the last picture.
        rate: what the file says; kept where the times agree with it.
    """
    if len(times) < 2:
        return Pace(rate or USUAL, len(times), True)
    begun, gaps = np.asarray(times, float), np.diff(times)
    mean = float(begun[-1]) / len(gaps)
    beat = mean * np.arange(len(times))
    if mean > 0 and np.abs(begun - beat).max() < UNEVEN * mean and end - begun[-1] < (1 + 2 * UNEVEN) * mean:
        return Pace(rate if rate and abs(rate * mean - 1) < 0.01 else 1 / mean, len(times), True)
    usual = float(np.median(gaps[gaps > 0])) if (gaps > 0).any() else 1 / USUAL
    near = gaps[np.abs(gaps - usual) < 0.25 * usual]  # a clock's rounding averages out
    rate = min(FASTEST, 1 / (float(near.mean()) if len(near) else usual))
    return Pace(rate, max(1, round(max(end, begun[-1] + 1 / rate) * rate)), False)
