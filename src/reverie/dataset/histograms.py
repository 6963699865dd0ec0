"""Histograms with bins that are the same for every network, so that those of any two parts of a dataset add up."""

from dataclasses import dataclass
from typing import Self

import numpy as np
import torch

from reverie.dataset.tallies import Array, Maps, State

FINEST, COARSEST, PER_OCTAVE = -12, 12, 8  # powers of two between which magnitudes are told apart, bins in each
MAGNITUDES = (COARSEST - FINEST) * PER_OCTAVE
BINS = 2 * MAGNITUDES + 3  # negative ones, about zero, positive ones, and one beyond on either side


@dataclass
class Histogram:
    """How many values of each channel fall into bins that are the same for every network and scan.

    A bin spans an eighth of an octave's start, so that a quantile is known to 12 %: from 2^-12 to 2^12 on either side
    of 0, with one bin for what is nearer to 0, and one for what is beyond on either side. `edges()` lists them.

    Attributes:
        counts: [C,BINS].
        of: what is counted: `maxima`, the largest value of each photo, or `values`, those of some positions of each.
    """

    counts: Array
    of: str = "maxima"

    @classmethod
    def empty(cls, channels: int, of: str = "maxima") -> Self:
        """Nothing counted yet."""
        return cls(np.zeros((channels, BINS), np.int32), of)

    def add(self, maps: Maps) -> None:
        """Counts a batch."""
        values = maps.largest if self.of == "maxima" else maps.sampled.reshape(-1, self.counts.shape[0])
        bins = binned(values) + np.arange(self.counts.shape[0]) * BINS
        flat = torch.from_numpy(self.counts.reshape(-1))  # shares memory: torch's sum is many times faster
        flat.scatter_add_(0, torch.from_numpy(bins.reshape(-1)), torch.ones(bins.size, dtype=torch.int32))

    def merge(self, other: Self) -> None:
        """Adds the counts of another part."""
        self.counts += other.counts

    def quantile(self, share: float) -> Array:
        """The value [C] below which this share of the counted ones lies, linear within its bin; NaN of none."""
        low, high = edges()[:-1], edges()[1:]
        sums = self.counts.cumsum(1)
        wanted = share * sums[:, -1]
        at = np.minimum((sums < wanted[:, None]).sum(1), BINS - 1)
        inside = np.take_along_axis(self.counts, at[:, None], 1)[:, 0]
        before = np.take_along_axis(sums, at[:, None], 1)[:, 0] - inside
        part = np.divide(wanted - before, inside, out=np.zeros(len(at)), where=inside > 0)
        return np.where(sums[:, -1] > 0, low[at] + np.clip(part, 0, 1) * (high[at] - low[at]), np.nan)

    def percentile(self, channel: int, value: float) -> float:
        """Per cent of a channel's counted values that lie below a value, 0 to 100; those of its own bin count half."""
        counts, at = self.counts[channel], int(binned(np.array([value], np.float32))[0])
        total = int(counts.sum())
        return 100 * float(counts[:at].sum() + counts[at] / 2) / total if total else float("nan")

    def state(self) -> State:
        """The counts."""
        return {"counts": self.counts}


def binned(values: Array) -> Array:
    """The bin of each float32 value; one that is no number falls beside 0."""
    bits = np.ascontiguousarray(np.nan_to_num(values, nan=0.0), np.float32).view(np.int32)
    # the exponent and the first three bits of the mantissa, as one number, are the eighths of octaves
    magnitude = ((bits & 0x7FFFFFFF) >> 20).astype(np.int64) - ((127 + FINEST) * PER_OCTAVE - 1)
    magnitude = np.clip(magnitude, 0, MAGNITUDES + 1)
    return MAGNITUDES + 1 + np.where(bits < 0, -magnitude, magnitude)


def edges() -> Array:
    """The BINS + 1 edges; those of the outermost bins are set an octave further out than their values may lie."""
    octaves = np.repeat(2.0 ** np.arange(FINEST, COARSEST), PER_OCTAVE)
    positive = octaves * (1 + np.tile(np.arange(PER_OCTAVE) / PER_OCTAVE, COARSEST - FINEST))
    positive = np.concatenate([positive, 2.0 ** np.array([COARSEST, COARSEST + 1])])
    return np.concatenate([-positive[::-1], positive])
