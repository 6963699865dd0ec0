"""Extents: what the positions of a map see along one axis, and which positions an operator's output reads.

Source of the arithmetic: Araujo, Norris, Sim 2019, "Computing receptive fields of convolutional neural networks";
differs: both axes apart (1x7 kernels), any operator that reads positions at regular steps, and paddings of all kinds.
"""

import math
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

import torch
from torch import Tensor

HOLE = -(2**40)  # in place of a position: none


@dataclass(frozen=True)
class Extent:
    """Along one axis, position i of a map sees the pixels from i * stride + start to i * stride + stop (excluded).

    Attributes:
        period: pixels by which the picture may be shifted, so that each position moves on to another one as it is; a
            multiple of the stride, 0 for the stride itself.
    """

    stride: int
    start: int
    stop: int
    period: int = 0

    def __post_init__(self) -> None:
        object.__setattr__(self, "period", self.period or self.stride)

    def span(self, first: int, last: int, length: int) -> tuple[int, int]:
        """The pixels that positions see, as far as they lie within the length; the last position is included."""
        return max(0, first * self.stride + self.start), min(length, last * self.stride + self.stop)


Extents = tuple[Extent, Extent]  # rows, columns


@dataclass(frozen=True, eq=False)
class Taps:
    """Which positions of a map each position of the next one reads, along one axis.

    Attributes:
        reads: [out, K] numbers of positions, also of those before the first and after the last; HOLE for none.
        step: positions between what neighbours read; None where it is not always the same.
        inside: [out, K] what is read in truth: numbers of positions that are there; HOLE for none.
        plain: whether each position reads that of its own number, and no other.
    """

    reads: Tensor
    step: Fraction | None
    inside: Tensor
    plain: bool


def _taps(reads: Tensor, length: int, step: Fraction | int | None, beyond: str = "nothing") -> Taps:
    inside, last = reads, length - 1
    if beyond == "replicate":
        inside = reads.clamp(0, last)
    elif beyond == "reflect":
        inside = last - (last - reads.abs()).abs()
    inside = torch.where((reads == HOLE) | (inside < 0) | (inside > last), HOLE, inside)
    plain = reads.shape == (length, 1) and torch.equal(inside[:, 0], torch.arange(length))
    return Taps(reads, None if step is None else Fraction(step), inside, plain)


@lru_cache(4096)
def window(length: int, out: int, kernel: int, stride: int, padding: int, dilation: int) -> Taps:
    """A convolution's or pooling's."""
    reads = torch.arange(out)[:, None] * stride - padding + torch.arange(kernel) * dilation
    return _taps(reads, length, stride)


@lru_cache(1024)
def transposed(length: int, out: int, kernel: int, stride: int, padding: int, dilation: int) -> Taps:
    """A transposed convolution's."""
    places = torch.arange(out)[:, None] + padding - torch.arange(kernel) * dilation
    reads = torch.where(places % stride == 0, places.div(stride, rounding_mode="floor"), HOLE)
    return _taps(reads, length, Fraction(1, stride))


@lru_cache(1024)
def padded(length: int, out: int, before: int, beyond: str) -> Taps:
    """A padding's; `before` is below 0 where it cuts."""
    return _taps(torch.arange(out)[:, None] - before, length, 1, beyond)


@lru_cache(1024)
def adapted(length: int, out: int) -> Taps:
    """An adaptive pooling's."""
    places = torch.arange(out)
    first = places * length // out
    stop = ((places + 1) * length + out - 1) // out
    reads = first[:, None] + torch.arange(int((stop - first).max()))
    return _taps(torch.where(reads < stop[:, None], reads, HOLE), length, None if length % out else length // out)


@lru_cache(1024)
def resized(length: int, out: int, kind: str, ratio: float, aligned: bool) -> Taps:
    """A resampling's; `ratio` is positions of the map per position of the next one.

    Args:
        kind: the operator's name.
        aligned: whether the corners' centres lie on each other.
    """
    places = torch.arange(out, dtype=torch.float64)
    even = length == out or (not aligned and math.isclose(ratio, length / out, rel_tol=1e-6))
    step = Fraction(length, out) if even else None
    if "nearest" in kind:
        reads = ((places + (0.5 if "exact" in kind else 0)) * ratio + 1e-9).floor()[:, None].long()
    elif kind.endswith("_aa"):
        reads = _antialiased(places, ratio, 2.0 if "cubic" in kind else 1.0)
        return _taps(torch.where((reads >= 0) & (reads < length), reads, HOLE), length, step)
    else:
        at = places * ratio if aligned or length == out else (places + 0.5) * ratio - 0.5
        near = (at + 1e-9).floor()
        reach = torch.tensor([-1, 0, 1, 2] if "cubic" in kind else [0, 1])
        between = ((at - near).abs() > 1e-6)[:, None]
        reads = torch.where(between | (reach == 0), near[:, None].long() + reach, HOLE)
    return _taps(reads, length, step, "replicate")


def _antialiased(places: Tensor, ratio: float, radius: float) -> Tensor:
    centre, reach = (places + 0.5) * ratio, radius * max(ratio, 1.0)
    first, stop = (centre - reach + 0.5).floor().long(), (centre + reach + 0.5).floor().long()
    reads = first[:, None] + torch.arange(int((stop - first).max()))
    return torch.where(reads < stop[:, None], reads, HOLE)
