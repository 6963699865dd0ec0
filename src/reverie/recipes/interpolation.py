"""Passages: pictures on the way from one unit to another."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from reverie.constraints import in_range
from reverie.errors import InvalidSetting
from reverie.models.model import Model
from reverie.models.moments import deviation
from reverie.objectives import Objective, activation, alignment
from reverie.objectives import interpolation as interpolated
from reverie.parameterizations import Aligned, Fourier, Parameterization
from reverie.recipes.arguments import ascent, check_positions, minus_priors, recorded, sized, weighted
from reverie.recipes.materials import made_of
from reverie.recipes.presets import FEATURE
from reverie.settings.interpolate import Interpolate
from reverie.synthesis.recipe import Recipe, Stage, count
from reverie.unit import Unit

STRIP = 12  # pictures that stand in one row


@recorded(Interpolate)
def interpolate(model: Model, asked: Interpolate) -> Recipe:
    """A strip of pictures from one unit to another, neighbours alike, so that one sees what the two have in common.

    Raises:
        UnknownName: no such layer, channel, class, parameterization or prior.
        InvalidSetting: a number out of range, or fewer than two units.

    Source: Olah et al. 2017, "Feature Visualization", section on interaction; Mordvintsev et al. 2018, section on
    aligned interpolation; differs: each unit counts in its own deviations, so that none drowns the other.
    """
    count("between", asked.between, 0, 64)
    count("steps", asked.steps)
    units = model.units([asked.through] if isinstance(asked.through, str) else list(asked.through))
    if len(units) < 2:
        raise InvalidSetting(f"'{units[0]}' is one unit; name two or more to go from one to the other")
    wanted = sized(asked.size) or model.size
    area = (wanted, wanted) if isinstance(wanted, int) else wanted
    check_positions(model, units, [area])
    chosen, material = FEATURE["default"], _material(asked.parameterization or "aligned")
    alike = _alike(model, asked.align)
    way = tuple(minus_priors(objective, asked.prior) + alike for objective in _way(model, units, asked.between))
    labels = tuple(_told(model, units, asked.between))
    names = tuple(f"{number}: {label}".replace("\n", ", ") for number, label in enumerate(labels))
    return Recipe(
        names=names,
        stages=(Stage(way, area, asked.steps, ascent(chosen, 0, asked.rate)),),
        parameterization=material,
        transforms=chosen.transforms,
        constraint=None if material.bounded else in_range,
        seed=asked.seed,
        redirect=chosen.redirect,
        batch=len(names),
        labels=labels,
        columns=len(names) if len(names) <= STRIP else None,
    )


def _material(name: str) -> Parameterization:
    """What the pictures are made of: those that share low frequencies leave out the finest grain, as others do."""
    found, smooth = made_of(name), FEATURE["default"].parameterization
    return replace(found, inner=smooth) if isinstance(found, Aligned) and isinstance(smooth, Fourier) else found


def _way(model: Model, units: Sequence[Unit], between: int) -> list[Objective]:
    """The objectives along the way, each unit once."""
    wishes = [
        activation(unit, "mean" if unit.channels else "mean-square") * (1 / deviation(model, unit)) for unit in units
    ]
    legs = [interpolated(first, last, between + 2) for first, last in pairwise(wishes)]
    return [*legs[0], *(objective for leg in legs[1:] for objective in leg[1:])]


def _told(model: Model, units: Sequence[Unit], between: int) -> list[str]:
    """What stands under each picture: a unit's name, or the shares of two."""
    texts = [model.label(units[0])]
    for first, last in pairwise(units):
        for number in range(1, between + 1):
            share = round(100 * number / (between + 1))
            texts.append(f"{100 - share}% {first}\n{share}% {last}")
        texts.append(model.label(last))
    return texts


def _alike(model: Model, align: str | None) -> Objective:
    if align is None:
        return Objective(())
    name, weight = weighted(align)
    layer = model.layer(name)
    return weight / deviation(model, Unit(layer.name)) ** 2 * alignment(layer.name)
