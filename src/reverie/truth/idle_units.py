"""Units that say little: those that no photo fires, that say what another says, or that are always at their end."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from reverie.dataset.tallies import Array
from reverie.truth.exemplars import Responses
from reverie.truth.naturalness import FEWEST

ALIKE = 0.999  # correlation over photos from which two units are one
ENDED = 0.5  # share of photos in which a saturated unit reaches its end


@dataclass(frozen=True)
class Idle:
    """Channels of a layer.

    Attributes:
        dead: those that are the same on every photo.
        duplicate: pairs that go together on all photos.
        saturated: those whose largest value is the same in most photos, and no smaller one is.
        channels: how many there are.
    """

    layer: str
    dead: tuple[int, ...]
    duplicate: tuple[tuple[int, int], ...]
    saturated: tuple[int, ...]
    channels: int


def idle(found: Responses) -> Iterator[Idle]:
    """The idle units of each layer that was looked at; needs at least FEWEST photos."""
    for layer, tallies in found.tallies.items():
        largest = tallies.examples.values[: len(tallies.examples)]
        if len(largest) < FEWEST or layer not in found.means:
            continue
        still = tallies.moments.deviation <= 1e-6 * max(float(tallies.moments.deviation.max()), 1e-12)
        ends = np.isclose(largest, largest.max(0), rtol=1e-3).mean(0)
        stuck = np.flatnonzero(~still & (ends > ENDED)).tolist()
        pairs = tuple(duplicates(found.means[layer][1], ~still))
        yield Idle(layer, tuple(np.flatnonzero(still).tolist()), pairs, tuple(stuck), tallies.channels)


def duplicates(means: Array, firing: Array) -> Iterator[tuple[int, int]]:
    """Pairs of firing channels whose means over photos [n,C] are correlated by ALIKE or more."""
    channels = np.flatnonzero(firing)
    if len(channels) < 2:
        return
    with np.errstate(invalid="ignore", divide="ignore"):
        alike = np.corrcoef(means[:, channels].T)
    for first, second in np.argwhere(np.triu(alike >= ALIKE, 1)):
        yield int(channels[first]), int(channels[second])
