"""Libraries that only some commands need, and that an extra of the package brings."""

import importlib
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
        raise MissingExtra(
            f"{purpose} needs the library '{error.name}'; install it with: pip install 'reverie[{name}]'"
        ) from None
