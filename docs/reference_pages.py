"""The pages of reference, written from the settings and the public names when the site is built."""

from __future__ import annotations

import importlib
import inspect
import re
from collections.abc import Iterator
from functools import cache
from types import ModuleType
from typing import TYPE_CHECKING, Any

from docutils import nodes

import reverie
from reverie.cli.commands import whole
from reverie.settings import commands
from reverie.settings.setting import NODEFAULT, Setting, Settings, allowed, settings_of

if TYPE_CHECKING:
    from sphinx.application import Sphinx

PLACE = "<!-- written when the site is built -->"
ELSEWHERE = {  # files beside docs/ that are pages of the site
    "../benchmarks/README.md": "measured.md",
    "../src/reverie/models/bundled/MODEL_CARD.md": "model_card.md",
    "../src/reverie/models/bundled/GENERATOR_CARD.md": "generator_card.md",
}
KINDS = {"Make and explain": inspect.isfunction, "Types": inspect.isclass, "Parts": inspect.ismodule}


def setup(site: Sphinx) -> dict[str, Any]:
    """Puts the pages where they belong, and lets pictures wait until they are seen."""
    site.connect("source-read", _filled)
    site.connect("autodoc-process-signature", _short_signature)
    site.connect("autodoc-process-docstring", _settings_told)
    site.connect("doctree-resolved", _lazy)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def _filled(_: Sphinx, name: str, source: list[str]) -> None:
    for file, page in ELSEWHERE.items():
        source[0] = source[0].replace(f"]({file}", f"]({page}")
    if PLACE in source[0]:
        written = {"reference/commands": command_page, "reference/python": python_page}[name]()
        source[0] = source[0].replace(PLACE, written)


def _lazy(_: Sphinx, page: nodes.document, __: str) -> None:
    for image in page.findall(nodes.image):
        image["loading"] = "lazy"


# commands


def command_page() -> str:
    """A section with a table for each command, and one for each set of options that several have."""
    known = {name: commands()[name] for name in sorted(commands().own)}
    shared = {part: None for cls in known.values() for part in (cls.asks, cls.writes) if part is not None}
    return "\n\n".join([*(_command(name, cls) for name, cls in known.items()), *map(_shared, shared)])


def _command(name: str, cls: type[Settings]) -> str:
    examples = "\n".join(f"reverie {name} {text}".rstrip() for text in cls.usage)
    also = [f"[{_title(part)}](#{_anchor(part)})" for part in (cls.asks, cls.writes) if part is not None]
    more = f"More options: {' and '.join(also)}." if also else ""
    head = f"({_place(name)})=\n## `reverie {name}`"
    about = inspect.cleandoc(cls.__doc__ or "")
    return "\n\n".join([head, about, f"```sh\n{examples}\n```", _table(name, cls), more])


def _shared(part: type[Settings]) -> str:
    command = next(name for name in commands().own if part in (commands()[name].asks, commands()[name].writes))
    return f"({_anchor(part)})=\n## Options of {_title(part)}\n\n{_table(command, part)}"


def _title(part: type[Settings]) -> str:
    """Its first sentence without the article: `network that is asked`."""
    words = inspect.cleandoc(part.__doc__ or part.__name__).partition(".")[0].split()
    return f"the {' '.join(words[1:])}" if words[0] in ("The", "A", "An") else " ".join([words[0].lower(), *words[1:]])


def _anchor(part: type[Settings]) -> str:
    return f"options-{part.__name__.lower()}"


def _table(command: str, cls: type[Settings]) -> str:
    """A row for each setting: how it is given, what it is, what it may be, what it is unless given."""
    rows = [f"| {' | '.join(_row(command, item))} |" for item in settings_of(cls)]
    return "\n".join(["| option | what it is | unless given |", "|---|---|---|", *rows]) if rows else ""


