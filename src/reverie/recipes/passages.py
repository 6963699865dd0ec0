"""Passages: pictures on the way from one unit to another."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from reverie.constraints import in_range
from reverie.errors import InvalidSetting
from reverie.image import Size
from reverie.models.model import Model
from reverie.models.moments import deviation
from reverie.objectives import Objective, activation, alignment
from reverie.objectives import interpolation as interpolated
from reverie.parameterizations import Aligned, Fourier, Parameterization
from reverie.recipes.arguments import ascent, check_positions, minus_priors, recorded, sized, weighted
from reverie.recipes.materials import made_of
from reverie.recipes.presets import FEATURE
from reverie.synthesis.recipe import Recipe, Stage, count
from reverie.unit import Unit

STRIP = 12  # pictures that stand in one row


@recorded
def interpolate(
    model: Model,
    through: Sequence[str],
    *,
    between: int = 4,
    align: str | None = None,
    parameterization: str = "aligned",
    prior: Sequence[str] = (),
    steps: int = 256,
    rate: float | None = None,
    size: int | str | Size | None = None,
    seed: int = 0,
) -> Recipe:
    """A strip of pictures from one unit to another, neighbours alike, so that one sees what the two have in common.

    Args:
        through: two units or more, in their order: LAYER:CHANNEL, LAYER:0+1, logits:CLASS.
        between: pictures between two of them.
        align: LAYER or LAYER=WEIGHT in which neighbours are kept alike too, in deviations of its channels.
        parameterization: aligned (neighbours share their low frequencies), fourier, pyramid, pixels and so on.
        prior: NAME=WEIGHT to subtract per pixel: total-variation, l1 or l2 (from grey); repeatable.
        steps: steps of Adam.
        rate: its first rate, which falls to a twentieth.
        size: the pictures' side, or HEIGHTxWIDTH; the network's native size unless given.
        seed: of all chances.

    Raises:
        UnknownName: no such layer, channel, class, parameterization or prior.
        InvalidSetting: a number out of range, or fewer than two units.

    Source: Olah et al. 2017, "Feature Visualization", section on interaction; Mordvintsev et al. 2018, section on
    aligned interpolation; differs: each unit counts in its own deviations, so that none drowns the other.
    """
    count("between", between, 0, 64)
    count("steps", steps)
    units = model.units([through] if isinstance(through, str) else list(through))
    if len(units) < 2:
        raise InvalidSetting(f"'{units[0]}' is one unit; name two or more to go from one to the other")
    wanted = sized(size) or model.size
    area = (wanted, wanted) if isinstance(wanted, int) else wanted
    check_positions(model, units, [area])
    chosen, material = FEATURE["default"], _material(parameterization)
    alike = _alike(model, align)
    way = tuple(minus_priors(objective, prior) + alike for objective in _way(model, units, between))
    labels = tuple(_told(model, units, between))
    names = tuple(f"{number}: {label}".replace("\n", ", ") for number, label in enumerate(labels))
    return Recipe(
        names=names,
        stages=(Stage(way, area, steps, ascent(chosen, 0, rate)),),
        parameterization=material,
        transforms=chosen.transforms,
        constraint=None if material.bounded else in_range,
        seed=seed,
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
