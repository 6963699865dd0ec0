"""Presets as plain values: of a user's TOML file, or of a record."""

import dataclasses
import tomllib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from reverie.errors import InvalidSetting, UnknownName, nearest
from reverie.parameterizations import Parameterization
from reverie.paths import path_named
from reverie.recipes.parameterizing import made_of
from reverie.settings.choices import Choice
from reverie.settings.own_preset import Number, Table, Whole, checked, value_of
from reverie.transforms import Blur, Colour, Jitter, Noise, Pad, Roll, Rotate, Scale, Transform

TRANSFORMS: Mapping[str, Callable[..., Transform]] = {
    "blur": Blur, "colour": Colour, "jitter": Jitter, "noise": Noise,
    "pad": Pad, "roll": Roll, "rotate": Rotate, "scale": Scale,
}  # fmt: skip
LARGEST_FILE = 1_000_000  # bytes


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


def preset_values(table: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a Preset that plain values say, `base` left out.

    Raises:
        UnknownName: a key, transform or parameterization that there is not.
        InvalidSetting: a value of another kind.
    """
    found = checked({key: value for key, value in table.items() if key != "base"})
    if "parameterization" in found:
        found["parameterization"] = _material(found["parameterization"])
    if "transforms" in found:
        found["transforms"] = tuple(map(_transform, found["transforms"]))
    if found.keys() & {"steps", "rates"}:  # whoever says how far it goes gets no more
        found.setdefault("climb_on", 0)
    if "rates" in found:  # which hold at every octave
        found.setdefault("coarser", 1.0)
    return found


def _transform(table: Mapping[str, Any]) -> Transform:
    """A transform by its name and its numbers."""
    key = "transforms"
    name = value_of(key, table.get("name"), str) if "name" in table else value_of(key, None, Table)
    Choice("transform", tuple(TRANSFORMS)).check(name)
    made = TRANSFORMS[name]
    fields = dataclasses.fields(made)  # type: ignore[arg-type]
    numbers = _numbers(table, {item.name: Whole if item.type is int else Number for item in fields})
    missing = [item.name for item in fields if item.name not in numbers and item.default is dataclasses.MISSING]
    if missing:
        raise InvalidSetting(f"'{name}' in {key} needs {' and '.join(missing)}")
    return made(**numbers)


def _material(value: str | Mapping[str, Any]) -> Parameterization:
    """A parameterization by its name, or a table with the name and some of its numbers."""
    if isinstance(value, str):
        return made_of(value)
    made = made_of(value_of("parameterization", value.get("name"), str))
    fields: Sequence[dataclasses.Field[Any]] = dataclasses.fields(made) if dataclasses.is_dataclass(made) else ()
    known: dict[str, Any] = {item.name: Number for item in fields if isinstance(getattr(made, item.name), int | float)}
    return dataclasses.replace(made, **_numbers(value, known))  # type: ignore[type-var]


def _numbers(table: Mapping[str, Any], kinds: Mapping[str, Any]) -> dict[str, Any]:
    """The numbers beside a part's name."""
    given = {name: value for name, value in table.items() if name != "name"}
    unknown = [name for name in given if name not in kinds]
    if unknown:
        raise UnknownName(f"'{table['name']}' takes no '{unknown[0]}'; nearest: {nearest(unknown[0], kinds)}")
    return {name: value_of(name, value, kinds[name]) for name, value in given.items()}
