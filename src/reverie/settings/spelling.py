"""Spelling: how settings are written at a command line and in Python."""

import shlex
from collections.abc import Iterator, Mapping
from typing import Any

from reverie.errors import check_names
from reverie.settings.parts import Loading, Network
from reverie.settings.setting import Setting, Settings, settings_of
from reverie.settings.wording import alternatives

LOADED = {"native_size": "size", "output_as": "output"}  # what `reverie.load` calls otherwise
OF_TERMINALS = ("model", "classes", "threads")  # what it is not given so


def loading(whole: Loading, weights: Any, names: Mapping[str, Any]) -> Loading:
    """How `reverie.load` loads: the settings with what is said beside them, by the names that it has for them.

    Raises:
        UnknownName: a name that it does not take.
        InvalidSetting: as the settings.
    """
    fields = {LOADED.get(item.name, item.name): item.name for item in settings_of(Loading)}
    check_names("load", names, ["name", "loading", *(name for name in fields if name != "threads")])
    given = {fields[name]: value for name, value in names.items() if name != "classes"}
    given |= {} if weights == "default" else {"weights": None if weights is None else str(weights)}
    for name in ("mean", "std"):
        if given.get(name) is not None and not isinstance(given[name], str):
            given[name] = tuple(float(value) for value in given[name])
    if isinstance(given.get("output_key"), int):
        given["output_key"] = str(given["output_key"])
    return whole.changed(**given)


def flags(setting: Setting) -> list[str]:
    """The options by which a command takes a setting."""
    if "flag" in setting.more:
        return str(setting.more["flag"]).split()
    name = "--" + setting.name.replace("_", "-")
    automatic = bool in alternatives(setting.kind) and setting.default is None  # unless one of both is said
    return [f"{name}/--no-{name.removeprefix('--')}" if automatic else name]


def command_line(command: str, *given: Settings) -> str:
    """A command with all that differs from the defaults, ready for a shell: arguments first, then options.

    Args:
        command: its name, such as `dream` or `atlas build`.
        given: the settings of the command, of its network and of its output.
    """
    said = [(item, value) for settings in given for item, value in _said(settings)]
    words = [word for item, value in said if "argument" in item.more for word in _words(value)]
    options = [word for item, value in said if "argument" not in item.more for word in _option(item, value)]
    return shlex.join(["reverie", *command.split(), *words, *options])


def python_call(
    command: str,
    asked: Settings,
    network: Network,
    output: str | None = None,
    changes: Mapping[str, str] | None = None,
) -> str:
    """The same as a call in Python.

    Args:
        output: the file that what is made is saved to.
        changes: of the network's units, as `reverie.intervene` takes them.
    """
    said = {item.name: value for item, value in _said(asked)}
    first = []
    for name in asked.leading:
        if name not in said:
            break
        first.append(_literal(said.pop(name)))
    rest = [f"{name}={_literal(value)}" for name, value in said.items()]
    loaded, name = _loaded(network), _literal(str(network.model))
    model = "model" if changes else name if loaded == f"reverie.load({name})" else loaded
    call = f"reverie.{command}({', '.join([model, *first, *rest])})"
    call = call if output is None else f"{call}.save({output!r})"
    return f"model = {loaded}\nwith reverie.intervene(model, {dict(changes)!r}):\n    {call}" if changes else call


def _loaded(network: Network) -> str:
    options = [
        f"{LOADED.get(item.name, item.name)}={_literal(value)}"
        for item, value in _said(network)
        if item.name not in OF_TERMINALS
    ]
    return f"reverie.load({', '.join([_literal(str(network.model)), *options])})"


def _said(settings: Settings) -> Iterator[tuple[Setting, Any]]:
    """The settings that differ from their defaults."""
    flat = settings.flat()
    for item in settings_of(type(settings)):
        if item.required or flat[item.name] != item.default:
            yield item, flat[item.name]


def _literal(value: Any) -> str:
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_literal, value))}]"
    return repr(value) if isinstance(value, bool | int | float | None) else repr(str(value))


def _words(value: Any) -> list[str]:
    return [str(item) for item in value] if isinstance(value, list | tuple) else [] if value is None else [str(value)]


def _option(item: Setting, value: Any) -> list[str]:
    first, _, negated = flags(item)[0].partition("/")
    if isinstance(value, bool):
        return [first if value else negated]
    if "parse" in item.more:  # a size or numbers
        return [first, ",".join(_words(value))]
    return [word for each in _words(value) for word in (first, each)]
