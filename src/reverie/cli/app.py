"""The commands."""

import importlib
import io
import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from reverie.cli.commands import Commands, listed
from reverie.cli.saying import say
from reverie.cli.signatures import refused
from reverie.errors import InvalidSetting, OutputFailed, ReverieError

LONGEST_WORD = 50_000  # characters of one argument

app = typer.Typer(
    name="reverie",
    cls=Commands,
    help="See what a vision network sees: feature visualization and Deep Dream for any torch network.",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def main() -> None:
    """Runs the command line: 2 for what the user can mend, 130 for Ctrl-C, and never a traceback for either."""
    try:
        _check_start()
        try:
            app()
        finally:
            if sys.stdout is not None:
                sys.stdout.flush()
    except BrokenPipeError:  # the reader of a pipe has gone
        _write_nowhere()
        sys.exit(1)
    except OSError as error:
        _write_nowhere()
        say(f"reverie: {refused(error)}", err=True)
        sys.exit(2)
    except ReverieError as error:
        say(f"reverie: {error}", err=True)
        sys.exit(2)


def _check_start() -> None:
    """What else would end in a library's own words: a working folder that is gone, an argument without end.

    What the terminal's code page lacks is spelt out.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        Path.cwd()
    except OSError:
        raise OutputFailed("the working folder is gone; change into another one") from None
    long = next((word for word in sys.argv[1:] if len(word) > LONGEST_WORD), None)
    if long is not None:
        raise InvalidSetting(f"'{long[:40]}...' has {len(long)} characters; write less, or the name of a file")


def _write_nowhere() -> None:
    """Else the interpreter would try once more to write what cannot be written."""
    if sys.stdout is not None:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


listed(app)


def _version(wanted: bool) -> None:
    if wanted:
        say(*importlib.import_module("reverie.cli.about").about())
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool,
        typer.Option(
            "--version",
            help="Say the versions, the device and the extras, as a report of a fault needs them.",
            callback=_version,
            is_eager=True,
        ),
    ] = False,
) -> None:
    del version
