"""Settings: what can be asked, said once; a command line, a file, a record and a form all read these classes."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from reverie.plugins import Table, modules_of
from reverie.settings.forms import schema as schema
from reverie.settings.parts import Network, Output
from reverie.settings.setting import Settings


@cache
def askable() -> Mapping[str, type[Settings]]:
    """All classes of this folder that say who makes what they ask for, or how a command is used, by name.

    The name of one within a group has two words, such as `atlas build`.
    """
    return {
        f"{value.within} {value.word()}".strip(): value
        for module in modules_of(__name__)
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, Settings) and value.__module__ == module.__name__
        if value.made_by or value.usage
    }


@cache
def _own() -> Mapping[str, type[Settings]]:
    return {name: cls for name, cls in askable().items() if cls.usage}


def _settings(part: Any) -> type[Settings] | None:
    """A plugin's command: settings that say who makes what they ask for, how the network is told, and the output."""
    if not (isinstance(part, type) and issubclass(part, Settings) and part.made_by):
        return None
    told = part.asks is not None and issubclass(part.asks, Network)
    return part if told and part.writes is not None and issubclass(part.writes, Output) else None


_COMMANDS = Table("commands", _own, _settings)


def commands() -> Table[type[Settings]]:
    """All that can be asked by name, such as `dream`: the classes that say how they are used, and those of plugins."""
    return _COMMANDS


@cache
def recipes() -> Mapping[str, type[Settings]]:
    """The settings of reverie's own recipes, by the recipes' names."""
    return {name: cls for name, cls in askable().items() if cls.made_by.startswith("reverie.recipes.")}
