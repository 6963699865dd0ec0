"""Options of a command from the library's function: defaults, types and help are stated once, there.

The function's source is read, not imported: help and completion must not wait for torch.
"""

import ast
import errno
import inspect
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated, Any

import typer

from reverie import memory
from reverie.cli.early import check_early
from reverie.cli.signals import status
from reverie.errors import ReverieError, printable

PACKAGE = Path(__file__).parent.parent
_TYPES: dict[str, Any] = {"int": int, "float": float, "str": str, "bool": bool}


@dataclass(frozen=True)
class Argument:
    """One argument of a library function."""

    name: str
    kind: Any
    default: Any
    help: str


@cache  # most commands load a network, and several share a recipe
def arguments(module: str, function: str) -> tuple[str, tuple[Argument, ...]]:
    """The first paragraph of a function's docstring and its arguments, `model` left out.

    Args:
        module: path of the module below the package, such as `recipes/dreams.py`.
        function: its name there.
    """
    tree = ast.parse((PACKAGE / module).read_text(encoding="utf-8"))
    node = next(item for item in tree.body if isinstance(item, ast.FunctionDef) and item.name == function)
    doc = ast.get_docstring(node) or ""
    helps = _helps(doc.partition("Args:")[2].partition("\n\n")[0])
    positional = node.args.args
    defaults: list[ast.expr | None] = [*[None] * (len(positional) - len(node.args.defaults)), *node.args.defaults]
    pairs = [*zip(positional, defaults, strict=True), *zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True)]
    found = tuple(
        Argument(
            item.arg,
            _kind(ast.unparse(item.annotation) if item.annotation else "str"),
            _value(default),
            helps.get(item.arg, ""),
        )
        for item, default in pairs
        if item.arg not in ("model", "name")  # a network, which every command takes alike
    )
    return doc.partition("\n")[0], found


def _helps(text: str) -> dict[str, str]:
    """What each argument is; lines that are indented further go on with it."""
    found = re.findall(r"^    (\w+): (.+(?:\n {5,}.+)*)", text, re.MULTILINE)
    return {name: " ".join(about.split()) for name, about in found}


def _value(node: ast.expr | None) -> Any:
    return inspect.Parameter.empty if node is None else ast.literal_eval(node)


def _kind(annotation: str) -> Any:
    """The type that a terminal gives: numbers, else text; several values where a sequence is allowed."""
    parts = [part.strip() for part in annotation.split("|")]
    if any(part.startswith("Sequence[") for part in parts):
        return list[str]
    if "int" in parts and len(set(parts) - {"int", "None"}) == 0:
        return int
    known = [_TYPES[part] for part in parts if part in _TYPES]
    return known[0] if len(known) == 1 and len(set(parts) - {"None"}) == 1 else str


def option(argument: Argument, flag: str | None = None) -> inspect.Parameter:
    """A parameter of a typer command: `--name`, repeated for lists, a bare flag for bool."""
    name = flag or "--" + argument.name.replace("_", "-")
    if argument.kind is bool and argument.default is None:  # automatic, unless one of both is said
        name = f"{name}/--no-{name.removeprefix('--')}"
    kind = argument.kind if argument.kind is bool and argument.default is not None else argument.kind | None
    several = argument.kind == list[str]
    default = argument.default if not several else [argument.default] if isinstance(argument.default, str) else None
    info = typer.Option(name, help=argument.help, show_default=default is not None and argument.kind is not bool)
    return inspect.Parameter(
        argument.name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=Annotated[kind, info]
    )


def refused(error: OSError) -> str:
    """What the system refused, as a sentence."""
    what = f"cannot use {error.filename}" if error.filename else "cannot go on"
    remedy = "free some space, or write to another place" if error.errno == errno.ENOSPC else "mend it, or name another"
    return printable(f"{what}: {(error.strerror or str(error)).lower()}; {remedy}", 400)


def command(function: Callable[..., None], parameters: list[inspect.Parameter], about: str) -> Callable[..., None]:
    """The function with another signature for typer to read."""
    ordered = sorted(parameters, key=lambda item: item.default is not inspect.Parameter.empty)

    def run(**given: Any) -> None:
        try:
            check_early(function.__name__, given)
            function(**given)
        except ReverieError as error:
            typer.echo(f"reverie: {error}", err=True)
            raise typer.Exit(2) from None
        except KeyboardInterrupt as error:
            typer.echo("reverie: stopped", err=True)
            raise typer.Exit(status(error)) from None
        except BrokenPipeError:
            raise
        except (MemoryError, RuntimeError) as error:
            if not memory.short(error):
                raise
            typer.echo("reverie: the memory was not enough; ask for a smaller picture, batch or network", err=True)
            raise typer.Exit(2) from None
        except OSError as error:  # of a system that says no where nobody asked
            typer.echo(f"reverie: {refused(error)}", err=True)
            raise typer.Exit(2) from None

    run.__name__ = function.__name__
    run.__doc__ = about
    run.__signature__ = inspect.Signature(ordered)  # type: ignore[attr-defined]
    run.__annotations__ = {item.name: item.annotation for item in ordered}
    return run
