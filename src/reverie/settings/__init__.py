"""Settings: what can be asked, said once; a command line, a file, a record and a form all read these classes."""

import importlib
import pkgutil
from collections.abc import Mapping
from functools import cache

from reverie.settings.setting import Settings


@cache
def commands() -> Mapping[str, type[Settings]]:
    """All that can be asked by name, such as `dream`: the classes of this folder that say how they are used."""
    found: dict[str, type[Settings]] = {}
    for item in pkgutil.iter_modules(__path__):
        module = importlib.import_module(f"{__name__}.{item.name}")
        own = [value for value in vars(module).values() if isinstance(value, type) and issubclass(value, Settings)]
        found |= {cls.__name__.lower(): cls for cls in own if cls.__module__ == module.__name__ and cls.usage}
    return found
