"""Judges: another network in a person's place, which says how alike two pictures are."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from reverie.dataset.scanning import main_layers
from reverie.dataset.tallies import Array
from reverie.errors import InvalidSetting
from reverie.image import in_channels, resize
from reverie.models.model import Model
from reverie.models.probe import probe
from reverie.models.sources import load
from reverie.settings.parts import DEFAULT

SHARES = (0.65, 0.95)  # of the way through a judge, where its layers lie: parts of things, and things
TOGETHER = 16  # pictures in one forward
NOBODY = "none"  # names no judge


@dataclass(frozen=True, eq=False)
class Judge:
    """A network that compares pictures by what its late layers return, mean over positions."""

    model: Model
    layers: tuple[str, ...]

    def features(self, pictures: Tensor) -> Array:
        """The judge's features of pictures [N,3,H,W] in [0,1], brought to its native size, float64 [N,D]."""
        parts: list[Tensor] = []
        with torch.no_grad():
            for chunk in pictures.split(TOGETHER):
                shown = resize(chunk, self.model.size).clamp(0, 1).to(self.model.device)
                seen = probe(self.model, in_channels(shown, self.model.channels), self.layers)
                # each layer of the same weight, however many channels it has
                each = [seen[layer].mean((2, 3)) / seen[layer].shape[1] ** 0.5 for layer in self.layers]
                parts.append(torch.cat(each, 1).cpu())
        return np.asarray(torch.cat(parts).double().numpy())

    def __str__(self) -> str:
        return f"judge {self.model.title}"


def judge_of(model: Model, named: Model | str | None = None) -> Judge | None:
    """The judge of a network's pictures: EfficientNet-Lite0 unless another is named; nobody of its own.

    Raises:
        InvalidSetting: the network itself is named.
    """
    if named == NOBODY:
        return None
    other = load(DEFAULT if named is None else named)
    if other.source.get("weights_sha256") == model.source.get("weights_sha256"):
        if named is None:
            return None
        raise InvalidSetting("a network cannot judge its own pictures; name another one")
    return Judge(other, _late(main_layers(other) if len(other.blocks) < len(SHARES) else list(other.blocks)))


def _late(layers: Sequence[str]) -> tuple[str, ...]:
    maps = [name for name in layers if name != "logits"]
    return tuple(dict.fromkeys(maps[round(share * (len(maps) - 1))] for share in SHARES))


@dataclass(frozen=True, eq=False)
class Space:
    """Directions round the usual photo: what all photos of a set share does not count, nor does a judge's loudness."""

    mean: Array
    deviation: Array

    @classmethod
    def of(cls, photos: Array) -> "Space":
        """The space of features [N,D] of photos."""
        return cls(photos.mean(0), photos.std(0) + 1e-6 + 1e-3 * photos.std())

    def directions(self, features: Array) -> Array:
        """Features [N,D] as vectors of unit length."""
        centred = (features - self.mean) / self.deviation
        return np.asarray(centred / np.maximum(np.linalg.norm(centred, axis=1, keepdims=True), 1e-12))
