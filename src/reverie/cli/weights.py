"""The command that shows weights."""

from pathlib import Path

from reverie import recipes
from reverie.atlas.links import ConnectionsRun, link_rows
from reverie.cli.picture_commands import check_beside, check_free, model_of, target_for
from reverie.cli.reading import kept
from reverie.cli.tables import show
from reverie.figures.board import Board, Cell, Section, board_page
from reverie.figures.poster import write_board
from reverie.figures.result import Result
from reverie.files import write_whole
from reverie.models.model import Model
from reverie.settings.filters import Connections, Filters
from reverie.settings.parts import Drawn, Network


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
