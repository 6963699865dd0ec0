"""Part types: what a part is built of, checked against what its fields say."""

from collections.abc import Callable, Mapping
from dataclasses import fields
from functools import cache
from numbers import Integral, Real
from types import UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from reverie.errors import InvalidSetting
from reverie.settings.wording import allowed, alternatives, shown

C = TypeVar("C", bound=type[Any])
Kinds = Mapping[Any, Callable[[Any], bool]]
OPEN: Kinds = {  # of what is built by hand
    int: lambda value: isinstance(value, Integral) and not isinstance(value, bool),
    float: lambda value: isinstance(value, Real) and not isinstance(value, bool),
}


def typed(cls: C) -> C:
    """Lets a dataclass refuse values of other types than its fields say, before its own checks.

    Of several values it takes a list too, or one alone.
    """
    made: Any = cls
    own = vars(made).get("__post_init__")

    def check(self: Any, *more: Any) -> None:
        for name, kind in _kinds(made).items():
            value = _several(getattr(self, name), kind)
            if not fits(value, kind):
                raise InvalidSetting(f"{name} of {made.__name__} must be {allowed(kind)}, not {shown(value)}")
            object.__setattr__(self, name, value)
        if own is not None:
            own(self, *more)

    made.__post_init__ = check
    return cls


@cache
def _kinds(cls: Any) -> Mapping[str, Any]:
    hints = get_type_hints(cls)
    return {item.name: hints[item.name] for item in fields(cls) if item.init}


def _several(value: Any, kind: Any) -> Any:
    """The value as a tuple, where there may be several."""
    kinds = [get_args(each) for each in alternatives(kind) if get_origin(each) is tuple]
    if kinds and isinstance(value, list):
        return tuple(_several(each, kinds[0][0]) for each in value)
    alone = any(each[-1] is ... and fits(value, each[0]) for each in kinds)
    return (value,) if alone else value


def fits(value: Any, kind: Any, known: Kinds = OPEN) -> bool:
    """Whether a value is of a field's type.

    Args:
        known: how those of some types are told.
    """
    if kind is Any:
        return True
    if kind in known:
        return known[kind](value)
    if get_origin(kind) in (Union, UnionType):
        return any(fits(value, each, known) for each in get_args(kind))
    if get_origin(kind) is tuple:
        return isinstance(value, tuple) and _each_fits(value, get_args(kind), known)
    own = get_origin(kind) or kind if known is OPEN else kind  # no class of several types comes of a record
    return isinstance(own, type) and isinstance(value, own) and not isinstance(value, type)


def _each_fits(values: tuple[Any, ...], kinds: tuple[Any, ...], known: Kinds) -> bool:
    if kinds[-1] is ...:
        return all(fits(value, kinds[0], known) for value in values)
    return len(values) == len(kinds) and all(fits(*pair, known) for pair in zip(values, kinds, strict=True))
