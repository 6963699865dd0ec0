"""What a page asks for: checked against the same settings that the command line has, and against what it may name."""

import re
import shlex
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Annotated, Any

from msgspec import Meta, Struct

from reverie import settings
from reverie.errors import InvalidSetting, UnknownName, nearest
from reverie.expression import check_text
from reverie.paths import FILMS
from reverie.settings.card import Card
from reverie.settings.parts import Filmed, Network, Output
from reverie.settings.setting import Setting, Settings, settings_of
from reverie.settings.spelling import command_line, python_call
from reverie.settings.studio import Studio
from reverie.studio.companions import Companions
from reverie.studio.jobs import RERUN, Job
from reverie.studio.pictures import Pictures
from reverie.studio.works import Work, title

PICTURED = ("photo", "mask")  # settings that read pictures
PLAIN_NAMES = ("code", "preset")  # settings that may name code or a file, of which a page names only what is built in
LONGEST = 20_000  # characters of one text
MOST = 2_000  # values of one setting
BUILT_IN = re.compile(r"[a-z0-9_-]{1,40}")

Name = Annotated[str, Meta(max_length=100)]
Few = Annotated[int, Meta(ge=1, le=1000)]


class JobRequest(Struct, forbid_unknown_fields=True):
    """A job that somebody asks for."""

    kind: Name
    settings: dict[str, Any] = {}
    pictures: dict[str, Name | list[Name] | None] = {}
    film: Annotated[str, Meta(max_length=8)] = ""
    changes: dict[Name, Name] = {}
    work: Name | None = None


class Move(Struct, forbid_unknown_fields=True):
    """Where a job is to wait."""

    before: Name | None = None


@cache
def kinds() -> Mapping[str, type[Settings]]:
    """The settings of all that can be made here, by the commands' names."""
    own = {name: cls for name, cls in settings.recipes().items() if cls.asks is Network}
    return {**own, "card": Card}


def kind(name: str) -> type[Settings]:
    """The settings of this name.

    Raises:
        UnknownName: there are none.
    """
    if name not in kinds():
        raise UnknownName(f"the studio makes no '{name}'; nearest: {nearest(name, kinds())}")
    return kinds()[name]


def filmed(cls: type[Settings]) -> bool:
    """Whether a film of a run by these settings can be kept."""
    return cls.writes is not None and issubclass(cls.writes, Filmed)


def form(name: str) -> dict[str, Any]:
    """JSON Schema of what a page may ask for."""
    cls = kind(name)
    whole = settings.schema(cls)
    hidden = {item.name for item in settings_of(cls) if closed(item)}
    whole["properties"] = {key: value for key, value in whole["properties"].items() if key not in hidden}
    return whole


def closed(item: Setting) -> bool:
    """Whether a setting names what a page must not: a file, a folder or another network."""
    return item.more.get("reads") in ("file", "network") or bool(item.more.get("names"))


def job(request: JobRequest, pictures: Pictures, companions: Companions) -> Job:
    """The job of a request; a unit's card gets the real patches that there are of it.

    Raises:
        ReverieError: settings that there are not, that are out of their bounds, or that a page must not name.
    """
    cls = kind(request.kind)
    given = {**_settings(cls, request.settings), **_pictures(cls, request.pictures, pictures)}
    if cls is Card and (patches := companions.patches_of(str(given.get("unit", "")))):
        given["scan"] = patches
    asked = cls.made(**given)
    _check_units(cls, asked)
    if request.film and (request.film not in FILMS or not filmed(cls)):
        raise InvalidSetting(f"'{request.kind}' has no film '{request.film}'; allowed are {', '.join(FILMS)}, or none")
    named = title(request.kind, given)
    return Job(request.kind, named, given, request.settings, request.pictures, request.film, request.changes)


def spelt(request: JobRequest, pictures: Pictures, companions: Companions, network: Network) -> dict[str, str]:
    """The command line and the call in Python that do what a request asks for.

    Raises:
        ReverieError: as `job`.
    """
    if request.kind == RERUN and request.work is not None:
        return spelt_rerun(pictures.works.work(request.work))
    cls, given = kind(request.kind), job(request, pictures, companions).given
    asked, name = cls.made(**given), f"{request.kind}.png"
    writing = (cls.writes or Output).made(**({"film": f"{request.kind}{request.film}"} if request.film else {}))
    saved = None if request.kind == "card" else name
    line = "" if request.changes else command_line(request.kind, asked, network, writing)  # no command changes units
    return {"command": line, "python": python_call(request.kind, asked, network, saved, request.changes)}


def spelt_rerun(work: Work) -> dict[str, str]:
    """The command line and the call in Python that make a work again from its record."""
    place = str(work.path)
    return {"command": shlex.join(["reverie", "rerun", place]), "python": f"reverie.rerun({place!r})"}


def atlas_commands(network: Network) -> str:
    """The command lines that make an atlas of a network, and open the studio with it."""
    file = re.sub(r"[^\w.-]+", "-", Path(str(network.model)).name) + ".atlas"
    make, see = Output.made(output=file), Studio.made(atlas=file)
    return f"{command_line('atlas build', network, make)}\n{command_line('studio', network, see)}"


def _settings(cls: type[Settings], given: Mapping[str, Any]) -> dict[str, Any]:
    """Plain values alone, of which none leads to a file, to code or to the network."""
    own = {item.name: item for item in settings_of(cls)}
    for name, value in given.items():
        if not is_plain(value):
            raise InvalidSetting(f"'{name[:60]}' must be a text, a number, or a list of them")
        if name in own and value not in (None, [], ""):
            for each in value if isinstance(value, list) else [value]:
                _check_value(own[name], each)
    return {name: value for name, value in given.items() if value != ""}


def _check_value(item: Setting, value: Any) -> None:
    reads = item.more.get("reads")
    if closed(item):
        raise InvalidSetting(f"'{item.name}' names what is on this machine; say it at the command line")
    if reads in PICTURED and not (isinstance(value, str) and value in item.more.get("choice", ())):
        raise InvalidSetting(f"'{item.name}' is a picture; bring it, and name it among the pictures")
    if reads in PLAIN_NAMES and not (isinstance(value, str) and BUILT_IN.fullmatch(value)):
        raise InvalidSetting(
            f"'{item.name}' must be one of the names that are built in; files are for the command line"
        )


def _pictures(cls: type[Settings], given: Mapping[str, Any], pictures: Pictures) -> dict[str, Any]:
    """The pictures that settings read, as settings take them."""
    own = {item.name: item for item in settings_of(cls) if item.more.get("reads") in PICTURED and not closed(item)}
    found: dict[str, Any] = {}
    for name, value in given.items():
        if name not in own:
            raise UnknownName(
                f"{cls.__name__.lower()} takes no picture '{name[:60]}'; it takes {', '.join(own) or 'none'}"
            )
        if value:
            found[name] = [*map(pictures.given, value)] if isinstance(value, list) else pictures.given(value)
    return found


def _check_units(cls: type[Settings], asked: Settings) -> None:
    """That texts of units can be read as such; whether there are such units the network says."""
    flat = asked.flat()
    for item in settings_of(cls):
        if item.more.get("reads") == "unit":
            value = flat[item.name]
            for text in value if isinstance(value, tuple) else [value]:
                if isinstance(text, str):
                    check_text(text)


def is_plain(value: Any) -> bool:
    """Whether a value is a text, a number, or a list of them, of sane size."""
    if isinstance(value, list):
        return len(value) <= MOST and all(not isinstance(item, list) and is_plain(item) for item in value)
    return isinstance(value, int | float | None) or (isinstance(value, str) and len(value) <= LONGEST)
