"""The widget: what it holds, and the script and style that show it."""

import importlib
from functools import cache
from importlib import resources
from typing import Any

from reverie.extras import extra


def widget() -> Any:
    """A new widget.

    Its traits: `done` and `total` (0 where nobody knows), `task`, `note`, `picture` (bytes of a JPEG), `page` (HTML of
    a card), `unit` (a field for it is shown unless it is empty) and `state`: waiting, running, ended, stopped, failed.

    Raises:
        MissingExtra: anywidget is not installed.
    """
    return _kind()()


@cache
def _kind() -> type[Any]:
    anywidget = extra("anywidget", "notebook", "a widget in a notebook")
    traits = importlib.import_module("traitlets")
    files = resources.files("reverie.notebook")
    held: dict[str, Any] = {
        "_esm": files.joinpath("widget.js").read_text(encoding="utf-8"),
        "_css": files.joinpath("widget.css").read_text(encoding="utf-8"),
        "picture": traits.Bytes().tag(sync=True),
        "state": traits.Unicode("waiting").tag(sync=True),
    }
    held |= {name: traits.Int().tag(sync=True) for name in ("done", "total")}
    held |= {name: traits.Unicode().tag(sync=True) for name in ("task", "note", "page", "unit")}
    return type("ReverieWidget", (anywidget.AnyWidget,), held)
