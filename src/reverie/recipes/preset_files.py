"""Presets as plain values: of a user's TOML file, or of a record."""

import dataclasses
import reprlib
import tomllib
from collections.abc import Callable, Mapping
from typing import Any

from reverie.errors import InvalidSetting, UnknownName, nearest
from reverie.parameterizations import Parameterization
from reverie.paths import path_named
from reverie.recipes.materials import made_of
from reverie.settings.parts import LARGEST_SIDE
from reverie.transforms import Blur, Colour, Jitter, Noise, Pad, Roll, Rotate, Scale, Transform

TRANSFORMS: Mapping[str, Callable[..., Transform]] = {
    "blur": Blur, "colour": Colour, "jitter": Jitter, "noise": Noise,
    "pad": Pad, "roll": Roll, "rotate": Rotate, "scale": Scale,
}  # fmt: skip
LARGEST_FILE = 1_000_000  # bytes
LARGEST_NUMBER = 10**9


def in_file(preset: object) -> bool:
    """Whether a preset's name means a file: `FILE.toml`, or `FILE.toml:name`."""
    return isinstance(preset, str) and (preset.endswith(".toml") or ".toml:" in preset)


def settings_from(preset: str) -> Mapping[str, Any]:
    """The plain values of the preset that a file holds, as a table of its own name.

    Args:
        preset: `FILE.toml` where it holds one preset, `FILE.toml:name` where it holds several.

    Raises:
        UnknownName: no such file, or no such preset in it.
        InvalidSetting: not TOML, or not of this form.
    """
    stem, _, name = preset.partition(".toml")
    path, name = path_named(f"{stem}.toml"), name.removeprefix(":")
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise InvalidSetting(f"{path} is too large for a file of presets")
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        raise UnknownName(f"the presets {path} cannot be read ({reason}); name a TOML file") from None
    except RecursionError:
        raise InvalidSetting(f"{path} is nested too deep for a file of presets") from None
    except ValueError as error:  # also a number of thousands of digits
        raise InvalidSetting(f"{path} is not TOML: {error}") from None
    presets = {key: value for key, value in tables.items() if isinstance(value, dict)}
    if not presets or len(presets) < len(tables):
        raise InvalidSetting(f"{path} holds no preset; write a table for each, such as [calm] with steps = 64 below it")
    if not name and len(presets) > 1:
        raise InvalidSetting(f"{path} holds {len(presets)} presets, {', '.join(presets)}; name one as {path}:NAME")
    if name and name not in presets:
        raise UnknownName(f"{path} holds no preset '{name}'; nearest: {nearest(name, presets)}")
    chosen: Mapping[str, Any] = presets[name or next(iter(presets))]
    return chosen


def _whole(key: str, value: Any) -> int:
    """A whole number from 0 on."""
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= LARGEST_NUMBER:
        raise _wrong(key, "a whole number such as 64", value)
    return value


def _some(key: str, value: Any) -> int:
    """A whole number from 1 on."""
    if not _whole(key, value):
        raise _wrong(key, "a whole number from 1 on", value)
    return int(value)


def _number(key: str, value: Any) -> float:
    """A finite number."""
    if not isinstance(value, int | float) or isinstance(value, bool) or not abs(value) <= LARGEST_NUMBER:
        raise _wrong(key, "a number such as 1.4", value)
    return float(value)


def _text(key: str, value: Any) -> str:
    """A text."""
    if not isinstance(value, str):
        raise _wrong(key, "a text in quotes", value)
    return value


def _pair(key: str, value: Any) -> tuple[float, float]:
    """Two numbers."""
    if not isinstance(value, list | tuple) or len(value) != 2:
        raise _wrong(key, "two numbers such as [0.2, 0.01]", value)
    return _number(key, value[0]), _number(key, value[1])


def _pairs(key: str, value: Any) -> tuple[tuple[float, float], ...]:
    """Two numbers for each size; two alone are those of all sizes."""
    if isinstance(value, list | tuple) and value and not isinstance(value[0], list | tuple):
        return (_pair(key, value),)
    if not isinstance(value, list | tuple) or not value:
        raise _wrong(key, "two numbers for each size, such as [[0.2, 0.1], [0.1, 0.05]]", value)
    return tuple(_pair(key, item) for item in value)


