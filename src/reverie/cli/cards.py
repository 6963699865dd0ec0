"""The command that lays out all of a unit."""

from typing import Any

import typer

from reverie.atlas.cards import card as card_of
from reverie.cli.runs import check_free, model_of, rendered, split, target_for
from reverie.figures.poster import write_board


def card(unit: str, **given: Any) -> None:
    """A picture, and a page beside it."""
    settings, writing = split(given)
    model = model_of(settings)
    target = target_for(writing["output"], "card", writing["force"])
    check_free(target.with_suffix(".html"), writing["force"])
    quiet = writing["quiet"]
    board = card_of(model, unit, **settings, render=lambda ready, recipe: rendered(ready, recipe, target, quiet=quiet))
    written = write_board(board, target, html=True)
    if not quiet:
        typer.echo("\n".join([*board.missing, f"wrote {' and '.join(map(str, written))}"]))
