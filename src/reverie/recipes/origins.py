"""Origins: how a recipe notes in what it makes what it was asked, so that a record can repeat it."""

import functools
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol, TypeVar, cast

from reverie.attribution import ActivationMaps, Explanation, Kernels
from reverie.errors import InvalidSetting
from reverie.files import file_digest
from reverie.image import Picture, Pictures, photos_in
from reverie.models.model import Model
from reverie.objectives import Objective
from reverie.parameterizations import Spectrum
from reverie.parameterizations.spectrum import measured
from reverie.paths import path_named
from reverie.recipes.other_networks import Other, others
from reverie.recipes.parameterizing import decoded
from reverie.recipes.preset_files import settings_from
from reverie.recipes.stored import is_stored
from reverie.recipes.views import Concept, concept_in
from reverie.runs import Runner
from reverie.settings.calling import Called, called_with
from reverie.settings.fields import in_file
from reverie.settings.own_preset import STARTS
from reverie.settings.setting import Settings, settings_of
from reverie.synthesis.batches import Synthesis
from reverie.synthesis.recipe import Recipe, distinct
from reverie.synthesis.storage import stored
from reverie.unit import Unit

S = TypeVar("S", bound=Settings)
Made = TypeVar("Made", Recipe, Explanation, ActivationMaps, Kernels)
Made_co = TypeVar("Made_co", covariant=True)
MEASURED = ("spectrum", "concept", "against")  # of whose photos a recipe is given what was measured
NAMED_STARTS = (*STARTS, "cppn")  # a start that is none of them is a photo


class Recorded(Called[Made_co], Protocol[Made_co]):
    """A recipe as it is called, and how what it makes is run."""

    run: Runner


def recorded(cls: type[S], *, run: Runner = Synthesis) -> Callable[[Callable[[Model, S], Made]], Recorded[Made]]:
    """Lets a recipe of settings be called with shorthand, and notes in what is made how a record can repeat it.

    Args:
        run: of what the recipe makes.
    """

    def decorated(recipe: Callable[[Model, S], Made]) -> Recorded[Made]:
        reads = {item.name: item.more["reads"] for item in settings_of(cls) if "reads" in item.more}

        @called_with(cls)
        @functools.wraps(recipe)
        def with_origin(model: Model, asked: S) -> Made:
            asked = _resolved(model, asked)
            given = {name: _plain(model, name, value) for name, value in asked.flat().items()}
            made = recipe(model, asked)
            return _noted(made, recipe.__name__, {name: _hashed(given[name], reads.get(name, "")) for name in given})

        with_origin.run = run  # type: ignore[attr-defined]
        return cast(Recorded[Made], with_origin)

    return decorated


def _resolved(model: Model, asked: S) -> S:
    """The settings with what depends on others settled, and what they name for code and numbers loaded, once."""
    asked = asked.settled()
    flat = asked.flat()
    changes: dict[str, Any] = {}
    if flat.get("parameterization") is not None:
        changes["parameterization"] = decoded(flat["parameterization"], model.device, alpha="alpha" in flat)
    if flat.get("spectrum") is not None:  # measured once, and its numbers kept
        changes["spectrum"] = measured(flat["spectrum"])
    if flat.get("concept"):
        concept = concept_in(model, flat["units"], flat["concept"], flat["against"])
        changes |= {"concept": concept or (), "against": ()}
    if flat.get("photos"):
        found = [photos_in(photo) if isinstance(photo, str) else [photo] for photo in flat["photos"]]
        changes["photos"] = tuple(photo for each in found for photo in each)
    if flat.get("also"):
        changes["also"] = others(flat["also"], model.device)
    return _looked_at(asked.changed(**changes))


def _looked_at(asked: S) -> S:
    """The settings with each photo and mask that a recipe reads as a picture, the same one where it is named twice."""
    pictures, flat = Pictures(), asked.flat()

    def picture(value: Any) -> Any:
        if isinstance(value, tuple):
            return tuple(map(picture, value))
        return value if value is None or is_stored(value) else pictures.of(value)

    read = [item.name for item in settings_of(type(asked)) if item.more.get("reads") in ("photo", "mask")]
    named = isinstance(flat.get("start"), str) and flat["start"] in NAMED_STARTS
    return asked.changed(**{name: picture(flat[name]) for name in read if name not in (*MEASURED, "start" * named)})


def _noted(made: Made, name: str, given: dict[str, Any]) -> Made:
    """What is made, with the recipe's name and plain arguments as its origin."""
    if isinstance(made, Explanation):
        given["unit"] = str(made.unit)
    if not isinstance(made, Recipe):
        return replace(made, origin=(name, given))
    if "units" in given:
        given["units"] = list(made.names)
        given["window"] = made.window is not None
    given |= {key: distinct(values) for key, values in made.each.items()}
    return replace(made, origin=(name, given))


def _hashed(value: Any, reads: str) -> Any:
    """A plain argument with the hash of what was read in place of each picture."""
    if isinstance(value, list):
        return [_hashed(item, reads) for item in value]
    return value.plain(reads) if isinstance(value, Picture) else value


def _plain(model: Model, name: str, value: Any) -> Any:
    if isinstance(value, Objective) or (name == "parameterization" and not isinstance(value, str | None)):
        return stored(value, model)
    if isinstance(value, tuple) and len(value) == 1 and isinstance(value[0], Concept | Mapping):
        return value[0].plain() if isinstance(value[0], Concept) else value[0]
    if isinstance(value, Spectrum):
        return value.plain()
    if isinstance(value, list | tuple):
        return [_plain(model, name, item) for item in value]
    if name == "photo" and is_stored(value):
        return {"photo": Path(value).name, "sha256": file_digest(value)}
    if name == "dictionary" and value is not None:
        if not path_named(value).is_file():
            raise InvalidSetting(f"there is no dictionary {value}; name a safetensors or .npy file of directions")
        return {"file": Path(value).name, "sha256": file_digest(value)}
    if name == "preset" and in_file(value):
        return dict(settings_from(value))
    if isinstance(value, Concept | Other):
        return value.plain()
    return str(value) if isinstance(value, Unit | Path) else value
