"""Named uses of the engines: functions of settings that return what is to run, hold no loop and never run.

A recipe is found by the settings that say who makes what they ask for: in `reverie.settings`, or in a plugin.
"""

import importlib
from typing import Any

from reverie.errors import PluginBroken
from reverie.settings import recipes
from reverie.settings.setting import Settings

__all__ = sorted(recipes())


def recipe(cls: type[Settings]) -> Any:
    """The recipe that makes what these settings ask for.

    Raises:
        PluginBroken: a plugin's, which cannot be imported.
    """
    module, _, function = cls.made_by.partition(":")
    try:
        return getattr(importlib.import_module(module), function)
    except (ImportError, AttributeError) as error:
        raise PluginBroken(f"{cls.__name__} is made by {cls.made_by}, which cannot be imported ({error})") from error


def __getattr__(name: str) -> Any:
    if name not in recipes():
        raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
    return recipe(recipes()[name])


def __dir__() -> list[str]:
    return __all__
