"""Commands from settings: reverie's own, and plugins', which are imported when they are named."""

import importlib
import inspect
import shlex
from collections.abc import Callable, Mapping
from functools import cache, partial
from importlib.metadata import EntryPoint
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from reverie.cli.saying import say
from reverie.cli.signals import answered
from reverie.cli.signatures import command
from reverie.errors import ReverieError
from reverie.paths import path_named
from reverie.plugins import package
from reverie.settings import commands
from reverie.settings.setting import Settings

RUNNERS = {  # the module of cli/ that runs a command; what is not named here needs none of its own
    **dict.fromkeys(("dream", "feature", "rerun"), "picture_commands"),
    **dict.fromkeys(("explain", "activations"), "explain_commands"),
    **dict.fromkeys(("card", "compare", "filters"), "unit_commands"),
    **dict.fromkeys(("scan", "patches"), "scan_commands"),
    **dict.fromkeys(("sheet", "zoom", "film"), "film_commands"),
    **dict.fromkeys(("layers", "models", "presets"), "listing_commands"),
    **dict.fromkeys(("score", "doctor"), "score_commands"),
    **{f"atlas {name}": "atlas_commands" for name in ("build", "status", "verify", "merge", "score")},
    **{f"atlas {name}": "site_commands" for name in ("export", "open")},
    "atlas grid": "grid_command", "fool": "fool_command", "map": "map_command", "plot": "plot_command",
    "studio": "studio_command",
}  # fmt: skip
GROUPS = {  # of commands that have a word in common: what they are for
    "atlas": "Atlases: every unit of a network in one file, built, checked, joined and shown.",
}


def listed(app: typer.Typer) -> None:
    """Gives an application reverie's own commands, as a list shows them; the options are those of `whole`."""
    groups: dict[str, typer.Typer] = {"": app}
    for name, cls in commands().own.items():
        if cls.within not in groups:
            groups[cls.within] = typer.Typer(cls=Commands, no_args_is_help=True, help=GROUPS.get(cls.within))
            app.add_typer(groups[cls.within], name=cls.within)
        groups[cls.within].command(_last(name, cls), help=_about(name, cls))(_nothing)


def whole(name: str) -> Any:
    """The command of this name, `dream` or `atlas build`, with all that can be said to it.

    Raises:
        PluginBroken: one of a plugin's that cannot be imported.
    """
    cls = commands()[name]
    return _alone(_last(name, cls), command(cls, _later(name, cls), _about(name, cls)))


def _last(name: str, cls: type[Settings]) -> str:
    return name.removeprefix(cls.within).strip()


def _about(name: str, cls: type[Settings]) -> str:
    """What a command does, and its examples."""
    return inspect.cleandoc(cls.__doc__ or "") + "".join(
        f"\n\n    $ reverie {name} {text}" for text in cls.usage if text
    )


def _nothing() -> None:
    """What a command runs that is only listed."""


def _later(name: str, cls: type[Settings]) -> Callable[..., None]:
    """A command's function, imported with torch only when it runs."""

    def run(*given: Any) -> None:
        if name in RUNNERS:
            ready = getattr(importlib.import_module(f"reverie.cli.{RUNNERS[name]}"), name.replace(" ", "_"))
        else:
            ready = importlib.import_module("reverie.cli.recipe_command").runner(name, cls)
        with answered():
            ready(*given)

    run.__name__ = name
    return run


@cache
def _drawn_as_written() -> None:
    """Has typer show `logits:owl:` in a help as it stands, where rich would draw an owl."""
    rendering = importlib.import_module("typer.rich_utils")
    plain = staticmethod(partial(rendering.Text.from_markup, emoji=False))
    rendering.Text = type("Text", (rendering.Text,), {"from_markup": plain})  # type: ignore[attr-defined]


class Command(TyperCommand):
    """One command, whose help draws nothing that is not written."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Writes the help."""
        _drawn_as_written()
        super().format_help(ctx, formatter)


class Commands(TyperGroup):
    """Commands whose options are built when they are named; after reverie's own ones those of plugins."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """What is left of the words; groups have no rare options, so that their whole help is their help."""
        return super().parse_args(ctx, ["--help", *args[1:]] if args[:1] == ["--help-all"] else args)

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Writes the help."""
        _drawn_as_written()
        super().format_help(ctx, formatter)

    @property
    def _plugged(self) -> Mapping[str, EntryPoint]:
        return {} if self.name in GROUPS else commands().plugged

    def list_commands(self, ctx: Any) -> list[str]:
        """All names, of plugins from their packages' metadata alone."""
        return [*super().list_commands(ctx), *self._plugged]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """What a list shows of a command."""
        point = None if cmd_name in self.commands else self._plugged.get(cmd_name)
        return super().get_command(ctx, cmd_name) if point is None else _alone(cmd_name, _nothing, _said(point))

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The whole command that is named, and what is said to it."""
        if self.name not in GROUPS and not ctx.resilient_parsing and self.get_command(ctx, args[0]) is None:
            _check_no_photo(args[0])
        name, found, rest = super().resolve_command(ctx, args)
        if found is None or isinstance(found, TyperGroup):
            return name, found, rest
        try:
            return name, whole(f"{self.name} {name}" if self.name in GROUPS else str(name)), rest
        except ReverieError as error:
            say(f"reverie: {error}", err=True)
            raise typer.Exit(2) from None


def _check_no_photo(word: str) -> None:
    """Says what to write where a photo stands in a command's place."""
    if word.startswith("sample:") or path_named(word).exists():
        say(f"reverie: '{word}' is no command; to dream of a photo write 'reverie dream {shlex.quote(word)}'", err=True)
        raise typer.Exit(2)


def _said(point: EntryPoint) -> str:
    """What a package's metadata says of it, and whose it is."""
    known = point.dist is not None and "Summary" in point.dist.metadata
    about = point.dist.metadata["Summary"].strip().rstrip(".") if known and point.dist else "A command"
    escape = importlib.import_module("rich.markup").escape  # rich takes time to import, and most lists need none of it
    return str(escape(f"{about} ({package(point)})."))


def _alone(name: str, function: Callable[..., None], about: str | None = None) -> Any:
    """A function as a command by itself, of which something else may be said."""
    app = typer.Typer(add_completion=False)
    app.command(name, cls=Command, help=about)(function)
    return typer.main.get_command(app)
