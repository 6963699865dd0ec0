"""Embeddings: what a layer returns for each photo of a set, as one vector, with the photo's thumbnail."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from reverie.dataset.photo_batches import batches
from reverie.dataset.photo_sets import PhotoSet
from reverie.errors import Diverged, InvalidSetting
from reverie.image import in_channels, resize, to_uint8
from reverie.models.model import Model
from reverie.models.probe import probe

IDLE = ("Dropout", "Dropout2d", "Flatten", "Identity")  # kinds of layers that hand on what they are given


@dataclass(frozen=True, eq=False)
class Embedded:
    """Some photos of a set.

    Attributes:
        indices: of those that could be read.
        embeddings: float32 [n,C], one for each index.
        thumbnails: uint8 [side,side,3], one for each index.
        failures: (index, what was wrong) of the others.
        done: photos of the set that were looked at by now.
        total: photos of the set.
    """

    indices: tuple[int, ...]
    embeddings: np.ndarray
    thumbnails: tuple[np.ndarray, ...]
    failures: tuple[tuple[int, str], ...]
    done: int
    total: int


def last_layer(model: Model) -> str:
    """The last layer that does something and is not yet one number for each class; else the logits."""
    logits = model.layers["logits"].channels
    before = [name for name, layer in model.layers.items() if layer.channels != logits and layer.kind not in IDLE]
    return before[-1] if before else "logits"


def embeddings(
    model: Model, photos: PhotoSet, layer: str, *, side: int, batch: int | None = None, workers: int | None = None
) -> Iterator[Embedded]:
    """Embeds photos in their order: the layer's activations on the photo at the native size, mean over the positions.

    Args:
        side: of the square thumbnails, from the middle of what the network saw.
        batch: photos at once; as many as the network runs fastest with, unless given.
        workers: processes that decode, as in `batches`.

    Raises:
        UnknownName: no such layer.
        InvalidSetting: a network that takes neither colours nor greys.
        Diverged: a network whose activations are no numbers.
    """
    model.layer(layer)
    if model.channels not in (1, 3):
        raise InvalidSetting(f"{model.name} takes {model.channels} channels; a photo has 3, or 1 as grey")
    for found in batches(photos, model.size, model.together(model.size) if batch is None else batch, workers=workers):
        vectors = embedded(model, found.images, layer)
        if not np.isfinite(vectors).all():
            wrong = found.indices[int(np.flatnonzero(~np.isfinite(vectors).all(1))[0])]
            raise Diverged(f"'{layer}' of {model.name} gives no numbers for {photos.names[wrong]}; name another layer")
        small = tuple(thumbnail(image, side) for image in found.images)
        yield Embedded(found.indices, vectors, small, found.failures, found.stop, len(photos))


def embedded(model: Model, images: Tensor, layer: str) -> np.ndarray:
    """The layer's mean activation over all positions for images [N,3,H,W], float32 [N,C]."""
    if not len(images):
        return np.empty((0, model.layer(layer).channels), np.float32)
    images = images.to(model.device)
    with torch.no_grad():
        seen = probe(model, in_channels(images, model.channels), [layer])[layer]
    return np.asarray(seen.mean((2, 3)).float().cpu().numpy())


def thumbnail(image: Tensor, side: int) -> np.ndarray:
    """The middle square of an image [3,H,W] in [0,1], uint8 [side,side,3]."""
    height, width = image.shape[-2:]
    least = min(height, width)
    top, left = (height - least) // 2, (width - least) // 2
    square = image[None, :, top : top + least, left : left + least]
    return to_uint8(resize(square, (side, side)).clamp(0, 1)[0])
