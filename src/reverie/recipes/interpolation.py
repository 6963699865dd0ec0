"""Passages: pictures on the way from one unit to another."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from reverie.constraints import in_range
from reverie.errors import InvalidSetting
from reverie.expression import bracketed
from reverie.models.model import Model
from reverie.models.moments import deviation
from reverie.objectives import Objective, alignment
from reverie.objectives import interpolation as interpolated
from reverie.parameterizations import Aligned, Fourier, Parameterization
from reverie.recipes.framing import check_positions
from reverie.recipes.origins import recorded
from reverie.recipes.parameterizing import made_of
from reverie.recipes.presets import FEATURE, ascent
from reverie.recipes.terms import minus_priors, response, weighted
from reverie.recipes.wishes import Wish, spread, wishes_of
from reverie.settings.fields import sized
from reverie.settings.interpolate import Interpolate
from reverie.synthesis.recipe import Recipe, Stage
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
    wanted = sized(asked.size) or model.size
    area = (wanted, wanted) if isinstance(wanted, int) else wanted
    units = wishes_of(model, asked.through, size=area)
    if len(units) < 2:
        raise InvalidSetting(f"'{units[0]}' is one unit; name two or more to go from one to the other")
    check_positions(model, [term.unit for wish in units for term in wish.units], [area])
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


def _material(named: str | Parameterization) -> Parameterization:
    """What the pictures are made of: by name, those that share low frequencies leave out the finest grain too."""
    found, smooth = made_of(named), FEATURE["default"].parameterization
    if isinstance(named, str) and isinstance(found, Aligned) and isinstance(smooth, Fourier):
        return replace(found, inner=smooth)
    return found


def _way(model: Model, wishes: Sequence[Wish], between: int) -> list[Objective]:
    """The objectives along the way, each wish once."""

    def respond(unit: Unit, written: str) -> Objective:
        return response(model, unit, written or ("mean" if unit.channels else "mean-square"))

    aims = [wish.objective(respond) * (1 / spread(model, wish)) for wish in wishes]
    legs = [interpolated(first, last, between + 2) for first, last in pairwise(aims)]
    return [*legs[0], *(objective for leg in legs[1:] for objective in leg[1:])]


def _told(model: Model, wishes: Sequence[Wish], between: int) -> list[str]:
    """What stands under each picture: a wish's name, or the shares of two."""
    texts = [wishes[0].label(model)]
    for first, last in pairwise(wishes):
        for number in range(1, between + 1):
            share = round(100 * number / (between + 1))
            texts.append(f"{100 - share}% {bracketed(str(first))}\n{share}% {bracketed(str(last))}")
        texts.append(last.label(model))
    return texts


def _alike(model: Model, align: str | None) -> Objective:
    if align is None:
        return Objective(())
    name, weight = weighted(align)
    layer = model.layer(name)
    return weight / deviation(model, Unit(layer.name)) ** 2 * alignment(layer.name)
