"""Engine 3: one pass over photos feeds the tallies of all chosen layers."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Self

import numpy as np
import torch
from torch import Tensor

from reverie.dataset.histograms import Histogram
from reverie.dataset.photo_batches import Batch
from reverie.dataset.samples import Examples, Samples
from reverie.dataset.tallies import Array, Extremes, Maps, Moments, State, Tally
from reverie.errors import Diverged, count
from reverie.image import Size, in_channels
from reverie.models.failures import reported
from reverie.models.model import Model
from reverie.models.probe import listen
from reverie.plugins import named


@dataclass(frozen=True)
class Keeping:
    """How much is remembered of each layer; what may be asked is said by the settings of a scan.

    Attributes:
        extremes: positions with the largest and with the smallest values, for each channel.
        one_per_photo: whether each of these must come from another photo.
        samples: positions chosen by chance, of which all channels' values are kept.
        examples: photos chosen by chance, of which every channel's largest value is kept.
        embeddings: whether each photo's mean over positions is written down, the only thing that grows with the photos.
        seed: of chance.
    """

    extremes: int
    one_per_photo: bool
    samples: int
    examples: int
    embeddings: bool = True
    seed: int = 0

    def __post_init__(self) -> None:
        count("extremes", self.extremes, 1, 1000)
        count("samples", self.samples, 1, 1_000_000)
        count("examples", self.examples, 1, 1_000_000)
        count("seed", self.seed, 0, 2**62)


@dataclass(frozen=True)
class LayerTallies:
    """All that is remembered of one layer.

    Attributes:
        size: (height, width) of its grid, in which places are row * width + column.
        top, bottom: each channel's largest and smallest values, and where they are.
        moments: sums over all positions of all photos.
        maxima: histogram of each photo's largest value.
        values: histogram of the values at PICKS positions of each photo.
        samples: all channels at positions chosen by chance.
        examples: each channel's largest value in photos chosen by chance.
        more: the tallies that modules of this folder name beside these, by name.
    """

    size: Size
    top: Extremes
    bottom: Extremes
    moments: Moments
    maxima: Histogram
    values: Histogram
    samples: Samples
    examples: Examples
    more: Mapping[str, Tally] = field(default_factory=dict)

    @classmethod
    def empty(cls, channels: int, size: Size, keeping: Keeping) -> Self:
        """Nothing seen yet."""
        ranking = keeping.extremes, keeping.one_per_photo
        return cls(
            size,
            Extremes.empty(channels, ranking[0], largest=True, one_per_photo=ranking[1]),
            Extremes.empty(channels, ranking[0], largest=False, one_per_photo=ranking[1]),
            Moments.empty(channels),
            Histogram.empty(channels, "maxima"),
            Histogram.empty(channels, "values"),
            Samples.empty(channels, keeping.samples),
            Examples.empty(channels, keeping.examples),
            {name: empty(channels, size) for name, empty in named("reverie.dataset").items()},
        )

    @property
    def channels(self) -> int:
        """How many."""
        return len(self.moments.sums)

    @property
    def parts(self) -> Mapping[str, Tally]:
        """The tallies by name."""
        own = {item.name: getattr(self, item.name) for item in fields(self) if item.name not in ("size", "more")}
        return {**own, **self.more}

    def known(self, names: Iterable[str]) -> Self:
        """These without the tallies that an older scan, which holds but those of these names, did not begin with."""
        kept = set(names)
        return replace(self, more={name: tally for name, tally in self.more.items() if name in kept})

    def add(self, maps: Maps) -> None:
        """Takes a batch in."""
        for tally in self.parts.values():
            tally.add(maps)

    def merge(self, other: Self) -> None:
        """Takes in what was seen of another part of the same dataset."""
        for name, tally in self.parts.items():
            tally.merge(other.parts[name])

    def state(self) -> Mapping[tuple[str, str], Array]:
        """All arrays, by the tally's name and theirs; their shapes do not depend on what was seen."""
        states: Mapping[str, State] = {name: tally.state() for name, tally in self.parts.items()}
        return {(name, key): array for name, state in states.items() for key, array in state.items()}


@dataclass(frozen=True)
class Seen:
    """A batch that has gone through the network.

    Attributes:
        batch: the photos.
        embeddings: of each layer [n,C], float32, the mean over positions of each photo that could be read.
    """

    batch: Batch
    embeddings: Mapping[str, Array] = field(repr=False)


def fresh(model: Model, layers: Sequence[str], keeping: Keeping) -> dict[str, LayerTallies]:
    """Empty tallies of layers.

    Raises:
        UnknownName: no such layer.
    """
    found = [model.layer(name) for name in dict.fromkeys(layers)]
    return {layer.name: LayerTallies.empty(layer.channels, layer.size or (1, 1), keeping) for layer in found}


def tallied(
    model: Model, images: Iterable[Batch], layers: Sequence[str], tallies: Mapping[str, LayerTallies], *, seed: int = 0
) -> Iterator[Seen]:
    """Shows a network batches of photos, and adds what the layers return to their tallies.

    To stop, stop reading: between two batches the tallies hold all photos up to there, and no part of the next.

    Args:
        images: as `photo_batches.batches` makes them for the network's native size.
        tallies: one for each layer, see `fresh`.
        seed: of the choice of positions and photos, see `Keeping`.

    Raises:
        ReverieError: the network fails, or returns what is no number.
    """
    for batch in images:
        yield Seen(batch, _shown(model, batch, layers, tallies, seed))


def _shown(
    model: Model, batch: Batch, layers: Sequence[str], tallies: Mapping[str, LayerTallies], seed: int
) -> dict[str, Array]:
    """Adds a batch to the tallies, each layer as soon as it is computed; its embeddings by layer."""
    pooled: dict[str, Array] = {name: np.zeros((0, tallies[name].channels), np.float32) for name in layers}
    photos = np.array(batch.indices, np.int64)

    def hear(name: str, values: Tensor) -> None:
        maps = Maps(values, photos, seed)
        if not np.isfinite(maps.sums).all():
            photo = photos[~np.isfinite(maps.sums).all(1)][0]
            raise Diverged(f"'{name}' of {model.name} returns what is no number for photo {photo}; try float32")
        tallies[name].add(maps)
        pooled[name] = maps.sums / np.float32(maps.flat.shape[2])

    if batch.indices:
        image = in_channels(batch.images, model.channels)
        with torch.no_grad(), reported(model, model.size, "choose a smaller --batch"):
            listen(model, image.to(model.device), layers, hear)
    return pooled
