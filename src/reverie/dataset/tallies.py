"""Tallies: what is remembered of a layer's maps over a dataset; they add up, half and half make the whole.

Every tally has `add(maps)` for a batch, `merge(other)` for another part of the same dataset, and `state()`, plain
arrays from which `restored` makes it again. Counts, histograms and the photos remembered are the same in whatever
order and batches the maps came; sums are of float64, so that they agree to 1e-12. Of values that tie the first photo
wins, and in it the first position.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol, Self

import numpy as np
import torch
from torch import Tensor

Array = np.ndarray
State = Mapping[str, Array]

PICKS = 8  # positions of each photo that are looked at one by one
NOBODY = np.iinfo(np.int64).max  # the photo of a place in a ranking that is not taken yet


@dataclass(frozen=True)
class Maps:
    """What a layer returned for a batch.

    Attributes:
        values: [N,C,H,W].
        photos: number of each photo in its set, [N].
        seed: of the choice of photos and positions.
    """

    values: Tensor
    photos: Array
    seed: int = 0

    @cached_property
    def flat(self) -> Tensor:
        """[N,C,H*W]."""
        return self.values.flatten(2)

    @cached_property
    def largest(self) -> Array:
        """[N,C] over positions."""
        return self._each(lambda image: image.amax(1))

    @cached_property
    def smallest(self) -> Array:
        """[N,C] over positions."""
        return self._each(lambda image: image.amin(1))

    @cached_property
    def sums(self) -> Array:
        """[N,C] over positions."""
        return self._each(lambda image: image.sum(1))

    @cached_property
    def squares(self) -> Array:
        """Sums of squares [N,C] over positions."""
        return self._each(lambda image: image.square().sum(1))

    @cached_property
    def firing(self) -> Array:
        """How many positions are above 0, [N,C]."""
        return self._each(lambda image: image.sign().clamp_min_(0).sum(1))

    def _each(self, reduce: Callable[[Tensor], Tensor]) -> Array:
        # image by image: a sum must not depend on its neighbours in the batch, and an image stays within the cache
        return torch.stack([reduce(image) for image in self.flat]).cpu().numpy()

    @cached_property
    def picked(self) -> Array:
        """Positions of each photo chosen by chance, [N,PICKS] numbers in H*W."""
        return lots(self.photos, PICKS, self.seed + 2) % self.flat.shape[2]

    @cached_property
    def sampled(self) -> Array:
        """Values [N,PICKS,C] at the positions picked."""
        index = torch.from_numpy(self.picked).to(self.flat.device)
        return torch.stack([image[:, place].T for image, place in zip(self.flat, index, strict=True)]).cpu().numpy()


class Tally(Protocol):
    """What every tally can do."""

    def add(self, maps: Maps) -> None:
        """Takes a batch in."""

    def merge(self, other: Self) -> None:
        """Takes in what another tally of the same kind and settings has seen, photos of its own."""

    def state(self) -> State:
        """All that it remembers, as arrays whose shapes do not depend on how much it has seen."""


@dataclass
class Extremes:
    """The positions at which each channel is largest, or smallest, the most extreme first.

    Attributes:
        values: [C,K]; infinite where there is none yet.
        photos: [C,K], numbers in the set; NOBODY where there is none yet.
        places: [C,K], row * width + column in the layer's grid.
        largest: whether large values are wanted.
        one_per_photo: whether a photo may stand only once in a channel's ranking.
    """

    values: Array
    photos: Array
    places: Array
    largest: bool = True
    one_per_photo: bool = True

    @classmethod
    def empty(cls, channels: int, keep: int, *, largest: bool = True, one_per_photo: bool = True) -> Self:
        """Room for `keep` positions of each channel."""
        worst = -np.inf if largest else np.inf
        values = np.full((channels, keep), worst, np.float32)
        photos, places = np.full((channels, keep), NOBODY), np.zeros((channels, keep), np.int32)
        return cls(values, photos, places, largest, one_per_photo)

    def add(self, maps: Maps) -> None:
        """Takes a batch in: only channels that beat their last place are looked at closely."""
        peak, last = maps.largest if self.largest else maps.smallest, self.values[:, -1]
        beats = peak > last if self.largest else peak < last
        ties = (peak == last) & (maps.photos[:, None] < self.photos[:, -1])
        rows, channels = np.nonzero(beats | ties)
        if not len(rows):
            return
        most = 1 if self.one_per_photo else min(self.values.shape[1], maps.flat.shape[2])
        values, places = self._peaks(maps, rows, channels, most)
        self._enter(channels, np.repeat(maps.photos[rows, None], most, 1), values, places)

    def _peaks(self, maps: Maps, rows: Array, channels: Array, most: int) -> tuple[Array, Array]:
        """The `most` most extreme values of these maps and where they are, each [M,most]."""
        device = maps.flat.device
        chosen = maps.flat[torch.from_numpy(rows).to(device), torch.from_numpy(channels).to(device)]
        if most == 1:
            places = (chosen.argmax(1) if self.largest else chosen.argmin(1))[:, None]
        else:
            places = chosen.sort(dim=1, descending=self.largest, stable=True).indices[:, :most]
        return chosen.gather(1, places).cpu().numpy(), places.cpu().numpy().astype(np.int32)

    def _enter(self, channels: Array, photos: Array, values: Array, places: Array) -> None:
        """Enters [M,P] positions of channels [M]; a channel may come several times, for several photos."""
        touched, which, turn = _turns(channels)
        width = values.shape[1]
        room = np.s_[which[:, None], turn[:, None] * width + np.arange(width)]
        size = len(touched), (int(turn.max()) + 1) * width
        worst = -np.inf if self.largest else np.inf
        wide = np.full(size, worst, np.float32), np.full(size, NOBODY), np.zeros(size, np.int32)
        for whole, part in zip(wide, (values, photos, places), strict=True):
            whole[room] = part
        self._rank(touched, *wide)

    def _rank(self, channels: Array, values: Array, photos: Array, places: Array) -> None:
        """The best of what stands in these channels [A] and of new positions [A,B], in order."""
        old = self.values[channels], self.photos[channels], self.places[channels]
        joined = [np.concatenate(pair, 1) for pair in zip(old, (values, photos, places), strict=True)]
        key = -joined[0] if self.largest else joined[0]
        order = np.lexsort((joined[2], joined[1], key), axis=1)[:, : self.values.shape[1]]
        for state, whole in zip((self.values, self.photos, self.places), joined, strict=True):
            state[channels] = np.take_along_axis(whole, order, 1)

    def merge(self, other: Self) -> None:
        """Takes in another ranking of the same channels."""
        self._rank(np.arange(len(self.values)), other.values, other.photos, other.places)

    def state(self) -> State:
        """The three arrays."""
        return {"values": self.values, "photos": self.photos, "places": self.places}


def _turns(channels: Array) -> tuple[Array, Array, Array]:
    """The channels once each, which of them each entry is, and how many entries of the same one come before it."""
    touched, which, counts = np.unique(channels, return_inverse=True, return_counts=True)
    order = np.argsort(which, kind="stable")
    turn = np.empty(len(channels), np.int64)
    turn[order] = np.arange(len(channels)) - np.repeat(np.cumsum(counts) - counts, counts)
    return touched, which, turn


@dataclass
class Moments:
    """Sums over all positions of all photos.

    Attributes:
        positions, photos: how many there were, [1] each.
        sums, squares: of the values and of their squares, float64 [C].
        firing: positions above 0, [C].
        fired: photos with a position above 0, [C].
    """

    positions: Array
    photos: Array
    sums: Array
    squares: Array
    firing: Array
    fired: Array

    @classmethod
    def empty(cls, channels: int) -> Self:
        """Nothing seen yet."""
        whole = [np.zeros(size, np.int64) for size in (1, 1, channels, channels)]
        return cls(whole[0], whole[1], np.zeros(channels), np.zeros(channels), whole[2], whole[3])

    def add(self, maps: Maps) -> None:
        """Takes a batch in, photo by photo."""
        self.positions += len(maps.photos) * maps.flat.shape[2]
        self.photos += len(maps.photos)
        self.firing += maps.firing.sum(0, dtype=np.int64)
        self.fired += (maps.largest > 0).sum(0)
        for sums, squares in zip(maps.sums, maps.squares, strict=True):
            self.sums += sums
            self.squares += squares

    def merge(self, other: Self) -> None:
        """Adds the sums of another part."""
        for name, value in other.state().items():
            np.add(getattr(self, name), value, out=getattr(self, name))

    @property
    def mean(self) -> Array:
        """[C] over all positions of all photos."""
        return np.asarray(self.sums / np.maximum(self.positions, 1))

    @property
    def deviation(self) -> Array:
        """Standard deviation [C]."""
        return np.asarray(np.sqrt(np.maximum(self.squares / np.maximum(self.positions, 1) - self.mean**2, 0)))

    @property
    def density(self) -> Array:
        """How often a channel is above 0: the share of positions, [C]."""
        return np.asarray(self.firing / np.maximum(self.positions, 1))

    def state(self) -> State:
        """The six arrays."""
        names = ("positions", "photos", "sums", "squares", "firing", "fired")
        return {name: getattr(self, name) for name in names}


def lots(photos: Array, several: int, seed: int) -> Array:
    """Whole numbers from 0 below 2^62 that look drawn by chance, and are the same for a photo's number always.

    Source: the mixing of SplitMix64 (Steele, Lea, Flood 2014).

    Args:
        photos: numbers [N].
        several: how many for each.

    Returns:
        [N,several].
    """
    numbers = photos.astype(np.uint64)[:, None] * np.uint64(several) + np.arange(several, dtype=np.uint64)
    with np.errstate(over="ignore"):  # the arithmetic is that of 64 bits
        mixed = np.asarray(numbers + np.uint64(1), np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        mixed = np.asarray(mixed, np.uint64) + np.array([seed], np.uint64) * np.uint64(0xD1B54A32D192ED03)
        for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
            mixed = np.bitwise_xor(mixed, np.right_shift(mixed, np.uint64(shift))) * np.uint64(factor)
        mixed = np.bitwise_xor(mixed, np.right_shift(mixed, np.uint64(31)))
    return np.asarray(np.right_shift(mixed, np.uint64(2)), np.int64)
