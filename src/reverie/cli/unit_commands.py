"""The commands that lay out a unit, compare units, and show weights."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path

from reverie import recipes
from reverie.atlas.links import ConnectionsRun, link_rows
from reverie.atlas.unit_board import CardRun
from reverie.cli.picture_commands import check_beside, check_free, make, model_of, target_for
from reverie.cli.printed_tables import show
from reverie.cli.run_reader import kept
from reverie.cli.saying import say
from reverie.figures.board import Board, Cell, Section, board_page
from reverie.figures.poster import write_board
from reverie.figures.result import Result
from reverie.files import write_whole
from reverie.models.model import Model
from reverie.settings.card import Card
from reverie.settings.compare import Compare
from reverie.settings.filters import Connections, Filters
from reverie.settings.parts import Drawn, Filmed, Network, Output
from reverie.synthesis import Recipe, Step
from reverie.synthesis.cancellation import Cancellation, measured


def card(asked: Card, network: Network, writing: Output) -> None:
    """A picture, and a page beside it."""
    model = model_of(network)
    target = target_for(writing, "card")
    check_free(target.with_suffix(".html"), writing.force)
    kept(CardRun(model, asked), lambda board: write_board(board, target, html=True), quiet=writing.quiet)


def compare(asked: Compare, network: Network, writing: Filmed) -> None:
    """Features of a layer side by side, and how much of their gradients is left in the sum."""
    model = model_of(network)
    recipe = recipes.compare(model, asked)
    target = target_for(writing, f"{asked.layer}-compare")
    few = tuple(range(asked.few))
    features = [(0,), few, None] * (len(recipe.names) // 3)
    found: list[Cancellation] = []

    def through(steps: Iterable[Step]) -> Iterator[Step]:
        return measured(steps, model, asked.layer, features, found, every=asked.every, sample=asked.sample or None)

    def after(result: Result) -> Result:
        told = [asdict(item) for item in found]
        records = tuple(record.noting(cancellation=told) for record in result.records)
        return replace(result, records=records, whole=result.whole and result.whole.noting(cancellation=told))

    try:
        make(model, recipe, target, writing, through=through, after=after)
    finally:
        if found and not writing.quiet:
            _tell(recipe, found)


def _tell(recipe: Recipe, found: Sequence[Cancellation]) -> None:
    several = [number for number in range(len(recipe.names)) if number % 3]  # a single feature undoes nothing
    rows = [[str(item.step), *(f"{item.shares[number]:.3f}" for number in several)] for item in found]
    say("what is left of the features' gradients in their sum, |sum g| / sum |g|:")
    show(["step", *(recipe.labels[number] for number in several)], *rows)


def filters(asked: Filters, network: Network, writing: Drawn) -> None:
    """Kernels of a layer, or the connections of one channel."""
    model = model_of(network)
    units = model.units(asked.layer)
    target = target_for(writing, "filters")
    if writing.html:
        check_free(target.with_suffix(".html"), writing.force)
    if len(units) == 1 and len(units[0].channels) == 1 and not (asked.kernels or writing.raw):
        _connections(model, asked, target, writing)
        return
    wanted = recipes.filters(model, asked)
    check_beside(target, len(wanted.filters), writing, raw=writing.raw)

    def write(result: Result) -> list[Path]:
        written = result.save(target, singles=writing.singles, raw=writing.raw)
        if writing.html:
            written.append(target.with_suffix(".html"))
            write_whole(written[-1], board_page(_board(model, asked.layer, result)).encode())
        return written

    kept(recipes.filters.run(model, wanted), write, quiet=writing.quiet)


def _board(model: Model, layer: str, result: Result) -> Board:
    cells = [
        Cell(picture, label, finding.note, str(record))
        for picture, label, finding, record in zip(
            result.pictures, result.labels, result.findings, result.records, strict=True
        )
    ]
    return Board(layer, model.title, sections=(Section("Weights", "", tuple(cells)),))


def _connections(model: Model, asked: Filters, target: Path, writing: Drawn) -> None:
    def listed(board: Board) -> Board:
        for heading, name in (("fed by", "incoming"), ("feeds", "outgoing")):
            if board.data[name] and not writing.quiet:
                show(*link_rows(heading, board.data[name]))
        return board

    run = ConnectionsRun(model, asked.shared(Connections, unit=asked.layer))
    kept(run, lambda board: write_board(board, target, html=writing.html), quiet=writing.quiet, after=listed)
