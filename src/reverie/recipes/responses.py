"""What a layer's channels say of a photo."""

import torch
from torch import Tensor

from reverie.attribution import ActivationMaps, Drawing
from reverie.attribution.activation_maps import peak
from reverie.errors import InvalidSetting
from reverie.models.model import Model
from reverie.models.probe import probe
from reverie.recipes.framing import native_photo
from reverie.recipes.origins import recorded
from reverie.settings.activations import Activations
from reverie.unit import Unit

MARGIN, SMALL = 28, 5  # a grid's edge is a 28th of its side; a grid with fewer cells a side has none


@recorded(Activations, run=Drawing)
def activations(model: Model, asked: Activations) -> ActivationMaps:
    """Draws how every channel of a layer responds to a photo, the strongest inside the edges first.

    Raises:
        UnsuitableImage: a photo that cannot be read.
        UnknownName: no such layer or channel.
        InvalidSetting: a number out of range, or a layer without rows and columns.
    """
    image = native_photo(model, asked.photo, asked.size)
    units = [channel for unit in model.units(asked.layer) for channel in _channels(model, unit)]
    with torch.no_grad():
        seen = probe(model, image, {unit.layer for unit in units})
    if any(max(seen[unit.layer].shape[-2:]) == 1 for unit in units):
        raise InvalidSetting(
            f"'{asked.layer}' of {model.name} has no rows and columns on this photo; name an earlier layer"
        )
    margin = min(_margin(seen[layer]) for layer in {unit.layer for unit in units})
    peaks = {unit: peak(seen[unit.layer][0, int(unit.channels[0])], margin) for unit in units}
    strongest = sorted(units, key=lambda unit: -peaks[unit])[: asked.most]
    top = top_of(asked.scale, max(peaks.values()))
    return ActivationMaps(image, tuple(strongest), margin, top, asked.show, asked.opacity)


def _margin(response: Tensor) -> int:
    """Cells at each edge of a layer's grid on which padding tells most: one of a small grid, none of a tiny one."""
    side = min(response.shape[-2:])
    return max(1, round(side / MARGIN)) if side >= SMALL else 0


def _channels(model: Model, unit: Unit) -> list[Unit]:
    if len(unit.channels) > 1 or unit.positional:
        raise InvalidSetting(f"'{unit}' is more, or less, than one channel; name channels apart, such as block8:0-15")
    every = range(model.layer(unit.layer).channels)
    return [unit] if unit.channels else [Unit(unit.layer, (channel,)) for channel in every]


def top_of(scale: float | str, largest: float) -> float | None:
    """The value at which colours end, None for each picture's own."""
    return None if scale == "own" else largest if scale == "shared" else float(scale)
