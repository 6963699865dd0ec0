"""Libraries that only some commands need, and that an extra of the package brings."""

import importlib
import importlib.util
import sys
from typing import Any

from reverie.errors import MissingExtra


def extra(module: str, name: str, purpose: str) -> Any:
    """An optional library, imported when it is first needed.

    Args:
        module: what to import, such as `av`.
        name: the extra of this package that brings it, such as `video`.
        purpose: what it is needed for, as the message says it.

    Raises:
        MissingExtra: it is not installed.
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        raise _missing(error.name or module, name, purpose) from None


def installed(module: str) -> bool:
    """Whether an optional library is there, without importing it."""
    if module in sys.modules:
        return sys.modules[module] is not None
    return importlib.util.find_spec(module) is not None


def ensure(module: str, name: str, purpose: str) -> None:
    """That an optional library is there, before anything is loaded; as `extra`."""
    if not installed(module):
        raise _missing(module, name, purpose)


def remedy(name: str) -> str:
    """What installs an extra; this package is on no index, so it is said for its source."""
    return f"install the extra '{name}' in the folder of reverie's source: pip install -e '.[{name}]'"


def _missing(module: str, name: str, purpose: str) -> MissingExtra:
    return MissingExtra(f"{purpose} needs the library '{module}'; {remedy(name)}")
