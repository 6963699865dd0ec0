"""An activation atlas lies in the atlas file of its network as it was drawn, and is a stranger's there."""

import contextlib
import sqlite3
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

import reverie
from reverie.atlas.atlas_file import Atlas, read_atlas, shown
from reverie.atlas.building import BuildRun
from reverie.atlas.grid_figure import ActivationGrid, GridCell
from reverie.atlas.grid_keeping import enter_grid
from reverie.atlas.merging import MergeRun
from reverie.atlas.site.atlas_contents import AtlasContents
from reverie.atlas.verifying import VerifyRun
from reverie.atlas.worker import webp
from reverie.cli.app import app
from reverie.errors import AtlasRefused, UnknownName
from reverie.image import to_pil
from reverie.record import Record
from reverie.runs import finished
from reverie.settings.atlas import Build
from tiny import Tiny, picture, seeded

RED, BLUE = (Image.new("RGB", (24, 24), colour) for colour in ("#c03020", "#2040c0"))
PIECES = ((BLUE.resize((64, 64)), "sky/1.png"), (RED.resize((64, 64)), "<b>.png"))


@pytest.fixture(scope="module")
def built(model, tmp_path_factory) -> Atlas:
    asked = Build.made(layers=("block", "mix"), views="max", size=24, steps=1, batch=4, limit=4)
    return finished(BuildRun(model, asked, tmp_path_factory.mktemp("made") / "a.atlas"))


@pytest.fixture
def atlas(built, tmp_path) -> Path:
    (tmp_path / "a.atlas").write_bytes(built.path.read_bytes())
    return tmp_path / "a.atlas"


def grid_of(model, *cells: GridCell, layer: str = "block") -> ActivationGrid:
    arguments = {"photos": {"set": "photos", "count": 12}}
    record = Record("grid", arguments, model.source, {"positions": 300, "cells": len(cells)})
    return ActivationGrid(layer, (), (3, 4), 24, cells, record)


def cells_of_three() -> list[GridCell]:
    return [
        GridCell(0, 3, RED, 7, (("tiger", 0.4), ("owl <b>", 0.1)), PIECES),
        GridCell(1, 1, None, 9),  # not drawn yet
        GridCell(2, 0, BLUE, 5, (), PIECES[:1]),
    ]


def test_cells_come_back_as_they_were_drawn(model, atlas):
    made = grid_of(model, *cells_of_three())
    assert enter_grid(made, atlas) == atlas
    found = read_atlas(atlas)
    grid = found.grid("block")
    assert (grid.height, grid.width, grid.side, grid.positions, grid.photos) == (3, 4, 24, 300, 12)
    assert grid.record == str(made.record)
    assert [(cell.row, cell.column, cell.count, cell.image) for cell in found.cells("block")] == [
        (0, 3, 7, webp(RED)), (2, 0, 5, webp(BLUE)),
    ]  # fmt: skip
    assert [(item.row, item.rank, item.name, item.value) for item in found.cell_classes("block")] == [
        (0, 0, "tiger", 0.4), (0, 1, "owl <b>", 0.1),
    ]  # fmt: skip
    (blue, red) = ((name, webp(patch)) for patch, name in PIECES)
    assert [(item.row, item.rank, item.photo, item.image) for item in found.cell_patches("block")] == [
        (0, 0, *blue), (0, 1, *red), (2, 0, *blue),
    ]  # fmt: skip
    assert found.grid("mix") is None
    assert finished(VerifyRun(atlas, most=0)).problems == ()
    shown_there = AtlasContents(found).grid("block")
    assert [(cell.row, cell.column, len(cell.patches)) for cell in shown_there.cells] == [(0, 3, 2), (2, 0, 1)]
    assert [name for _, name in shown_there.cells[0].patches] == ["sky/1.png", "<b>.png"]
    assert shown_there.cells[0].classes == [("tiger", 0.4), ("owl <b>", 0.1)]


def test_a_grid_takes_the_place_of_the_one_before_and_leaves_other_layers_alone(model, atlas):
    enter_grid(grid_of(model, *cells_of_three()), atlas)
    enter_grid(grid_of(model, *cells_of_three(), layer="mix"), atlas)
    enter_grid(grid_of(model, GridCell(1, 1, RED, 6)), atlas)
    found = read_atlas(atlas)
    assert [(cell.row, cell.column) for cell in found.cells("block")] == [(1, 1)]
    assert found.cell_classes("block") == found.cell_patches("block") == ()
    assert len(found.cells("mix")) == 2
    assert len(found) == len(read_atlas(atlas).units()) == 8


