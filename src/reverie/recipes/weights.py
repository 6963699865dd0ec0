"""The weights of layers, as pictures."""

from reverie.attribution import Drawing, Kernels
from reverie.attribution.weight_pictures import filter_of
from reverie.errors import InvalidSetting
from reverie.models.connectivity import connectivity
from reverie.models.model import Model
from reverie.recipes.origins import recorded
from reverie.recipes.responses import top_of
from reverie.settings.filters import Filters
from reverie.unit import Unit


@recorded(Filters, run=Drawing)
def filters(model: Model, asked: Filters) -> Kernels:
    """Draws the weights of a layer's channels: the first layer's in colours, of deeper ones a kernel for each input.

    Raises:
        UnknownName: no such layer or channel.
        InvalidSetting: a number out of range, or channels that no weights make.
    """
    wired = connectivity(model)
    found = [filter_of(unit, wired.bundles(unit)) for unit in channels_of(model, asked.layer)]
    if asked.order == "norm":
        found.sort(key=lambda item: -item.norm)
    found = found[: asked.most]
    return Kernels(
        tuple(found), top_of(asked.scale, max(float(item.kernels.abs().max()) for item in found)), asked.size
    )


def channels_of(model: Model, layer: str) -> list[Unit]:
    """The channels that a text names, all of a layer that is named alone; also those of units with several channels."""
    units = []
    for unit in model.units(layer):
        if len(unit.channels) > 1 or unit.positional:
            raise InvalidSetting(f"'{unit}' is no single channel; name channels apart, such as block8:0-15")
        every = range(model.layer(unit.layer).channels)
        units += [unit] if unit.channels else [Unit(unit.layer, (channel,)) for channel in every]
    return units
