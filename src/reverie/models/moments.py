"""What a layer's channels do on ordinary pictures: their mean and deviation, and which of them never respond."""

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from reverie.image import in_channels, read_at
from reverie.models.model import Model
from reverie.models.probe import probe
from reverie.models.readiness import pink_noise
from reverie.paths import sample
from reverie.unit import Unit

FLOOR = 0.05  # of the layer's mean deviation: a channel that is nearly constant must not be blown up


def channel_moments(model: Model, layer: str) -> tuple[Tensor, Tensor]:
    """Mean and deviation [C] of a layer's channels over positions: the scale on which channels can be compared.

    The bundled network brings them from its held-out motifs; of others they are measured here, on the two sample
    photos and four pictures of 1/f noise at the native size.
    """
    if layer in model.moments:
        return model.moments[layer]
    value = torch.cat(list(_ordinary(model, layer)))
    mean, deviation = value.mean((0, 2, 3)), value.std((0, 2, 3))
    return mean, deviation.clamp_min(FLOOR * float(deviation.mean()) + 1e-12)


def deviation(model: Model, unit: Unit) -> float:
    """How much a unit's activation varies over ordinary pictures: the scale on which units can be compared."""
    spread = channel_moments(model, unit.layer)[1]
    chosen = [int(channel) for channel in unit.channels]
    return max(float((spread[chosen] if chosen else spread).mean()), 1e-12)


def silent_channels(model: Model, layer: str) -> tuple[int, ...]:
    """Channels of a layer that rise above 0 nowhere in the sample photos and 1/f noise at the native size."""
    highest = torch.stack([value.amax((0, 2, 3)) for value in _ordinary(model, layer)]).amax(0)
    return tuple((highest <= 0).nonzero().flatten().tolist())


def silent_units(model: Model, units: Sequence[Unit]) -> tuple[Unit, ...]:
    """Those of the units whose channels are all silent, see `silent_channels`; logits are never."""
    layers = {unit.layer for unit in units if unit.channels and unit.layer != "logits"}
    silent = {layer: set(silent_channels(model, layer)) for layer in layers}
    return tuple(u for u in units if u.channels and u.layer in silent and set(u.channels) <= silent[u.layer])


def ordinary(model: Model) -> Iterator[Tensor]:
    """The ordinary pictures [1,C,H,W]: the sample photos and 1/f noise at the native size."""
    photos = [read_at(sample(name), model.size) for name in ("flower", "china")]
    photos = [in_channels(photo, model.channels) for photo in photos if model.channels in (1, 3)]
    for image in torch.cat([*photos, pink_noise(4, model.channels, model.size)]):
        yield image[None].to(model.device)


def _ordinary(model: Model, layer: str) -> Iterator[Tensor]:
    """What the layer returns for each of the ordinary pictures."""
    for image in ordinary(model):
        with torch.no_grad():
            yield probe(model, image, [layer])[layer]
