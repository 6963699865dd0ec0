"""Commands from settings: reverie's own, and plugins', which are imported when they are named."""

import importlib
import inspect
from collections.abc import Callable
from importlib.metadata import EntryPoint
from typing import Any

import typer
from rich.markup import escape
from typer.core import TyperGroup

from reverie.cli.saying import say
from reverie.cli.signals import answered
from reverie.cli.signatures import command
from reverie.errors import ReverieError
from reverie.plugins import package
from reverie.settings import commands
from reverie.settings.setting import Settings

RUNNERS = {  # the module of cli/ that runs a command; what is not named here needs none of its own
    "studio": "studios",
    "dream": "runs", "feature": "runs", "rerun": "runs", "fool": "photos", "explain": "explaining",
    "activations": "explaining", "compare": "comparisons",
    "filters": "weights", "card": "cards", "scan": "scans", "patches": "scans", "map": "maps", "sheet": "films",
    "zoom": "films", "film": "films", "plot": "plots", "layers": "listings", "models": "listings",
    "presets": "listings", "score": "truths", "doctor": "truths",
    "atlas build": "atlases", "atlas status": "atlases", "atlas verify": "atlases",
    "atlas merge": "atlases", "atlas grid": "activation_grids", "atlas export": "sites", "atlas open": "sites",
    "atlas score": "atlases",
}  # fmt: skip
GROUPS = {  # of commands that have a word in common: what they are for
    "atlas": "Atlases: every unit of a network in one file, built, checked, joined and shown.",
}


def added(app: typer.Typer, name: str, cls: type[Settings]) -> None:
    """Gives an application the command of these settings."""
    examples = "".join(f"\n\n    $ reverie {name} {text}" for text in cls.usage if text)
    app = _group(app, cls.within) if cls.within else app
    app.command(name.removeprefix(cls.within).strip())(
        command(cls, _later(name, cls), f"{inspect.cleandoc(cls.__doc__ or '')}{examples}")
    )


def _group(app: typer.Typer, name: str) -> typer.Typer:
    """The group of this name, which is added where it is not there yet."""
    known = {item.name: item.typer_instance for item in app.registered_groups}
    found = known.get(name)
    if found is None:
        found = typer.Typer(no_args_is_help=True, help=GROUPS.get(name))
        app.add_typer(found, name=name)
    return found


def _later(name: str, cls: type[Settings]) -> Callable[..., None]:
    """A command's function, imported with torch only when it runs."""

    def run(*given: Any) -> None:
        if name in RUNNERS:
            ready = getattr(importlib.import_module(f"reverie.cli.{RUNNERS[name]}"), name.replace(" ", "_"))
        else:
            ready = importlib.import_module("reverie.cli.making").runner(name, cls)
        with answered():
            ready(*given)

    run.__name__ = name
    return run


class Commands(TyperGroup):
    """Reverie's commands, and after them those of plugins."""

    def list_commands(self, ctx: Any) -> list[str]:
        """All names, of plugins from their packages' metadata alone."""
        return [*super().list_commands(ctx), *commands().plugged]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """A command; of a plugin's what a list shows of it."""
        point = None if cmd_name in self.commands else commands().plugged.get(cmd_name)
        return super().get_command(ctx, cmd_name) if point is None else _alone(cmd_name, None, _said(point))

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The command that is named, and what is said to it."""
        name, found, rest = super().resolve_command(ctx, args)
        return name, _whole(str(name)) if name in commands().plugged else found, rest


def _said(point: EntryPoint) -> str:
    """What a package's metadata says of it, and whose it is."""
    known = point.dist is not None and "Summary" in point.dist.metadata
    about = point.dist.metadata["Summary"].strip().rstrip(".") if known and point.dist else "A command"
    return escape(f"{about} ({package(point)}).")


def _whole(name: str) -> Any:
    try:
        return _alone(name, commands()[name], None)
    except ReverieError as error:
        say(f"reverie: {error}", err=True)
        raise typer.Exit(2) from None


def _alone(name: str, cls: type[Settings] | None, about: str | None) -> Any:
    """The command of these settings by itself; without them, what is said about it."""
    app = typer.Typer(add_completion=False, context_settings={"help_option_names": ["-h", "--help"]})
    if cls is None:
        app.command(name, help=about)(lambda: None)
    else:
        added(app, name, cls)
    return typer.main.get_command(app)