def _row(command: str, item: Setting) -> Iterator[str]:
    yield _given(command, item)
    yield _cell(f"{item.help}{_bounds(item)}")
    yield "must be given" if item.default is NODEFAULT else _cell(_default(item.default), code=True)


def _given(command: str, item: Setting) -> str:
    if "argument" in item.more:
        return f"`{item.more['argument']}`"
    found = next(param for param in _options(command) if param.name == item.name)
    return " ".join(f"`{flag}`" for flag in [*found.opts, *found.secondary_opts])


def _bounds(item: Setting) -> str:
    """The bounds of its numbers, where they say something."""
    text = allowed(item.kind, bounds=True)
    telling = re.search(r"\d", text) and not re.search(r"e\+|numbers", text)
    return f" {text[0].upper()}{text[1:]}." if telling and text not in item.help else ""


@cache
def _options(command: str) -> list[Any]:
    return list(whole(command).params)


def _place(command: str) -> str:
    return f"command-{command.replace(' ', '-')}"


def _default(value: Any) -> str:
    return "" if value is None or value is False or value == () else str(value)


def _cell(text: str, *, code: bool = False) -> str:
    safe = re.sub(r"(?<=\w)\*|\*(?=\w)", r"\\*", text).replace("|", "\\|").replace("<", "&lt;")
    return f"`{text}`" if code and text else safe


# Python


def python_page() -> str:
    """Every public name, by kind, from its docstring."""
    found = {name: getattr(reverie, name) for name in reverie.__all__}
    sections = []
    for title, holds in KINDS.items():
        names = [name for name, value in found.items() if holds(value)]
        sections.append(f"## {title}\n\n" + "\n\n".join(_entry("reverie", name, found[name]) for name in names))
    return "\n\n".join(sections)


def _entry(home: str, name: str, value: Any) -> str:
    if isinstance(value, ModuleType):
        return f"### `{home}.{name}`\n\n{_module(f'{home}.{name}')}"
    kind = "autoclass" if inspect.isclass(value) else "autofunction"
    members = "   :members:\n" if kind == "autoclass" and home == "reverie" else ""
    return f"```{{eval-rst}}\n.. {kind}:: {home}.{name}\n{members}```"


def _module(name: str) -> str:
    module = importlib.import_module(name)
    about = inspect.cleandoc(module.__doc__ or "").partition("\n")[0]
    named = sorted(getattr(module, "__all__", vars(module)))
    shown = [key for key in named if _shown(module, key) and key not in reverie.__all__]
    return "\n\n".join([about, *(_entry(name, key, getattr(module, key)) for key in shown)])


def _shown(module: ModuleType, name: str) -> bool:
    """Whether a name of a module is one of its functions or classes, and meant for others."""
    value = getattr(module, name)
    own = str(getattr(value, "__module__", "")).startswith(module.__name__)
    return own and not name.startswith("_") and (inspect.isclass(value) or inspect.isroutine(value))


def _short_signature(
    _: Sphinx, kind: str, __: str, value: Any, ___: Any, signature: str | None, result: str | None
) -> tuple[str, str | None] | None:
    """Of what takes settings the first names alone: the others stand in the command's table."""
    cls = getattr(value, "settings", None)
    if kind == "class" or signature is None:
        return None
    if isinstance(cls, type) and issubclass(cls, Settings):
        first = next(iter(inspect.signature(value).parameters))
        return f"({', '.join([first, *cls.leading])}, **settings)", None
    bare = [item.replace(annotation=inspect.Parameter.empty) for item in inspect.signature(value).parameters.values()]
    return str(inspect.Signature(bare)), result


def _settings_told(_: Sphinx, __: str, ___: str, value: Any, ____: Any, lines: list[str]) -> None:
    cls = getattr(value, "settings", None)
    name = cls.word() if isinstance(cls, type) and issubclass(cls, Settings) else ""
    if name in commands().own:
        lines += ["", f"`settings` are those of :ref:`reverie {name} <{_place(name)}>`, by their names in Python."]
