"""The command that lays out all of a unit."""

from reverie.atlas.cards import CardRun
from reverie.cli.picture_commands import check_free, model_of, target_for
from reverie.cli.reading import kept
from reverie.figures.poster import write_board
from reverie.settings.card import Card
from reverie.settings.parts import Network, Output


def card(asked: Card, network: Network, writing: Output) -> None:
    """A picture, and a page beside it."""
    model = model_of(network)
    target = target_for(writing, "card")
    check_free(target.with_suffix(".html"), writing.force)
    kept(CardRun(model, asked), lambda board: write_board(board, target, html=True), quiet=writing.quiet)
