"""What the commands say: names that come from files are spelt out, so that none of them moves the terminal's cursor."""

import typer

from reverie.errors import printable


def say(*lines: str, err: bool = False) -> None:
    """Each line on one line of its own, on the standard output or the standard error."""
    typer.echo("\n".join(map(printable, lines)), err=err)
