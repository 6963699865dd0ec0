"""Positions and photos chosen by chance, the same ones in whatever order a dataset is read."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from reverie.dataset.tallies import NOBODY, PICKS, Array, Maps, State, lots


def _lowest(state: State, new: Sequence[Array]) -> list[Array]:
    """The lowest rows of the old and the new ones, as many as there were old ones, by lot and then by photo."""
    ranks, photos = (np.concatenate(pair) for pair in zip([*state.values()][:2], new[:2], strict=True))
    order = np.lexsort((photos, ranks))[: len(state["ranks"])]
    fresh = order >= len(state["ranks"])
    kept = []
    for old, more in zip(state.values(), new, strict=True):
        whole = old[np.where(fresh, 0, order)]  # large: copied once
        whole[fresh] = more[order[fresh] - len(old)]
        kept.append(whole)
    return kept


@dataclass
class Samples:
    """All channels' values at positions of photos chosen by chance, the same in every order.

    Attributes:
        ranks: the lot that each position drew, ascending [M]; the lowest stay.
        photos, places: [M], as in Extremes.
        values: [M,C].
    """

    ranks: Array
    photos: Array
    places: Array
    values: Array

    @classmethod
    def empty(cls, channels: int, keep: int) -> Self:
        """Room for `keep` positions."""
        ranks, photos = np.full(keep, NOBODY), np.full(keep, NOBODY)
        return cls(ranks, photos, np.zeros(keep, np.int32), np.zeros((keep, channels), np.float32))

    def __len__(self) -> int:
        return int((self.photos != NOBODY).sum())

    def add(self, maps: Maps) -> None:
        """Enters those positions that drew low."""
        ranks = lots(maps.photos, PICKS, maps.seed)
        rows, picks = np.nonzero(ranks <= self.ranks[-1])
        if len(rows):
            places = maps.picked[rows, picks].astype(np.int32)
            self._rank(ranks[rows, picks], maps.photos[rows], places, maps.sampled[rows, picks])

    def merge(self, other: Self) -> None:
        """Takes in those of another part."""
        self._rank(other.ranks, other.photos, other.places, other.values)

    def _rank(self, *new: Array) -> None:
        self.ranks, self.photos, self.places, self.values = _lowest(self.state(), new)

    def state(self) -> State:
        """The four arrays."""
        return {"ranks": self.ranks, "photos": self.photos, "places": self.places, "values": self.values}


@dataclass
class Examples:
    """Each channel's largest value in photos chosen by chance, the same photos in every layer.

    Attributes:
        ranks: the lot that each photo drew, ascending [M]; the lowest stay.
        photos: [M], as in Extremes.
        values: [M,C].
    """

    ranks: Array
    photos: Array
    values: Array

    @classmethod
    def empty(cls, channels: int, keep: int) -> Self:
        """Room for `keep` photos."""
        return cls(np.full(keep, NOBODY), np.full(keep, NOBODY), np.zeros((keep, channels), np.float32))

    def __len__(self) -> int:
        return int((self.photos != NOBODY).sum())

    def add(self, maps: Maps) -> None:
        """Enters those photos that drew low."""
        ranks = lots(maps.photos, 1, maps.seed + 1)[:, 0]
        rows = np.nonzero(ranks <= self.ranks[-1])[0]
        if len(rows):
            self._rank(ranks[rows], maps.photos[rows], maps.largest[rows])

    def merge(self, other: Self) -> None:
        """Takes in those of another part."""
        self._rank(other.ranks, other.photos, other.values)

    def _rank(self, *new: Array) -> None:
        self.ranks, self.photos, self.values = _lowest(self.state(), new)

    def median(self, channel: int, most: int) -> Array:
        """Numbers of the `most` photos in which the channel's largest value is nearest to its median over these."""
        values, photos = self.values[: len(self), channel], self.photos[: len(self)]
        return photos[np.lexsort((photos, np.abs(values - np.median(values))))[:most]] if len(self) else photos

    def state(self) -> State:
        """The three arrays."""
        return {"ranks": self.ranks, "photos": self.photos, "values": self.values}
