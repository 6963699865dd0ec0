"""What the recipes' arguments have in common: units with weights, priors, sizes, and the record of what was given."""

import functools
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol, TypeVar, cast

from torch import Tensor

from reverie.attribution import Inquiry, Kernels, Survey
from reverie.errors import InvalidSetting, UnknownName, nearest
from reverie.image import Photo, Size, digest, file_digest, grey, mask_digest, read, read_at
from reverie.models.model import Model
from reverie.models.moments import channel_moments
from reverie.objectives import PHOTO_PRIORS, PRIORS, Objective, activation
from reverie.objectives.constructors import stored
from reverie.parameterizations import Latent, Spectrum
from reverie.paths import path_named
from reverie.recipes.materials import decoded, measured
from reverie.recipes.networks import Other, others
from reverie.recipes.preset_files import in_file, settings_from
from reverie.recipes.presets import Preset
from reverie.recipes.views import Concept, concept_in
from reverie.runs import Runner
from reverie.settings.calling import Called, called_with
from reverie.settings.parts import sized as sized
from reverie.settings.setting import Settings, settings_of
from reverie.synthesis.ascent import Ascent
from reverie.synthesis.recipe import STARTS, Recipe, distinct
from reverie.synthesis.run import Synthesis
from reverie.unit import Unit

S = TypeVar("S", bound=Settings)
Made = TypeVar("Made", Recipe, Inquiry, Survey, Kernels)
Made_co = TypeVar("Made_co", covariant=True)
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
            given = {name: _plain(model, name, value, reads.get(name)) for name, value in asked.flat().items()}
            return _noted(recipe(model, asked), recipe.__name__, given)

        with_origin.run = run  # type: ignore[attr-defined]
        return cast(Recorded[Made], with_origin)

    return decorated


def _resolved(model: Model, asked: S) -> S:
    """The settings with what they name for code and numbers loaded, once."""
    flat = asked.flat()
    changes: dict[str, Any] = {}
    if flat.get("parameterization") is not None:
        changes["parameterization"] = decoded(flat["parameterization"], model.device)
    if flat.get("spectrum") is not None:  # measured once, and its numbers kept
        changes["spectrum"] = measured(flat["spectrum"])
    if flat.get("concept"):
        concept = concept_in(model, flat["units"], flat["concept"], flat["against"])
        changes |= {"concept": concept or (), "against": ()}
    if flat.get("also"):
        changes["also"] = others(flat["also"], model.device)
    return asked.changed(**changes) if changes else asked


def _noted(made: Made, name: str, given: dict[str, Any]) -> Made:
    """What is made, with the recipe's name and plain arguments as its origin."""
    if isinstance(made, Inquiry):
        given["unit"] = str(made.unit)
    if not isinstance(made, Recipe):
        return replace(made, origin=(name, given))
    if "units" in given:
        given["units"] = list(made.names)
        given["window"] = made.window is not None
    given |= {key: distinct(values) for key, values in made.each.items()}
    return replace(made, origin=(name, given))


def _plain(model: Model, name: str, value: Any, reads: str | None) -> Any:
    if isinstance(value, Objective):
        return stored(value, model)
    if isinstance(value, tuple) and len(value) == 1 and isinstance(value[0], Concept | Mapping):
        return value[0].plain() if isinstance(value[0], Concept) else value[0]
    if isinstance(value, Spectrum):
        return value.plain()
    if isinstance(value, list | tuple):
        return [_plain(model, name, item, reads) for item in value]
    if reads == "mask" and value is not None:
        return {"mask": _shown(value), "sha256": mask_digest(value)}
    if name == "photo" and isinstance(value, str | Path) and str(value).endswith(".npy"):
        return {"photo": Path(value).name, "sha256": file_digest(value)}
    if name == "dictionary" and value is not None:
        if not path_named(value).is_file():
            raise InvalidSetting(f"there is no dictionary {value}; name a safetensors or .npy file of directions")
        return {"file": Path(value).name, "sha256": file_digest(value)}
    named = name == "start" and isinstance(value, str) and value in NAMED_STARTS
    if reads == "photo" and value is not None and not named:
        return {"photo": _shown(value), "sha256": digest(value)}
    if name == "preset" and in_file(value):
        return dict(settings_from(value))
    if isinstance(value, Latent):
        return dict(value.source)
    if isinstance(value, Concept | Other):
        return value.plain()
    return str(value) if isinstance(value, Unit | Path) else value


