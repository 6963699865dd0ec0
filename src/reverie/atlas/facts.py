"""Facts: all that the photos' scan and the weights say of units, as rows of an atlas."""

import json
import math
import platform
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from typing import Any

import numpy as np

from reverie.atlas.atlas_writer import Done
from reverie.atlas.crops import Cropping, Decoded
from reverie.atlas.entries import AtlasBatch, AtlasClass, AtlasLink, AtlasUnit, Statistics
from reverie.atlas.evidence import FEWEST
from reverie.atlas.links import strongest
from reverie.atlas.plan import Batch
from reverie.atlas.worker import CLASSES
from reverie.dataset.layer_tallies import LayerTallies
from reverie.dataset.manifest import plain
from reverie.dataset.photo_sets import PhotoSet
from reverie.dataset.store import Scan
from reverie.dataset.tallies import Array
from reverie.models.connections import Connection, Connectivity
from reverie.models.connectivity import connectivity
from reverie.models.model import Model
from reverie.models.sameness import decisive
from reverie.unit import Unit

MOST = 4096  # photos, evenly spaced, of which the correlations across layers are


@dataclass
class Facts:
    """What is known of units beside their pictures.

    Attributes:
        scan: of photos; None where there are none.
        photos: those that were scanned.
        patches: real patches of each unit.
        links: of each kind.
    """

    model: Model
    scan: Scan | None
    photos: PhotoSet | None
    patches: int
    links: int

    def of(self, batch: Batch) -> Done:
        """All rows of a batch's units."""
        began = time.monotonic()
        units = range(batch.first, batch.first + batch.count)
        rows: dict[str, list[Any]] = {"links": [link for unit in units for link in self._wired(batch.layer, unit)]}
        if self.scan is not None:
            found = self._photographed(self.scan, batch, units)
            rows = {**found, "links": [*rows["links"], *found["links"]]}
        about = AtlasBatch(
            batch.layer, batch.view, batch.first, batch.count, self.key, "done", "",
            round(time.monotonic() - began, 3), platform.node()[:100],
        )  # fmt: skip
        return Done(about, self.record, rows)

    @cached_property
    def record(self) -> str:
        """What the facts are of."""
        about = None if self.scan is None else {**plain(self.scan.about), "place": "", "model": {}}
        told = {"facts": {"patches": self.patches, "links": self.links}, "scan": about}
        return json.dumps({**told, "network": decisive(self.model.source)}, sort_keys=True)

    @property
    def key(self) -> str:
        """The hash of what the facts are of."""
        return sha256(self.record.encode()).hexdigest()[:32]

    @cached_property
    def _connectivity(self) -> Connectivity:
        return connectivity(self.model)

    def _wired(self, layer: str, unit: int) -> Iterator[AtlasLink]:
        found = strongest(self._connectivity, Unit(layer, (unit,)), self.links)
        for kind, connections in (("fed by", found.incoming), ("feeds", found.outgoing)):
            for rank, link in enumerate(connections[: self.links]):
                yield _link(layer, unit, kind, rank, link)

    def _photographed(self, scan: Scan, batch: Batch, units: range) -> dict[str, list[Any]]:
        seen = self._layer(scan, batch.layer)
        rows: dict[str, list[Any]] = {
            "units": [AtlasUnit(batch.layer, unit, int(not seen.tallies.moments.firing[unit])) for unit in units],
            "statistics": [_statistics(batch.layer, unit, seen.tallies) for unit in units],
            "classes": [row for unit in units for row in seen.classes(unit)],
            "links": [
                row for unit in units for row in (*seen.nearest(unit, self.links), *seen.across(unit, self.links))
            ],
            "crops": [],
            "patches": [],
        }
        if self._decoded is not None:
            for unit in units:
                found = list(seen.cropping(self._decoded).of(unit, self.patches))
                rows["patches"] += [patch for patch, _ in found]
                rows["crops"] += [crop for _, crop in found]
        return rows

    def _layer(self, scan: Scan, layer: str) -> "_Seen":
        """What the scan holds of a layer, kept while its units are asked about."""
        if self._kept is None or self._kept.layer != layer:
            self._kept = _Seen(self.model, scan, layer, scan.tallies(layer), self._distinct(layer))
        return self._kept

    _kept: "_Seen | None" = None

    @cached_property
    def _decoded(self) -> Decoded | None:
        return None if self.photos is None else Decoded(self.photos, self.model.size)

    @cached_property
    def _means(self) -> Mapping[str, Array]:
        """Each layer's means over positions of photos [n,C], less their mean and of unit length by channel."""
        return {} if self.scan is None else {layer: _standard(self.scan, layer) for layer in self.scan.about.layers}

    def _distinct(self, layer: str) -> Mapping[str, Array]:
        """The means of a layer and of all others, but for those that are one of them under another name."""
        chosen: dict[str, str] = {}
        for name in self._means:
            usual = self._connectivity.usual.get(name, name)
            if usual not in chosen or name == usual:
                chosen[usual] = name
        chosen[self._connectivity.usual.get(layer, layer)] = layer
        return {name: self._means[name] for name in chosen.values()}