def test_grids_are_joined_and_two_of_one_layer_clash(model, built, atlas, tmp_path):
    enter_grid(grid_of(model, *cells_of_three()), atlas)
    joined = finished(MergeRun([built.path, atlas], tmp_path / "whole.atlas"))
    assert joined.cells("block") == read_atlas(atlas).cells("block")
    other = tmp_path / "other.atlas"
    other.write_bytes(built.path.read_bytes())
    enter_grid(grid_of(model, GridCell(0, 3, BLUE, 6)), other)
    with pytest.raises(AtlasRefused, match=r"other\.atlas holds other things .*grid_cells of block 0 3"):
        finished(MergeRun([atlas, other], tmp_path / "both.atlas"))


def test_an_atlas_of_another_network_or_without_the_layer_is_refused(model, atlas):
    other = reverie.load(seeded(Tiny, seed=1), size=48)
    with pytest.raises(AtlasRefused, match=r"other weights or settings of the network \(Tiny\); name its network"):
        enter_grid(grid_of(other, *cells_of_three()), atlas)
    with pytest.raises(UnknownName, match="has no layer 'stem'"):
        enter_grid(grid_of(model, *cells_of_three(), layer="stem"), atlas)
    with pytest.raises(AtlasRefused, match="there is no atlas"):
        enter_grid(grid_of(model, *cells_of_three()), atlas.with_name("none.atlas"))


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE grids SET height = 49",
        "UPDATE grids SET side = 0",
        "UPDATE grid_cells SET row = 48",
        "UPDATE grid_cells SET count = -1",
        "UPDATE grid_cells SET image = ''",
        "UPDATE grid_classes SET rank = 6 + rank",
        "UPDATE grid_classes SET value = 9e999",
        "UPDATE grid_patches SET column = -1",
        "UPDATE grid_patches SET rank = 6 + rank",
    ],
)
def test_a_strangers_cells_are_refused_where_they_are_read(model, atlas, change):
    enter_grid(grid_of(model, *cells_of_three()), atlas)
    with contextlib.closing(sqlite3.connect(atlas)) as database:
        database.execute(change.replace("''", "x''"))
        database.commit()
    with pytest.raises(AtlasRefused, match="a damaged one"):
        AtlasContents(read_atlas(atlas)).grid("block")


def test_the_command_writes_a_poster_and_a_page_and_keeps_the_cells(factory, tmp_path):
    for number in range(6):
        path = tmp_path / "photos" / f"{number}.png"
        path.parent.mkdir(exist_ok=True)
        to_pil(picture(number, 3, 40, 56)).save(path)

    def said(*words: str) -> tuple[int, str]:
        ran = CliRunner().invoke(app, ["atlas", *words, "--model", factory, "--threads", "1"])
        return ran.exit_code, ran.output.replace("\n", " ")

    assert said("build", "--layer", "mix", "--views", "max", "--size", "24", "--steps", "1", "-o", "a.atlas")[0] == 0
    small = ("--cells", "2", "--positions", "100", "--fewest", "2", "--method", "pca", "--size", "24", "--steps", "1")
    code, told = said("grid", "mix", "--photo", "sample:flower", "--atlas", "a.atlas")
    assert code == 2
    assert "--atlas keeps the cells of many photos" in told
    code, told = said("grid", "block", "--photos", "photos", *small, "--atlas", "a.atlas", "-o", "b.png")
    assert code == 2
    assert "has no layer 'block'" in told
    assert not Path("b.png").exists()
    code, told = said("grid", "mix", "--photos", "photos", *small, "--atlas", "a.atlas", "-o", "b.png")
    assert code == 0, told
    assert "wrote b.png, b.html and a.atlas: " in told
    with Image.open("b.png") as poster:
        assert poster.width >= 2 * 24
    found = read_atlas("a.atlas")
    assert found.grid("mix").photos == 6
    assert found.cells("mix")
    for cell in found.cells("mix"):
        assert np.asarray(shown(cell.image, found.damaged, (24, 24))).std() > 0
