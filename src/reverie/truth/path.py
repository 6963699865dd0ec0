"""Path: whether a picture excites the layers before a unit as the unit's best photos do."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from reverie.dataset.tallies import Array
from reverie.image import resize
from reverie.models.layers import Box
from reverie.models.model import Model
from reverie.models.probe import probe
from reverie.models.receptive_fields import Fields
from reverie.truth.exemplars import TOGETHER, Exemplars, patches, peaks, shown
from reverie.truth.intervals import jackknife
from reverie.unit import Unit

LAYERS = 6  # before the unit, evenly spread
PHOTOS = 15  # of each kind, where there are as many
APART = 0.02  # by which best photos must be more alike than photos by chance for a layer to count


@dataclass(frozen=True)
class Path:
    """How a picture reaches its unit.

    Attributes:
        value: 1 as among the unit's best photos, 0 as photos by chance: over all layers.
        interval: of 95 %.
        layers: each layer's value.
    """

    value: float
    interval: tuple[float, float]
    layers: tuple[tuple[str, float], ...]


@dataclass(frozen=True, eq=False)
class Ways:
    """How a unit's best photos and photos by chance reach it, layer by layer.

    In each layer the rank correlation between the channels' responses to a picture and to the unit's best photos,
    less that with photos by chance; its sum over the layers is divided by the same of the best photos among themselves.
    Responses are means over what the unit sees, where it is largest. What all optimised pictures share goes out with
    the photos by chance.

    Source: the idea is that of Geirhos et al. 2024, "Don't trust your eyes"; the scaling is our own.

    Attributes:
        layers: before the unit.
        best, others: of each layer [P,C].
    """

    model: Model
    unit: Unit
    layers: tuple[str, ...]
    best: Mapping[str, Array]
    others: Mapping[str, Array]

    @classmethod
    def of(cls, model: Model, found: Exemplars) -> "Ways | None":
        """Of a channel; None where there are too few photos, or no layers before it."""
        layers = before(model, found.unit)
        if not layers or not found.shown:
            return None
        several = min(PHOTOS, found.shown + found.asked)
        chance = [(number, None) for number in found.by_chance(several)]
        strong = found.strong[:several]
        best, others = (means_within(model, layers, *patches(found, each)) for each in (strong, chance))
        return cls(model, found.unit, layers, best, others)

    def path(self, picture: Tensor) -> Path | None:
        """Of one picture [3,H,W]; None where no layer tells best photos from photos by chance."""
        own = means_within(self.model, self.layers, *placed(self.model, self.unit, picture))
        told = {layer: Ranks.of(own[layer], self.best[layer], self.others[layer]) for layer in self.layers}
        everyone = np.arange(len(self.best[self.layers[0]]))
        kept = {layer: each for layer, each in told.items() if each.apart(everyone) > APART}
        if not kept:
            return None

        def measured(photos: Array) -> float:
            # one quotient of sums, as a layer that hardly tells the photos apart must not decide
            shares = [(each.near(photos), max(each.apart(photos), 0.0)) for each in kept.values()]
            return sum(near for near, _ in shares) / max(sum(apart for _, apart in shares), APART / 2)

        each = tuple((layer, item.near(everyone) / item.apart(everyone)) for layer, item in kept.items())
        return Path(measured(everyone), jackknife(measured, len(everyone)), each)


@dataclass(frozen=True, eq=False)
class Ranks:
    """Rank correlations of responses in one layer, of P best photos and P by chance.

    Attributes:
        own_best, own_chance: [P] of the picture with each.
        best_best, best_chance: [P,P].
    """

    own_best: Array
    own_chance: Array
    best_best: Array
    best_chance: Array

    @classmethod
    def of(cls, own: Array, best: Array, others: Array) -> "Ranks":
        """From responses [1,C], [P,C] and [P,C]."""
        one, up, by = (_ranked(each) for each in (own, best, others))
        return cls((one @ up.T)[0], (one @ by.T)[0], up @ up.T, up @ by.T)

    def apart(self, photos: Array) -> float:
        """How much more alike the best photos of these numbers are than they are to those by chance."""
        count, inner = len(photos), self.best_best[np.ix_(photos, photos)]
        return float(
            (inner.sum() - np.trace(inner)) / (count * (count - 1)) - self.best_chance[np.ix_(photos, photos)].mean()
        )

    def near(self, photos: Array) -> float:
        """How much more alike the picture is to the best photos of these numbers than to those by chance."""
        return float(self.own_best[photos].mean() - self.own_chance[photos].mean())


def _ranked(values: Array) -> Array:
    """Rows whose products are Spearman's correlations; equal values share their mean rank."""
    from scipy.stats import rankdata  # slow to import

    ranks = rankdata(values, axis=1)
    ranks -= ranks.mean(1, keepdims=True)
    return np.asarray(ranks / np.maximum(np.linalg.norm(ranks, axis=1, keepdims=True), 1e-12))


def before(model: Model, unit: Unit) -> tuple[str, ...]:
    """Blocks that an image runs through before a unit's layer, evenly spread."""
    order = list(model.layers)
    limit = order.index(unit.layer)
    line = [name for name in model.main if name != "logits" and order.index(name) < limit and name != unit.layer]
    line = [name for name in line if not unit.layer.startswith(f"{name}.")]
    several = min(LAYERS, len(line))
    return tuple(line[round((number + 1) * len(line) / several) - 1] for number in range(several))


def placed(model: Model, unit: Unit, picture: Tensor) -> tuple[Tensor, list[Box]]:
    """A picture [3,H,W] as the network is shown it, and what the unit sees where it is largest."""
    whole = resize(picture[None], model.size).clamp(0, 1)
    width = (model.layer(unit.layer).size or (1, 1))[1]
    (place,) = peaks(model, unit, whole, largest=True)
    return whole, [Fields(model, unit.layer).box(place // width, place % width)]


def means_within(model: Model, layers: Sequence[str], pictures: Tensor, boxes: Sequence[Box]) -> Mapping[str, Array]:
    """Of each layer [N,C], the channels' means over the positions that lie in each picture's box."""
    parts: dict[str, list[Tensor]] = {layer: [] for layer in layers}
    given = shown(model, pictures)
    with torch.no_grad():
        for first in range(0, len(given), TOGETHER):
            seen = probe(model, given[first : first + TOGETHER].to(model.device), layers)
            for layer in layers:
                for each, box in zip(seen[layer], boxes[first : first + TOGETHER], strict=True):
                    parts[layer].append(_within(each, box, model.size).cpu())
    return {layer: np.asarray(torch.stack(each).double().numpy()) for layer, each in parts.items()}


def _within(values: Tensor, box: Box, size: tuple[int, int]) -> Tensor:
    spans = []
    for (start, stop), side, length in zip(box, size, values.shape[1:], strict=True):
        first = min(start * length // side, length - 1)
        spans.append(slice(first, max(first + 1, -(-stop * length // side))))
    return values[:, spans[0], spans[1]].mean((1, 2))
