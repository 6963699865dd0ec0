"""The command that shows weights."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import typer

from reverie import recipes
from reverie.atlas.links import connections, told
from reverie.attribution import drawn
from reverie.cli.inquiries import showed
from reverie.cli.runs import check_beside, check_free, model_of, rendered, show, split, target_for
from reverie.figures.board import Board, Cell, Section, board_page
from reverie.figures.poster import write_board
from reverie.figures.result import Result
from reverie.image import write_whole
from reverie.models.model import Model


def filters(kernels: bool, html: bool, raw: bool, **given: Any) -> None:
    """Kernels of a layer, or the connections of one channel."""
    layer, settings, writing = given.pop("layer"), *split(given)
    ends = {name: settings.pop(name) for name in ("links", "steps", "pictures", "seed")}
    model = model_of(settings)
    units = model.units(layer)
    target = target_for(writing["output"], "filters", writing["force"])
    page = target.with_suffix(".html") if html else None
    if page is not None:
        check_free(page, writing["force"])
    if len(units) == 1 and len(units[0].channels) == 1 and not (kernels or raw):
        _connections(model, layer, target, {**ends, "size": settings["size"]}, writing, html=html)
        return
    wanted = recipes.filters(model, layer, **settings)
    check_beside(target, len(wanted.filters), writing, raw=raw)
    result = drawn(model, wanted)
    showed(result, target, writing, raw=raw)
    if page is not None:
        write_whole(page, board_page(_board(model, layer, result)).encode())
    if not writing["quiet"]:
        scale = "each on its own scale" if wanted.top is None else f"full colour is a weight of {wanted.top:.4g}"
        typer.echo(f"{scale}{'' if page is None else f'; the page is {page}'}")


def _board(model: Model, layer: str, result: Result) -> Board:
    cells = [
        Cell(picture, label, finding.note, str(record))
        for picture, label, finding, record in zip(
            result.pictures, result.labels, result.findings, result.records, strict=True
        )
    ]
    return Board(layer, model.title, sections=(Section("Weights", "", tuple(cells)),))


def _connections(
    model: Model, unit: str, target: Path, settings: dict[str, Any], writing: Mapping[str, Any], *, html: bool
) -> None:
    quiet = writing["quiet"]
    board = connections(
        model, unit, **settings, render=lambda ready, recipe: rendered(ready, recipe, target, quiet=quiet)
    )
    written = write_board(board, target, html=html)
    if not quiet:
        for heading, name in (("fed by", "incoming"), ("feeds", "outgoing")):
            if board.data[name]:
                show(told(heading, board.data[name]))
        typer.echo("\n".join([*board.missing, f"wrote {' and '.join(map(str, written))}"]))
