"""Intervals: how far a score may lie from what more photos would give."""

import math
from collections.abc import Callable

import numpy as np

from reverie.dataset.tallies import Array

SPREAD = 1.96  # standard errors of a 95 % interval


def area(positive: Array, negative: Array) -> float:
    """The share of pairs in which the positive one is larger; a tie counts half."""
    difference = positive[:, None] - negative[None]
    return float((difference > 0).mean() + (difference == 0).mean() / 2)


def area_interval(found: float, positives: int, negatives: int) -> tuple[float, float]:
    """95 % interval of an `area` of so many values each.

    All areas from which the one found lies at most 1.96 standard errors away, the errors being those at that area:
    so an area of 1 from few values is no certainty.

    Source: Newcombe 2006, method 5, with the variance of Hanley and McNeil 1982.
    """
    grid = np.linspace(0.0005, 0.9995, 2000)
    even = (positives + negatives) / 2 - 1
    variance = grid * (1 - grid) * (1 + even * (1 - grid) / (2 - grid) + even * grid / (1 + grid))
    within = grid[np.abs(grid - found) <= SPREAD * np.sqrt(variance / (positives * negatives))]
    if not len(within):
        return found, found
    low, high = float(within[0]), float(within[-1])
    return (0.0 if low <= grid[0] else low), (1.0 if high >= grid[-1] else high)


def jackknife(measure: Callable[[Array], float], count: int) -> tuple[float, float]:
    """95 % interval of a measure of the items of these numbers, from leaving each of them out in turn."""
    everyone = np.arange(count)
    whole = measure(everyone)
    without = np.array([measure(np.delete(everyone, item)) for item in range(count)])
    error = math.sqrt((count - 1) / count * float(((without - without.mean()) ** 2).sum()))
    return whole - SPREAD * error, whole + SPREAD * error
