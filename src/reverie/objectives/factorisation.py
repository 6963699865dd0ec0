"""Groups of channels that go together in photos: fewer, clearer things to look at than single channels."""

import warnings
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from reverie.errors import InvalidSetting
from reverie.image import Photo, in_channels, photos_in, read_at
from reverie.models.model import Model
from reverie.models.probe import probe
from reverie.randomness import generator, undisturbed

LONG_SIDE = 640  # of a photo as the network sees it here
MOST = 20_000  # positions that are factorised


@undisturbed()
def channel_groups(
    model: Model, layer: str, count: int, photos: Sequence[Photo] = (), *, seed: int = 0
) -> tuple[Tensor, Tensor]:
    """Directions [count,C] of unit length whose weighted sums come nearest to a layer's responses to photos.

    Non-negative matrix factorisation of the responses at all positions; what is below 0 counts as 0. Source: Olah et
    al. 2018, "The Building Blocks of Interpretability", section on factorisation.

    Args:
        count: how many groups.
        photos: files or folders, pictures, arrays or tensors; the sample photos unless given.

    Returns:
        The directions, those that explain most first, and the share [count] of the whole that each explains.

    Raises:
        InvalidSetting: more groups than channels, or photos that the layer does not respond to.
    """
    from sklearn.decomposition import NMF
    from sklearn.exceptions import ConvergenceWarning

    channels = model.layer(layer).channels
    if not 1 <= count <= channels:
        raise InvalidSetting(f"groups must be 1 to {channels}, the channels of '{layer}', not {count}")
    responses = _responses(model, layer, _each(photos or ("sample:flower", "sample:china")), seed)
    if not responses.any():
        raise InvalidSetting(f"'{layer}' responds to none of the photos; name others with --photos")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # a rough factorisation shows the same groups
        factors = NMF(count, init="nndsvda", random_state=seed, max_iter=300)
        weights = factors.fit_transform(responses)
    lengths = np.linalg.norm(factors.components_, axis=1)
    strength = weights.sum(0) * lengths
    order = np.argsort(-strength, kind="stable")
    directions = factors.components_[order] / np.maximum(lengths[order, None], 1e-12)
    return torch.from_numpy(directions).float(), torch.from_numpy(strength[order] / strength.sum()).float()


def _each(photos: Sequence[Photo]) -> Iterable[Photo]:
    """All photos, those of folders one by one."""
    for photo in photos:
        yield from photos_in(str(photo)) if isinstance(photo, str | Path) else [photo]


def _responses(model: Model, layer: str, photos: Iterable[Photo], seed: int) -> np.ndarray:
    """Float [positions,C], 0 or more, of at most MOST positions drawn by chance."""
    found = []
    for photo in photos:
        image = in_channels(read_at(photo, LONG_SIDE), model.channels)
        with torch.no_grad():
            found.append(probe(model, image.to(model.device), [layer])[layer][0].flatten(1).T.clamp_min(0).cpu())
    values = torch.cat(found)
    chosen = torch.randperm(len(values), generator=generator(seed, layer))[:MOST]
    return values[chosen.sort().values].numpy()
