"""How a function of settings is called: with them whole, or with what differs from their defaults by name."""

import functools
import inspect
from collections.abc import Callable, Sequence
from dataclasses import is_dataclass
from pathlib import Path
from typing import Any, ParamSpec, Protocol, TypeVar, cast

from reverie.errors import InvalidSetting, check_names
from reverie.paths import FORMATS
from reverie.settings.setting import Settings, parts_of
from reverie.settings.wording import allowed, shown

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


P = ParamSpec("P")


def names_checked(function: Callable[P, T]) -> Callable[P, T]:
    """A function that answers a misspelt keyword with those that it takes, as settings do, and what is no such part."""
    parameters = inspect.signature(function).parameters
    named = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    taken = [item.name for item in parameters.values() if item.kind in named]
    taken += parts_of(function.settings) if hasattr(function, "settings") else ()
    classes = {name: item.annotation for name, item in parameters.items() if isinstance(item.annotation, type)}
    parts = {name: kind for name, kind in classes.items() if is_dataclass(kind)}

    @functools.wraps(function)
    def call(*args: P.args, **given: P.kwargs) -> T:
        check_names(function.__name__, given, taken)
        if next(iter(parameters), "") == "model":
            check_first(function.__name__, args)
        said = {**dict(zip(parameters, args, strict=False)), **given}
        for name, kind in parts.items():
            if name in said and not isinstance(said[name], kind):
                makes = "; reverie.load returns one" if name == "model" else ""
                raise InvalidSetting(
                    f"{name} of {function.__name__} must be {allowed(kind)}, not {shown(said[name])}{makes}"
                )
        return function(*args, **given)

    return call


def check_first(name: str, args: Sequence[Any]) -> None:
    """Refuses a call whose first argument is a photo, or a text while the network stands among the others.

    Raises:
        InvalidSetting: it is.
    """
    first = args[0] if args else None
    if not isinstance(first, str):
        return
    later = any(hasattr(each, "forward") or hasattr(each, "variants") for each in args[1:])  # a module, a Model
    pictured = Path(first).suffix.lower() in FORMATS and Path(first).is_file()
    if later or pictured or first.startswith("sample:"):
        raise InvalidSetting(f"the first argument of {name} is the network, not {shown(first)}")


class Called(Protocol[T_co]):
    """A function of a network and settings, which may be given whole, or their first values and others by name."""

    settings: type[Settings]

    def __call__(self, model: Any, /, *leading: Any, **shorthand: Any) -> T_co:
        """What the function returns."""
        ...


def called_with(cls: type[Settings]) -> Callable[[Callable[..., T]], Called[T]]:
    """Lets a function of a network and settings be called with shorthand.

    What it takes beside the two, such as a place to write to, stands among the settings' names.
    """

    def decorated(function: Callable[..., T]) -> Called[T]:
        told = inspect.signature(function)
        network, _, *more = told.parameters.values()
        beside = {item.name for item in more}

        @functools.wraps(function)
        def call(model: Any, /, *leading: Any, **shorthand: Any) -> T:
            whole = leading[:1] if leading and isinstance(leading[0], cls) else ()
            order = [name for name in cls.leading if not whole or name in beside]
            given = cls.named(order, leading[len(whole) :], shorthand)
            rest = {name: value for name, value in given.items() if name not in beside}
            return function(model, cls.of(*whole, **rest), **{name: given[name] for name in beside & given.keys()})

        call.settings = cls  # type: ignore[attr-defined]
        call.__signature__ = cls.signature(network, more, told.return_annotation)  # type: ignore[attr-defined]
        return cast(Called[T], names_checked(call))

    return decorated
