"""Deferred functions: what is wrong in a call is refused before torch, and with it the function, is imported."""

import importlib
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from reverie.cli.early import check_early
from reverie.models.known_classes import check_network
from reverie.settings import askable, recipes
from reverie.settings.calling import check_first
from reverie.settings.parts import Loading
from reverie.settings.setting import Settings, parts_of, settings_of
from reverie.settings.spelling import loading

CALLS, SOURCES = "reverie.recipes.calls", "reverie.models.sources"  # where the recipes are called, and `load` is


class Deferred:
    """A function that is imported when it is called, or when somebody wants to know what it is."""

    def __init__(self, name: str, home: str) -> None:
        self.__name__ = self.__qualname__ = name
        self.__module__ = home

    @property
    def _whole(self) -> Callable[..., Any]:
        found: Callable[..., Any] = getattr(importlib.import_module(self.__module__), self.__name__)
        return found

    def __call__(self, *args: Any, **given: Any) -> Any:
        """What the function returns."""
        if args and "torch" not in sys.modules:
            _check(self.__name__, self.__module__, args, given)
        return self._whole(*args, **given)

    def __get__(self, owner: Any, kind: Any = None) -> "Deferred":
        """Itself: by this `help` tells a function from a value."""
        return self

    def __getattr__(self, name: str) -> Any:
        return getattr(self._whole, name)

    __doc__ = property(lambda self: self._whole.__doc__)


def deferred(name: str, home: str) -> Deferred | None:
    """The function of this name and module, deferred where its settings can be checked without it."""
    return Deferred(name, home) if home in (CALLS, SOURCES) or _asked(name, home) else None


def _asked(name: str, home: str) -> type[Settings] | None:
    """The settings of a function that is called with some, beside what else it takes."""
    return next((cls for cls in askable().values() if cls.made_by == f"{home}:{name}"), None)


def _check(name: str, home: str, args: Sequence[Any], given: Mapping[str, Any]) -> None:
    """Refuses what the settings refuse; of a recipe's call also what the command line refuses of its words."""
    model, *leading = args
    if home == SOURCES:
        _check_load(*leading, **given)
        if isinstance(model, str):
            check_network(model)
        return
    check_first(name, args)
    if home == CALLS:
        asked = recipes()[name].of(*leading, **{key: value for key, value in given.items() if key != "progress"})
        words = {key: _words(value) for key, value in asked.flat().items()}
        check_early(name, {**words, "model": model if isinstance(model, str) else None})
    elif (cls := _asked(name, home)) and not isinstance(next(iter(leading), None), cls):
        own = {*parts_of(cls), *(item.name for item in settings_of(cls))}
        cls.made(**{key: value for key, value in cls.named(cls.leading, leading, given).items() if key in own})


def _check_load(weights: Any = "default", whole: Loading | None = None, **names: Any) -> None:
    loading(names.pop("loading", whole) or Loading(), weights, names)


def _words(value: Any) -> Any:
    """What of a value is text, as a command line has it."""
    if isinstance(value, list | tuple):
        return [str(item) for item in value if isinstance(item, str | Path)]
    return str(value) if isinstance(value, str | Path) else None
