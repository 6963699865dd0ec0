"""How far an atlas is: by layer what is done, what failed, what is to come, and how fast it went."""

from collections.abc import Sequence
from dataclasses import dataclass

from reverie.atlas.atlas_file import Atlas
from reverie.atlas.entries import FACTS, AtlasBatch, AtlasLayer


@dataclass(frozen=True)
class LayerState:
    """How far a layer is.

    Attributes:
        units: with any picture; of `channels`.
        pictures: made; failed and to_come of all units in all views.
        bytes: of its pictures and crops.
    """

    layer: str
    units: int
    channels: int
    pictures: int
    failed: int
    to_come: int
    bytes: int


@dataclass(frozen=True)
class State:
    """How far an atlas is.

    Attributes:
        rate: pictures an hour of each worker; None where none is made yet.
        failures: of the batches, in sentences.
        bytes: of the file.
    """

    layers: tuple[LayerState, ...]
    rate: float | None
    failures: tuple[str, ...]
    bytes: int


def state_of(atlas: Atlas) -> State:
    """How far an atlas is."""
    batches = [batch for batch in atlas.batches() if batch.view != FACTS]
    done = [batch for batch in batches if batch.state == "done"]
    seconds, made = sum(batch.seconds for batch in done), sum(_pictures(atlas, batch) for batch in done)
    failures = [f"{b.layer}, {b.view}, from {b.first}: {b.sentence}" for b in batches if b.state == "failed"]
    layers = tuple(_layer(atlas, layer, batches) for layer in atlas.layers)
    rate = 3600 * made / seconds if seconds > 0 else None
    return State(layers, rate, tuple(failures), atlas.path.stat().st_size)


def _layer(atlas: Atlas, layer: AtlasLayer, batches: Sequence[AtlasBatch]) -> LayerState:
    pictures, crops = atlas.outlines(layer.layer), atlas.cropped(layer.layer)
    own = [batch for batch in batches if batch.layer == layer.layer]
    failed = sum(_pictures(atlas, batch) for batch in own if batch.state == "failed")
    whole = layer.channels * sum(_each(atlas, view) for view in {batch.view for batch in batches} or {"max"})
    size = sum(item.bytes for item in pictures) + crops
    units = len({item.unit for item in pictures})
    to_come = max(0, whole - len(pictures) - failed)
    return LayerState(layer.layer, units, layer.channels, len(pictures), failed, to_come, size)


def _pictures(atlas: Atlas, batch: AtlasBatch) -> int:
    return batch.count * _each(atlas, batch.view)


def _each(atlas: Atlas, view: str) -> int:
    return atlas.about.job.diversity if view == "diverse" else 1
