"""Mean and deviation of every channel of a layer on ordinary pictures: the scale on which channels can be compared."""

import torch
from torch import Tensor

from reverie.image import grey, read, resize, sample
from reverie.models.model import Model
from reverie.models.probe import probe
from reverie.models.readiness import pink_noise

FLOOR = 0.05  # of the layer's mean deviation: a channel that is nearly constant must not be blown up


def channel_moments(model: Model, layer: str) -> tuple[Tensor, Tensor]:
    """Mean and deviation [C] of a layer's channels over positions.

    The bundled network brings them from its held-out motifs; of others they are measured here, on the two sample
    photos and four pictures of 1/f noise at the native size.
    """
    if layer in model.moments:
        return model.moments[layer]
    photos = [resize(read(sample(name)), model.size).clamp(0, 1) for name in ("flower", "china")]
    photos = [grey(photo) for photo in photos] if model.channels == 1 else photos if model.channels == 3 else []
    images = torch.cat([*photos, pink_noise(4, model.channels, model.size)])
    with torch.no_grad():
        value = torch.cat([probe(model, image[None].to(model.device), [layer])[layer] for image in images])
    mean, deviation = value.mean((0, 2, 3)), value.std((0, 2, 3))
    return mean, deviation.clamp_min(FLOOR * float(deviation.mean()) + 1e-12)
