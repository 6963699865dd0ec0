"""The command that shows weights."""

from dataclasses import replace
from pathlib import Path

from reverie import recipes
from reverie.atlas.links import ConnectionsRun, told
from reverie.cli.reading import kept
from reverie.cli.runs import check_beside, check_free, keep, model_of, target_for
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
    page = target.with_suffix(".html") if writing.html else None
    if page is not None:
        check_free(page, writing.force)
    if len(units) == 1 and len(units[0].channels) == 1 and not (asked.kernels or writing.raw):
        _connections(model, asked, target, writing)
        return
    wanted = recipes.filters(model, asked)
    check_beside(target, len(wanted.filters), writing, raw=writing.raw)
    shown = (lambda result: result) if page is None else (lambda result: _paged(result, page))
    result = keep(recipes.filters.run(model, wanted), target, writing, raw=writing.raw, after=shown)
    if page is not None:
        write_whole(page, board_page(_board(model, asked.layer, result)).encode())


def _paged(result: Result, page: Path) -> Result:
    """The result that tells of its page too."""
    return replace(result, notes=("; ".join([*result.notes, f"the page is {page}"]),))


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
                show(*told(heading, board.data[name]))
        return board

    run = ConnectionsRun(model, asked.shared(Connections, unit=asked.layer))
    kept(run, lambda board: write_board(board, target, html=writing.html), quiet=writing.quiet, after=listed)