@dataclass
class _Seen:
    """What a scan holds of one layer."""

    model: Model
    scan: Scan
    layer: str
    tallies: LayerTallies
    means: Mapping[str, Array]
    _cropping: Cropping | None = None

    def cropping(self, photos: Decoded) -> Cropping:
        """Who cuts patches out of the photos."""
        if self._cropping is None:
            self._cropping = Cropping(self.model, self.scan, photos, self.layer, self.tallies)
        return self._cropping

    @cached_property
    def _samples(self) -> Array:
        return _unit_length(self.tallies.samples.values[: len(self.tallies.samples)])

    def nearest(self, unit: int, most: int) -> list[AtlasLink]:
        """The units of the layer whose values go most with a unit's."""
        if len(self._samples) < FEWEST:
            return []
        found = self._samples.T @ self._samples[:, unit]
        found[unit] = 0
        return _alike(self.layer, unit, "nearest", [self.layer] * len(found), np.arange(len(found)), found, most)

    def across(self, unit: int, most: int) -> list[AtlasLink]:
        """The units of the scan's other layers whose means over photos go most with a unit's."""
        others = [name for name in self.means if name != self.layer]
        if not others or len(self.means[self.layer]) < FEWEST:
            return []
        own = self.means[self.layer][:, unit]
        found = np.concatenate([self.means[name].T @ own for name in others])
        names = [name for name in others for _ in range(self.means[name].shape[1])]
        numbers = np.concatenate([np.arange(self.means[name].shape[1]) for name in others])
        return _alike(self.layer, unit, "nearest across", names, numbers, found, most)

    def classes(self, unit: int) -> list[AtlasClass]:
        """The folders of photos in which a unit's mean is largest."""
        names, means, counts = self._by_class
        order = np.argsort(-means[:, unit], kind="stable")[:CLASSES].tolist() if len(names) else []
        return [
            AtlasClass(self.layer, unit, "photos", rank, names[row], float(means[row, unit]), int(counts[row]))
            for rank, row in enumerate(order)
        ]

    @cached_property
    def _by_class(self) -> tuple[Sequence[str], Array, Array]:
        """Names of the photos' classes, each one's mean over its photos [K,C], and how many there are."""
        if not self.scan.about.keeping.embeddings or not any(self.scan.kinds):
            return (), np.zeros((0, 0)), np.zeros(0)
        numbers, values = self.scan.embeddings(self.layer)
        kinds = [self.scan.kinds[number] for number in numbers.tolist()]
        names = sorted({kind for kind in kinds if kind is not None})
        rows = [[row for row, kind in enumerate(kinds) if kind == name] for name in names]
        return names, np.stack([values[each].mean(0) for each in rows]), np.array([len(each) for each in rows])


def _standard(scan: Scan, layer: str) -> Array:
    numbers, values = scan.embeddings(layer)
    return _unit_length(values[:: max(1, math.ceil(len(numbers) / MOST))])


def _unit_length(values: Array) -> Array:
    """Columns less their mean, of length 1; 0 of one that never changes: their products are Pearson's correlations."""
    centred = values - values.mean(0, dtype=np.float64) if len(values) else values.astype(np.float64)
    lengths = np.sqrt((centred**2).sum(0))
    found: Array = np.divide(centred, lengths, out=np.zeros_like(centred), where=lengths > 0)
    return found


def _alike(
    layer: str, unit: int, kind: str, names: Sequence[str], numbers: Array, found: Array, most: int
) -> list[AtlasLink]:
    order = [index for index in np.argsort(-found, kind="stable")[:most].tolist() if found[index] > 0]
    values = [round(float(found[index]), 6) for index in order]
    return [
        AtlasLink(layer, unit, kind, rank, names[index], int(numbers[index]), value, value, "")
        for rank, (index, value) in enumerate(zip(order, values, strict=True))
    ]


def _link(layer: str, unit: int, kind: str, rank: int, link: Connection) -> AtlasLink:
    end = link.source if kind == "fed by" else link.target
    value, strength = round(float(link.kernel.sum()), 6), round(link.strength, 6)
    if end is None:
        known = f"input {link.input} of {link.through}" if kind == "fed by" else f"inside, by {link.through}"
        return AtlasLink(layer, unit, kind, rank, known, None, value, strength, link.through)
    return AtlasLink(layer, unit, kind, rank, end.layer, int(end.channels[0]), value, strength, link.through)


def _statistics(layer: str, unit: int, tallies: LayerTallies) -> Statistics:
    moments, counts = tallies.moments, tallies.maxima.counts[unit]
    filled = np.flatnonzero(counts)
    first, last = (int(filled[0]), int(filled[-1])) if len(filled) else (0, 0)
    return Statistics(
        layer, unit, int(moments.photos[0]), int(moments.positions[0]), float(moments.mean[unit]),
        float(moments.deviation[unit]), float(tallies.bottom.values[unit, 0]), float(tallies.top.values[unit, 0]),
        float(moments.density[unit]), float(moments.fired[unit] / max(1, moments.photos[0])), first,
        json.dumps(counts[first : last + 1].tolist(), separators=(",", ":")),
    )  # fmt: skip
