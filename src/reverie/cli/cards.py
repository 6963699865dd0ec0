"""The command that lays out all of a unit."""

from reverie.atlas.cards import card as card_of
from reverie.cli.reading import whole
from reverie.cli.runs import check_free, model_of, target_for
from reverie.cli.saying import say
from reverie.figures.poster import write_board
from reverie.figures.result import Result
from reverie.models.model import Model
from reverie.settings.card import Card
from reverie.settings.parts import Network, Output
from reverie.synthesis import Recipe, Synthesis


def card(asked: Card, network: Network, writing: Output) -> None:
    """A picture, and a page beside it."""
    model = model_of(network)
    target = target_for(writing, "card")
    check_free(target.with_suffix(".html"), writing.force)

    def render(ready: Model, recipe: Recipe) -> Result:
        return whole(Synthesis(ready, recipe), quiet=writing.quiet)

    board = card_of(model, render=render, **asked.flat())
    written = write_board(board, target, html=True)
    if not writing.quiet:
        say(*board.missing, f"wrote {' and '.join(map(str, written))}")