def _wholes(key: str, value: Any) -> tuple[int, ...]:
    """Several sizes."""
    if not isinstance(value, list | tuple):
        raise _wrong(key, "whole numbers such as [160, 224]", value)
    return tuple(_side(key, item) for item in value)


def _side(key: str, value: Any) -> int:
    if _some(key, value) > LARGEST_SIDE:
        raise _wrong(key, f"sizes up to {LARGEST_SIDE}", value)
    return int(value)


def _transforms(key: str, value: Any) -> tuple[Transform, ...]:
    """Transforms in order, each by its name and its numbers."""
    if not isinstance(value, list | tuple):
        raise _wrong(key, 'a list such as [{name = "jitter", amount = 0.03}]', value)
    return tuple(_part(key, item, TRANSFORMS) for item in value)


def _part(key: str, value: Any, table: Mapping[str, Callable[..., Any]]) -> Any:
    if not isinstance(value, dict) or not isinstance(value.get("name"), str):
        raise _wrong(key, 'tables with a name, such as {name = "jitter", amount = 0.03}', value)
    if value["name"] not in table:
        raise UnknownName(f"there is no '{value['name']}' for {key}; nearest: {nearest(value['name'], table)}")
    made = table[value["name"]]
    known = {item.name: item for item in dataclasses.fields(made)}  # type: ignore[arg-type]
    given = {name: item for name, item in value.items() if name != "name"}
    unknown = [name for name in given if name not in known]
    missing = [name for name, item in known.items() if name not in given and item.default is dataclasses.MISSING]
    if unknown:
        raise UnknownName(f"'{value['name']}' takes no '{unknown[0]}'; nearest: {nearest(unknown[0], known)}")
    if missing:
        raise InvalidSetting(f"'{value['name']}' in {key} needs {' and '.join(missing)}")
    numbers = {
        name: _whole(name, item) if known[name].type is int else _number(name, item) for name, item in given.items()
    }
    return made(**numbers)


def _material(key: str, value: Any) -> Parameterization:
    """A parameterization by its name, or a table with the name and some of its numbers."""
    if not isinstance(value, dict):
        return made_of(_text(key, value))
    made = made_of(_text(key, value.get("name")))
    known = {item.name: getattr(made, item.name) for item in dataclasses.fields(made)}  # type: ignore[arg-type]
    changes = {name: _number(name, item) for name, item in value.items() if name != "name"}
    unknown = [name for name in changes if not isinstance(known.get(name), int | float)]
    if unknown:
        raise UnknownName(f"'{value['name']}' takes no '{unknown[0]}'; nearest: {nearest(unknown[0], known)}")
    return dataclasses.replace(made, **changes)  # type: ignore[type-var]


def _wrong(key: str, allowed: str, value: Any) -> InvalidSetting:
    return InvalidSetting(f"{key} of a preset must be {allowed}, not {reprlib.repr(value)}")


CHECKS: Mapping[str, Callable[[str, Any], Any]] = {
    "about": _text, "steps": _some, "ascent": _text, "rates": _pairs, "reduction": _text,
    "parameterization": _material, "transforms": _transforms, "betas": _pair, "schedule": _text, "octaves": _some,
    "octave_scale": _number, "coarsest": _whole, "sizes": _wholes, "blurs": _pairs, "start": _text, "redirect": _whole,
}  # fmt: skip


def checked(settings: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a Preset that plain values say, `base` left out.

    Raises:
        UnknownName: a key, transform or parameterization that there is not.
        InvalidSetting: a value of another kind.
    """
    unknown = [key for key in settings if key not in CHECKS and key != "base"]
    if unknown:
        raise UnknownName(f"a preset has no '{unknown[0]}'; nearest: {nearest(unknown[0], [*CHECKS, 'base'])}")
    return {key: CHECKS[key](key, value) for key, value in settings.items() if key != "base"}
