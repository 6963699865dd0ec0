"""What a preset of one's own says, in a file or in a record."""

import re
import reprlib
from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Any, get_args, get_origin

import msgspec
from msgspec import Meta, ValidationError

from reverie.errors import InvalidSetting, UnknownName, nearest
from reverie.settings.choices import Choice
from reverie.settings.feature import GROUNDS
from reverie.settings.fields import LARGEST_SIDE, MATERIALS, REDUCTIONS
from reverie.settings.setting import Settings, asked, settings_of

LARGEST_NUMBER = 10**9
# whitened where the network brings its channels' moments, so that no motif takes over, else mean-square
USUAL = "usual"
Whole = Annotated[int, Meta(ge=0, le=LARGEST_NUMBER)]
Some = Annotated[int, Meta(ge=1, le=LARGEST_NUMBER)]
Number = Annotated[float, Meta(ge=-LARGEST_NUMBER, le=LARGEST_NUMBER)]
Side = Annotated[int, Meta(ge=1, le=LARGEST_SIDE)]
Pair = tuple[Number, Number]
Table = dict[str, Any]
WORDS: Mapping[Any, str] = {  # how a message says what is allowed
    str: "a text in quotes", int: "a whole number such as 64", float: "a number such as 1.4",
    Pair: "two numbers such as [0.2, 0.01]", Side: f"sizes from 1 to {LARGEST_SIDE}",
    tuple[Pair, ...]: "two numbers for each size, such as [[0.2, 0.1], [0.1, 0.05]]",
    tuple[Side, ...]: "whole numbers such as [160, 224]",
    Table: 'tables with a name, such as {name = "jitter", amount = 0.03}',
    tuple[Table, ...]: 'a list such as [{name = "jitter", amount = 0.03}]',
    str | Table: "a text in quotes",
}  # fmt: skip

ASCENTS = Choice("ascent", ("adam", "mean-abs", "paced", "std", "sign", "l2", "gradient", "newton", "lbfgs"))
SCHEDULES = Choice("schedule", ("linear", "cosine"))
PRESET_REDUCTIONS = REDUCTIONS.more(USUAL)
PRESET_MATERIALS = replace(
    MATERIALS, also="a table of its name and numbers", takes=lambda made: isinstance(made, Mapping)
)
STARTS = Choice("start", (*GROUNDS, "photo"))


def pairs(value: Any) -> Any:
    """Two numbers for each size; two alone are those of all sizes."""
    alone = isinstance(value, list | tuple) and value and not isinstance(value[0], list | tuple)
    return [value] if alone else value


class OwnPreset(Settings):
    """A preset of one's own: what differs from its base."""

    base: Annotated[str, asked("The preset whose values hold where this one says nothing.")] = "default"
    about: Annotated[str, asked("A sentence.")] = ""
    steps: Annotated[Some, asked("Steps at each size.")] = 1
    ascent: Annotated[str, asked("The kind of gradient ascent: {}.", choice=ASCENTS)] = "adam"
    rates: Annotated[tuple[Pair, ...], Meta(min_length=1), asked("First and last rate at each size.", parse=pairs)] = (
        (0.1, 0.1),
    )
    betas: Annotated[Pair, asked("Decay of Adam's two means.")] = (0.8, 0.95)
    schedule: Annotated[str, asked("How the rate falls: {}.", choice=SCHEDULES)] = "linear"
    reduction: Annotated[str, asked("Of a unit's activation: {}.", choice=PRESET_REDUCTIONS)] = "mean"
    parameterization: Annotated[str | Table, asked("What the picture is made of: {}.", choice=PRESET_MATERIALS)] = (
        "pixels"
    )
    transforms: Annotated[tuple[Table, ...], asked("What the network sees the picture through, in order.")] = ()
    octaves: Annotated[Some, asked("Sizes of a dream.")] = 1
    octave_scale: Annotated[Number, asked("Ratio of a size to the one before.")] = 1.4
    coarser: Annotated[Number, asked("A dream's rates at an octave, as a share of those at the next finer one.")] = 1.0
    climb_on: Annotated[Whole, asked("Steps at most in which a dream's layers climb on at its full size.")] = 0
    coarsest: Annotated[Whole, asked("About the long side of a dream's first octave; 0 for any.")] = 0
    sizes: Annotated[tuple[Side, ...], asked("Sides of a feature's stages; of a dream at most one.")] = ()
    blurs: Annotated[tuple[Pair, ...], asked("Deviation of the gradient's blur, as rates.", parse=pairs)] = ()
    start: Annotated[str, asked("{}.", choice=STARTS)] = "noise"
    redirect: Annotated[Whole, asked("First steps with redirected rectifiers.")] = 0


def checked(given: Mapping[str, Any]) -> dict[str, Any]:
    """The values that a table says, of their types and within their bounds.

    Raises:
        UnknownName: a key that presets do not have, or a name that there is not.
        InvalidSetting: a value of another kind.
    """
    known = {item.name: item for item in settings_of(OwnPreset)}
    unknown = [key for key in given if key not in known]
    if unknown:
        raise UnknownName(f"a preset has no '{unknown[0]}'; nearest: {nearest(unknown[0], known)}")
    found = {
        key: value_of(key, known[key].more.get("parse", lambda item: item)(value), known[key].kind)
        for key, value in given.items()
    }
    for key, value in found.items():
        known[key].choose(value)
    return found


def value_of(key: str, value: Any, kind: Any) -> Any:
    """A value of a preset as its type has it.

    Raises:
        InvalidSetting: of another type, or out of bounds, at whatever depth.
    """
    try:
        return msgspec.convert(value, kind)
    except OverflowError:
        wrong, allowed = value, kind
    except ValidationError as error:  # which says where, such as $[0][1]
        wrong, allowed = _place(value, kind, [int(step) for step in re.findall(r"\[(\d+)\]", str(error))])
    raise InvalidSetting(f"{key} of a preset must be {_words(allowed)}, not {reprlib.repr(wrong)}") from None


def _place(value: Any, kind: Any, path: list[int]) -> tuple[Any, Any]:
    """The value within lists that is wrong, and the type that it should have."""
    for step in path:
        items = get_args(_bare(kind))
        value, kind = value[step], items[0 if items[-1] is ... else step]
    return value, kind


def _bare(kind: Any) -> Any:
    """A type without what is said about it."""
    return get_args(kind)[0] if get_origin(kind) is Annotated else kind


def _words(kind: Any) -> str:
    return WORDS[Side] if kind == Side else WORDS[_bare(kind)]
