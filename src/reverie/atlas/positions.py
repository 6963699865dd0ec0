"""Positions: what a layer returns at places of many photos, drawn by chance, and which classes that speaks for."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import torch

from reverie.attribution.class_evidence import class_evidence
from reverie.dataset.photo_batches import batches
from reverie.dataset.photo_sets import PhotoSet
from reverie.errors import Diverged
from reverie.image import Size
from reverie.models.model import Model
from reverie.randomness import generator
from reverie.recipes.framing import taken

CLASSES = 5  # of each photo, of which the evidence is looked for
RIM = 5  # rows and columns from which on the outermost ones are left out: there a network sees its own padding


@dataclass(eq=False)
class Positions:
    """M positions of photos of a set, as far as it has been read.

    Attributes:
        photos: of each position the photo's number [M]; `places`: row * width + column [M].
        vectors: float32 [M,C].
        classes: [M,K], the likeliest classes of its photo; `evidence`: float32 [M,K], for each of them.
        failures: names of the photos that could not be read, with what was wrong.
    """

    found: PhotoSet
    photos: list[np.ndarray] = field(default_factory=list)
    places: list[np.ndarray] = field(default_factory=list)
    vectors: list[np.ndarray] = field(default_factory=list)
    classes: list[np.ndarray] = field(default_factory=list)
    evidence: list[np.ndarray] = field(default_factory=list)
    failures: list[tuple[str, str]] = field(default_factory=list)

    def __len__(self) -> int:
        return sum(map(len, self.photos))


@dataclass(frozen=True)
class Reading:
    """How far the photos are read: `done` of `total`; `failures` are those of the last batch."""

    done: int
    total: int
    failures: tuple[tuple[int, str], ...]


def read_positions(
    model: Model, into: Positions, layer: str, most: int, *, seed: int, batch: int | None, workers: int | None
) -> Iterator[Reading]:
    """Reads photos and enters about `most` of their positions, of each photo as many, drawn by its name.

    Raises:
        InvalidSetting: a network that takes neither colours nor greys.
        Diverged: activations that are no numbers.
    """
    photos, size = into.found, model.layer(layer).size or (1, 1)
    each = math.ceil(most / len(photos))
    together = model.together(model.size) if batch is None else batch
    for found in batches(photos, model.size, together, workers=workers):
        if found.indices:
            seen = class_evidence(model, taken(model, found.images), layer, CLASSES)
            for row, index in enumerate(found.indices):
                places = _drawn(size, each, seed, photos.names[index])
                vectors = seen.values[row].flatten(1)[:, places].T
                if not bool(vectors.isfinite().all()):
                    raise Diverged(f"'{layer}' of {model.name} gives no numbers for {photos.names[index]}")
                into.photos.append(np.full(len(places), index))
                into.places.append(places.numpy())
                into.vectors.append(vectors.cpu().numpy())
                into.classes.append(seen.classes[row].expand(len(places), -1).cpu().numpy())
                into.evidence.append(seen.evidence[row].flatten(1)[:, places].T.cpu().numpy())
        into.failures += [(photos.names[index], reason) for index, reason in found.failures]
        yield Reading(found.stop, len(photos), found.failures)


def _drawn(size: Size, each: int, seed: int, name: str) -> torch.Tensor:
    """Places of a grid, without its rim where it is large enough, by chance and in their order."""
    every = torch.arange(size[0] * size[1]).view(size)
    inner = (every[1:-1, 1:-1] if min(size) >= RIM else every).flatten()
    return inner[torch.randperm(len(inner), generator=generator(seed, name))[:each]].sort().values


def few_enough(photos: PhotoSet, most: int, seed: int) -> PhotoSet:
    """The photos; where they are more than positions, as many as positions, drawn by chance, in their order."""
    if len(photos) <= most:
        return photos
    chosen = torch.randperm(len(photos), generator=generator(seed, "photos"))[:most].sort().values
    return photos.named([photos.names[int(index)] for index in chosen])
