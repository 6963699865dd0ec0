"""Radii: how large a change to a photo must be to fool a network."""

from dataclasses import replace
from typing import Any

from torch import nn

from reverie.errors import InvalidSetting
from reverie.figures.result import Result
from reverie.image import Photo, Picture
from reverie.models.model import Model
from reverie.models.sources import load
from reverie.recipes.fooling import LARGEST, RADII
from reverie.recipes.fooling import fool as fool_recipe
from reverie.settings.calling import called_with
from reverie.settings.fool import Fool
from reverie.synthesis import synthesize

WITHIN = ("pgd", "fgsm")  # methods that go as far as the radius, and have one unless it is said


@called_with(Fool)
def smallest_radius(model: Model | str | nn.Module, asked: Fool) -> float:
    """The least radius within which a photo can be made to fool a network, by bisection; of l2 to within 3 %.

    Args:
        asked: the settings of `reverie.fool`, whose radius is where the search begins.

    Raises:
        InvalidSetting: no radius up to LARGEST is enough.
    """
    begin = asked.radius or (1.0 if asked.norm == "linf" else 0.25)
    settings = asked.flat()
    found = _smallest(load(model), settings.pop("photo"), 0.0, begin, settings)
    return float(found.record.arguments["radius"])


def settled(model: Model, asked: Fool) -> Fool:
    """The settings with the photo as a picture, and with the smallest radius that is enough where that is asked for.

    Raises:
        InvalidSetting: it is, of no photo or beside a radius; or no radius is enough.
    """
    asked = asked if asked.photo is None else asked.changed(photo=Picture.of(asked.photo))
    if not asked.smallest:
        return asked
    if asked.photo is None or asked.radius is not None:
        raise InvalidSetting("--smallest looks for the radius of a change to a photo: name a photo and no --radius")
    return asked.changed(radius=smallest_radius(model, asked), smallest=False)


def _smallest(model: Model, photo: Photo, low: float, high: float, settings: dict[str, Any]) -> Result:
    """The fooling of the least radius above `low`, which does not do; `high` is tried first."""
    norm, photo = settings["norm"], Picture.of(photo)

    def made(within: float) -> Result:
        return synthesize(model, fool_recipe(model, photo, **{**settings, "radius": within}))

    best = made(high)
    while not _fools(best):
        low, high = high, 2 * high
        if high > LARGEST[norm]:
            raise InvalidSetting(f"no change of {norm} up to {low:g} fools {model.name}; take more --steps")
        best = made(high)
    while high - low > (1 if norm == "linf" else 0.03 * high):
        middle = (low + high) / 2 if norm == "l2" else float((low + high) // 2)
        tried = made(middle)
        if _fools(tried):
            best, high = tried, middle
        else:
            low = middle
    return best


def _fools(result: Result) -> bool:
    return bool(result.findings[0].values["fooled"])


def too_small(result: Result) -> float | None:
    """The usual radius of a fooling that ran to its end within it and does not fool; None of all others."""
    record = result.record
    asked, facts = record.arguments, record.automatic
    whole = facts.get("steps_taken") == sum(facts.get("steps", ()))
    if not whole or _fools(result):
        return None
    return RADII[asked["norm"]] if asked["radius"] is None and asked["method"] in WITHIN else None


def widened(model: Model, result: Result, photo: Photo | None = None, **settings: Any) -> Result:
    """The fooling of the smallest radius that does, where the usual one is too small; as it is where none does.

    Args:
        settings: those of `reverie.fool` that it was made with.
    """
    tried = too_small(result)
    if photo is None or tried is None:
        return result
    try:
        found = _smallest(model, photo, tried, 2 * tried, {**settings, "norm": result.record.arguments["norm"]})
    except InvalidSetting:
        return result
    return replace(found, records=(found.record.noting(too_small=tried),))
