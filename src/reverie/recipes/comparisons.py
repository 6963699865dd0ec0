"""Comparisons: one feature of a layer against several and all of them, and a feature map grown neuron by neuron."""

from dataclasses import replace

import torch
from torch import Tensor

from reverie.constraints import in_range
from reverie.errors import InvalidSetting
from reverie.image import Photo, Picture, Size, fit, read_at
from reverie.models.model import Model
from reverie.objectives import Objective, activation
from reverie.parameterizations import Pixels, SoftColors
from reverie.randomness import generator
from reverie.recipes.framing import taken
from reverie.recipes.origins import recorded
from reverie.settings.compare import Compare
from reverie.settings.fields import sized
from reverie.settings.grow import Grow
from reverie.synthesis.ascent import Ascent
from reverie.synthesis.recipe import Recipe, Stage, count
from reverie.transforms import Roll
from reverie.unit import Unit

MOST = 1024  # neurons of a map that is grown


@recorded(Compare)
def compare(model: Model, asked: Compare) -> Recipe:
    """The first feature of a layer, the first few and all of them side by side, each climbed by steps of one length.

    A paced climb on soft colours moves every picture as far, however many features pull; what differs is where they
    pull together and where against each other. Shifts leave no frame.

    Raises:
        UnknownName: no such layer.
        InvalidSetting: a number out of range, or something more than a layer.
    """
    units = _sets(model, asked.layer, asked.few)
    start = _starts(model, asked.photo, asked.size, asked.seed)
    area = int(start.shape[-2]), int(start.shape[-1])
    objectives = tuple(activation(unit) for unit in units)
    rows = ["noise", "photo"][: len(start)]
    ascent = Ascent("paced", (asked.rate, asked.rate / 6), blur=(2.4, 0.8), betas=(0.5, 0.95))
    return Recipe(
        names=tuple(f"{unit} from {row}" for row in rows for unit in units),
        stages=(Stage(objectives * len(rows), area, asked.steps, ascent),),
        parameterization=SoftColors(),
        transforms=(Roll(16),),
        start="photo",
        photo=start.repeat_interleave(len(units), 0),
        seed=asked.seed,
        batch=len(units) * len(rows),
        labels=tuple(f"{_told(model, unit)}, {row}" for row in rows for unit in units),
    )


def _sets(model: Model, layer: str, few: int) -> tuple[Unit, ...]:
    """The first feature, the first few, all of them."""
    whole = model.units(layer)
    if len(whole) > 1 or whole[0].channels or whole[0].positional:
        raise InvalidSetting(f"'{layer}' is more than a layer; name the layer alone, such as '{whole[0].layer}'")
    channels = model.layer(layer).channels
    count("few", few, 1, channels)
    return Unit(layer, (0,)), Unit(layer, tuple(range(few))), Unit(layer)


def _told(model: Model, unit: Unit) -> str:
    features = len(unit.channels) or model.layer(unit.layer).channels
    return str(unit) if features == 1 else f"{'first' if unit.channels else 'all'} {features}"


def _starts(model: Model, photo: Photo | None, size: int | str | Size | None, seed: int) -> Tensor:
    """Noise, and the photo where there is one, [1 or 2,C,H,W]."""
    picture = None if photo is None else Picture.of(photo)
    wanted = sized(size) or max(model.size)
    own = model.size if picture is None else picture.size
    area = fit(own, wanted) if isinstance(wanted, int) else wanted
    noise = Pixels().init((model.channels, *area), [generator(seed, "compare")])
    if picture is None:
        return noise.to(model.device)
    return torch.cat([noise.to(model.device), taken(model, read_at(picture, area))])


@recorded(Grow)
def grow(model: Model, asked: Grow) -> Recipe:
    """A feature map grown neuron by neuron, in reading order: how its picture comes together (see it by --film).

    Raises:
        UnknownName: no such layer or channel.
        InvalidSetting: a number out of range, no single feature map, or one of too many neurons.
    """
    (channel, *more) = model.units(asked.unit)
    if more or len(channel.channels) != 1 or channel.positional:
        raise InvalidSetting(
            f"'{asked.unit}' is no single feature map; write LAYER:CHANNEL, such as '{channel.layer}:0'"
        )
    wanted = sized(asked.size) or model.size
    area = (wanted, wanted) if isinstance(wanted, int) else wanted
    height, width = model.grid(channel.layer, area)
    if height * width > MOST:
        raise InvalidSetting(
            f"'{asked.unit}' has {height}x{width} neurons on a picture of {area[0]}x{area[1]}, more than {MOST}; "
            "give a smaller --size, or a deeper layer"
        )
    objectives = [_joined(channel, row, column) for row in range(height) for column in range(width)]
    ascent = Ascent("std", (asked.rate, asked.rate), blur=(0.8, 0.8))
    return Recipe(
        names=(str(channel),),
        stages=tuple(Stage((objective,), area, asked.steps, ascent) for objective in objectives),
        parameterization=Pixels(),
        constraint=in_range,
        seed=asked.seed,
        labels=(str(channel),),
    )


def _joined(channel: Unit, row: int, column: int) -> Objective:
    """The sum of a feature map's neurons up to this one, in reading order."""
    objective = activation(replace(channel, rows=(row, row), columns=(0, column)), "ones")
    return activation(replace(channel, rows=(0, row - 1)), "ones") + objective if row else objective