def _shown(photo: Photo) -> str:
    """A photo's name without its folder."""
    if not isinstance(photo, str | Path):
        return "array"
    return str(photo) if str(photo).startswith("sample:") else Path(photo).name


def check_position(model: Model, unit: Unit, size: Size) -> None:
    """That the rows and columns a unit names exist on a picture of this size.

    Raises:
        UnknownName: they do not.
    """
    if not unit.positional:
        return
    grid = model.grid(unit.layer, size)
    for name, span, length in (("row", unit.rows, grid[0]), ("column", unit.columns, grid[1])):
        if span is not None and span[1] >= length:
            raise UnknownName(
                f"'{unit.layer}' has {grid[0]} rows and {grid[1]} columns on a picture of {size[0]}x{size[1]}; "
                f"{name} {span[1]} is out of range, the last is {length - 1}"
            )


def check_positions(model: Model, units: Sequence[Unit], sizes: Sequence[Size]) -> None:
    """`check_position` for several units and sizes."""
    for unit in units:
        for size in sizes:
            check_position(model, unit, size)


def weighted(text: str) -> tuple[str, float]:
    """`UNIT=WEIGHT` apart; the weight is 1 where none is written.

    Raises:
        InvalidSetting: a weight that is no number.
    """
    found = re.fullmatch(r"(.*?)=([^=\"]*)", text)
    if not found:
        return text, 1.0
    try:
        weight = float(found[2])
        if not math.isfinite(weight):
            raise ValueError
        return found[1], weight
    except ValueError:
        raise InvalidSetting(f"'{found[2]}' in '{text}' is no weight; write UNIT=NUMBER, such as block8=0.5") from None


def response(model: Model, unit: Unit, reduction: str) -> Objective:
    """A unit's activation, with the moments of its layer's channels where the reduction needs them."""
    return activation(unit, reduction, moments=channel_moments(model, unit.layer) if reduction == "whitened" else None)


def minus_priors(objective: Objective, priors: Sequence[str], photo: Tensor | None = None) -> Objective:
    """The objective less each prior, given as `NAME=WEIGHT`; those from a photo where there is one.

    Raises:
        UnknownName: no such prior.
    """
    for text in [priors] if isinstance(priors, str) else priors:
        name, weight = weighted(text)
        known = [*PRIORS, *(PHOTO_PRIORS if photo is not None else [])]
        if name not in known:
            raise UnknownName(f"there is no prior '{name}'; nearest: {nearest(name, known)}; write NAME=WEIGHT")
        prior = PRIORS[name]() if photo is None or name in PRIORS else PHOTO_PRIORS[name](photo)
        objective = objective - weight * prior
    return objective


def native_photo(model: Model, photo: Photo, size: int | str | Size | None) -> Tensor:
    """A photo [1,C,H,W] for a classifier: its short side at the network's native size, unless another is given.

    Raises:
        InvalidSetting: a network that takes neither colours nor greys, or no size.
    """
    if model.channels not in (1, 3):
        raise InvalidSetting(f"{model.name} takes {model.channels} channels; a photo has 3, or 1 as grey")
    wanted = sized(size)
    picture = read(photo, min(model.size)) if wanted is None else read_at(photo, wanted)
    height, width = picture.shape[-2:]
    if wanted is None:
        picture = read_at(picture, round(max(height, width) * min(model.size) / min(height, width)))
    picture = picture.to(model.device)
    return grey(picture) if model.channels == 1 else picture


def ascent(preset: Preset, stage: int, rate: float | None) -> Ascent:
    """The preset's ascent at one of its sizes."""
    first, last = preset.rates[min(stage, len(preset.rates) - 1)]
    ends = (first, last) if rate is None else (rate, rate * last / first if first else rate)
    blur = preset.blurs[min(stage, len(preset.blurs) - 1)] if preset.blurs else None
    return Ascent(preset.ascent, ends, preset.schedule, blur, preset.betas)
