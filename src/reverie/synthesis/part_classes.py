"""Part classes: those that a record may name, and what of its values is of a field's type."""

import contextlib
import dataclasses
import math
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from types import ModuleType
from typing import Any

from reverie import constraints, transforms
from reverie.constraints import Constraint
from reverie.errors import PluginBroken, RecordRefused
from reverie.parameterizations import Latent, Parameterization
from reverie.parameterizations.parameterization import MADE_OF
from reverie.plugins import modules_of
from reverie.synthesis.ascent import Ascent
from reverie.synthesis.recipe import AddedDetail, Carry, Resized, Stage, Window
from reverie.transforms import Transform

LARGEST, LARGEST_WHOLE = 1e30, 2**63  # numbers that a record may hold, below
KINDS: Mapping[Any, Callable[[Any], bool]] = {  # what a record may give a field of these types
    Parameterization: lambda value: hasattr(value, "decode"),
    Transform: lambda value: hasattr(value, "draw"),
    Constraint: lambda value: getattr(value, "__module__", None) == constraints.__name__,
    Carry: lambda value: isinstance(value, Resized | AddedDetail),
    int: lambda value: isinstance(value, int) and is_number(value),
    float: lambda value: is_number(value),
}


def _public(module: ModuleType) -> Iterator[Any]:
    """The functions and classes that a module makes."""
    for name, item in vars(module).items():
        if callable(item) and getattr(item, "__module__", None) == module.__name__ and not name.startswith("_"):
            yield item


@cache
def own_parts() -> Mapping[str, Any]:
    """Reverie's own classes of parts, and functions that are parts, by name."""
    shown = [item for module in modules_of("reverie.parameterizations") for item in _public(module)]
    made_of = [item for item in shown if dataclasses.is_dataclass(item) and Parameterization in item.__mro__]  # type: ignore[union-attr]
    seen_through = filter(dataclasses.is_dataclass, _public(transforms))
    own = [*made_of, *seen_through, *_public(constraints), Ascent, Stage, Window, Resized, AddedDetail]
    return {item.__name__: item for item in own if item is not Latent}  # whose decoder is code: it has its own form


def _plugged() -> Iterator[tuple[str, Any]]:
    """The classes of the plugins' parameterizations, but for broken ones."""
    for name in set(MADE_OF.plugged) - set(own_parts()):
        with contextlib.suppress(PluginBroken):
            yield name, type(MADE_OF[name])


def part_name(part: Any) -> str | None:
    """The name by which a record knows a part's class; None where it is no such part."""
    if not (dataclasses.is_dataclass(part) or callable(part)):
        return None
    own = next((name for name, item in own_parts().items() if item is part or item is type(part)), None)
    return own or next((name for name, item in _plugged() if item is type(part)), None)


def part_named(name: str) -> Any:
    """The class of parts of this name, or the function that is a part.

    Raises:
        RecordRefused: there is none.
    """
    if name in own_parts():
        return own_parts()[name]
    if name not in MADE_OF.plugged:
        known = ", ".join([*own_parts(), *MADE_OF.plugged])
        raise RecordRefused(f"there is no part '{name[:60]}' here; known are {known}")
    return type(MADE_OF[name])


def is_number(value: Any) -> bool:
    """Whether a value is a finite number that a record may hold."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return abs(value) < LARGEST_WHOLE if isinstance(value, int) else math.isfinite(value) and abs(value) < LARGEST
