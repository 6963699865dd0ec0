"""Path: whether a picture excites the layers before a unit as the unit's best photos do."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from reverie.dataset.tallies import Array
from reverie.image import in_channels, resize
from reverie.models.layers import Box
from reverie.models.model import Model
from reverie.models.probe import probe
from reverie.models.receptive_fields import Fields
from reverie.truth.exemplars import TOGETHER, Exemplars, patches, peaks
from reverie.truth.interpretability import Choice, Others, choice
from reverie.unit import Unit

LAYERS = 2  # before the unit
PHOTOS = 15  # of each kind, where there are as many


@dataclass(frozen=True)
class Path:
    """How a picture reaches its unit.

    Attributes:
        value: the share of pairs of a strong photo and a weak one in which the picture's way is more like the strong
            one's: chance is 0.5. The mean over the layers.
        interval: of 95 %, the mean over the layers of each one's.
        layers: each layer's value.
    """

    value: float
    interval: tuple[float, float]
    layers: tuple[tuple[str, float], ...]


@dataclass(frozen=True, eq=False)
class Ways:
    """How a unit's strong and weak photos reach it, layer by layer.

    The choice of `interpretability`, made by the layers before the unit in the place of a judge. A photo is the ranks
    of the channels' responses, which are means over what the unit sees where it is largest; so the cosine of two is
    their rank correlation.

    Source: the idea is that of Geirhos et al. 2024, "Don't trust your eyes"; the choice is our own.

    Attributes:
        layers: before the unit.
        strong, weak: of each layer [P,C].
    """

    model: Model
    unit: Unit
    layers: tuple[str, ...]
    strong: Mapping[str, Array]
    weak: Mapping[str, Array]

    @classmethod
    def of(cls, model: Model, found: Exemplars) -> "Ways | None":
        """The ways to a channel; None where there are too few photos, or no layers before it."""
        layers = before(model, found.unit)
        if not layers or not found.shown:
            return None
        several = min(PHOTOS, found.shown + found.asked)
        weak = [(number, None) for number in found.weak[:several]]
        up, down = (means_within(model, layers, *patches(found, each)) for each in (found.strong[:several], weak))
        return cls(model, found.unit, layers, up, down)

    def path(self, picture: Tensor, others: Others) -> Path:
        """The path of one picture [3,H,W], against the first picture of each of other units, made as it was."""
        own = means_within(self.model, self.layers, *placed(self.model, self.unit, picture))
        against = [
            means_within(self.model, self.layers, *placed(self.model, unit, each))
            for unit, each in zip(others.units, others.pictures[0], strict=True)
        ]
        told = {layer: self._choice(layer, own, against) for layer in self.layers}
        low, high = np.mean([each.interval for each in told.values()], 0)
        each = tuple((layer, item.right) for layer, item in told.items())
        return Path(float(np.mean([right for _, right in each])), (float(low), float(high)), each)

    def _choice(self, layer: str, own: Mapping[str, Array], against: Sequence[Mapping[str, Array]]) -> Choice:
        least = np.concatenate([each[layer] for each in against])
        return choice(*(ranked(each) for each in (own[layer], least, self.strong[layer], self.weak[layer])))


def ranked(values: Array) -> Array:
    """Rows whose products are Spearman's correlations; equal values share their mean rank."""
    from scipy.stats import rankdata  # slow to import

    ranks = rankdata(values, axis=1)
    ranks -= ranks.mean(1, keepdims=True)
    return np.asarray(ranks / np.maximum(np.linalg.norm(ranks, axis=1, keepdims=True), 1e-12))


def before(model: Model, unit: Unit) -> tuple[str, ...]:
    """The last blocks that an image runs through before a unit's layer."""
    order = list(model.layers)
    limit = order.index(unit.layer)
    line = [name for name in model.main if name != "logits" and order.index(name) < limit and name != unit.layer]
    outside = [name for name in line if not unit.layer.startswith(f"{name}.") and not name.startswith(f"{unit.layer}.")]
    return tuple(outside[-LAYERS:])


def placed(model: Model, unit: Unit, picture: Tensor) -> tuple[Tensor, list[Box]]:
    """A picture [3,H,W] as the network is shown it, and what the unit sees where it is largest."""
    whole = resize(picture[None], model.size).clamp(0, 1)
    width = (model.layer(unit.layer).size or (1, 1))[1]
    (place,) = peaks(model, unit, whole)
    return whole, [Fields(model, unit.layer).box(place // width, place % width)]


def means_within(model: Model, layers: Sequence[str], pictures: Tensor, boxes: Sequence[Box]) -> Mapping[str, Array]:
    """Each layer's means over the positions that lie in each picture's box, [N,C]."""
    parts: dict[str, list[Tensor]] = {layer: [] for layer in layers}
    given = in_channels(pictures, model.channels)
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
