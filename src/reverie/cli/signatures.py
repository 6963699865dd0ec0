"""Commands from settings: each option's type, bounds, default, help and group are said once, in its class."""

import errno
import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Annotated, Any

import typer

from reverie import memory
from reverie.cli.early import check_early, writable
from reverie.cli.saying import say
from reverie.cli.signals import status
from reverie.errors import ReverieError, printable
from reverie.settings.setting import GROUPS, Setting, Settings, settings_of
from reverie.settings.spelling import flags
from reverie.settings.wording import alternatives


def refused(error: OSError) -> str:
    """What the system refused, as a sentence."""
    what = f"cannot use {error.filename}" if error.filename else "cannot go on"
    remedy = "free some space, or write to another place" if error.errno == errno.ENOSPC else "mend it, or name another"
    return printable(f"{what}: {(error.strerror or str(error)).lower()}; {remedy}", 400)


def command(cls: type[Settings], function: Callable[..., None], about: str) -> Callable[..., None]:
    """A function for typer to read, which gives `function` the command's settings, its network's and its output's."""
    classes = [item for item in (cls, cls.asks, cls.writes) if item is not None]
    asked = [item for each in classes for item in settings_of(each)]
    wanted = [_parameter(item, function.__name__) for item in sorted(asked, key=_place)]
    wanted.append(_whole_help(hidden=not any(item.more.get("rare") for item in asked)))
    ordered = sorted(wanted, key=lambda item: item.default is not inspect.Parameter.empty)

    def run(**given: Any) -> None:
        try:
            check_early(function.__name__, given)
            function(*_settings(classes, given))
        except ReverieError as error:
            say(f"reverie: {error}", err=True)
            raise typer.Exit(2) from None
        except KeyboardInterrupt as error:
            say("reverie: stopped", err=True)
            raise typer.Exit(status(error)) from None
        except BrokenPipeError:
            raise
        except (MemoryError, RuntimeError) as error:
            if not memory.short(error):
                raise
            say("reverie: the memory was not enough; ask for a smaller picture, batch or network", err=True)
            raise typer.Exit(2) from None
        except OSError as error:  # of a system that says no where nobody asked
            say(f"reverie: {refused(error)}", err=True)
            raise typer.Exit(2) from None

    run.__name__ = function.__name__
    run.__doc__ = about
    run.__signature__ = inspect.Signature(ordered)  # type: ignore[attr-defined]
    run.__annotations__ = {item.name: item.annotation for item in ordered}
    return run


def _settings(classes: Sequence[type[Settings]], given: Mapping[str, Any]) -> Iterator[Any]:
    """The settings of each class; where it is asked once for each of several photos, one for each."""
    said = {name: value for name, value in given.items() if value is not None}
    for cls in classes:
        own = {item.name: said[_name(item)] for item in settings_of(cls) if _name(item) in said}
        each = next((item.name for item in settings_of(cls) if item.more.get("each")), None)
        if each is None:
            yield cls.made(**own)
        else:
            yield [cls.made(**{**own, each: value}) for value in own[each]]


def _name(setting: Setting) -> str:
    """How a command calls it; a photo of several has the plural."""
    return f"{setting.name}s" if setting.more.get("each") else setting.name


def _place(setting: Setting) -> int:
    """Where a help has it: arguments first, in the order of a call, then options by their groups."""
    return -1 if "argument" in setting.more else GROUPS.index(setting.more["group"])


def _whole_help(*, hidden: bool) -> inspect.Parameter:
    def show(context: typer.Context, wanted: bool) -> None:
        if wanted:
            for item in context.command.params:
                item.hidden = hidden and item.name == "help_all"  # type: ignore[attr-defined]
            typer.echo(context.get_help())
            raise typer.Exit

    info = typer.Option("--help-all", help="Show rare options too.", callback=show, is_eager=True, hidden=hidden)
    return inspect.Parameter(
        "help_all", inspect.Parameter.KEYWORD_ONLY, default=False, annotation=Annotated[bool, info]
    )


def _parameter(setting: Setting, command: str) -> inspect.Parameter:
    metavar = setting.more.get("argument")
    several = setting.several or setting.more.get("each", False)
    kind = list[str] if several else _typed(setting)
    default = inspect.Parameter.empty if setting.required else None if several else setting.default
    if default is None and not several:
        kind = kind | None
    info: Any = (
        typer.Argument(help=setting.help, metavar=metavar, show_default=False)
        if metavar
        else typer.Option(
            *flags(setting),
            help=setting.help.replace("{written}", writable(command)),
            autocompletion=setting.more["choice"].completed if "choice" in setting.more else None,
            show_default=default not in (None, False),
            rich_help_panel=setting.more["group"],
            hidden=setting.more.get("rare", False),
        )
    )
    if several and not setting.required:
        kind = list[str] | None
    return inspect.Parameter(
        _name(setting), inspect.Parameter.KEYWORD_ONLY, default=default, annotation=Annotated[kind, info]
    )


def _typed(setting: Setting) -> Any:
    """The type that a terminal gives: a number, a flag, else a text."""
    kinds = set(alternatives(setting.kind)) - {type(None)}
    return next((kind for kind in (bool, int, float) if kinds == {kind}), str)
