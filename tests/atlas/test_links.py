"""What feeds a unit and what it feeds, with pictures of the other ends."""

import dataclasses

import pytest
from torch import nn

import reverie
from reverie.atlas.layer_sheets import sheet
from reverie.atlas.links import ENDED, ConnectionsRun, connections, link_rows
from reverie.atlas.portraits import Portraits
from reverie.errors import InvalidSetting, UnsuitableImage
from reverie.record import parse_record
from reverie.settings.filters import Connections
from reverie.unit import Unit
from tiny import seeded


def test_the_ends_have_pictures_made_in_one_run(model):
    run = ConnectionsRun(model, Connections.made(unit="norm:2", links=3, steps=2))
    assert {event.total for event in run.events()} == {run.portraits.run.recipe.steps}
    board = run.result()
    own, into, out = board.sections
    assert [cell.caption for cell in own.cells] == ["norm:2"]
    assert [cell.caption for cell in into.cells] == [end["unit"] for end in board.data["incoming"]]
    assert all(cell.picture.size == (48, 48) and cell.patch is not None for cell in into.cells)
    assert {cell.caption for cell in out.cells} <= {model.label(Unit("logits", (index,))) for index in range(5)}
    record = parse_record(into.cells[1].record)
    assert record.arguments["units"][record.index] == into.cells[1].caption


def test_a_picture_is_taken_from_a_sheet_of_the_same_network(model, tmp_path):
    sheet(model, "block", tmp_path, steps=1, size=48)
    units = [Unit("block", (index,)) for index in range(8)]
    found = Portraits(model, [*units, Unit("mix", (0,))], 0, str(tmp_path), 0).result()
    assert list(found) == units
    record = parse_record(found[units[3]].record)
    assert record.arguments["units"][record.index] == "block:3"
    other = reverie.load(seeded(type(model.variants.plain), seed=1), size=48)
    assert Portraits(other, units, 0, str(tmp_path), 0).result() == {}


def test_no_pictures_are_made_where_none_are_wanted(model):
    board = connections(model, "norm:2", steps=0)
    assert [section.title for section in board.sections] == ["Fed by", "Feeds"]
    cells = [cell for section in board.sections for cell in section.cells]
    assert all(cell.picture.width >= 120 and cell.record is None and cell.patch is None for cell in cells)


def test_the_first_layer_shows_its_kernel(model):
    board = connections(model, "stem.1:3", steps=0)
    assert board.sections[0].title == "Fed by the picture"
    assert [cell.caption for cell in board.sections[0].cells] == ["the kernel", "red", "green", "blue"]


def test_what_cannot_be_told_is_said(model):
    board = connections(model, "logits:owl" if model.classes.count("owl") == 1 else "logits:2", steps=0)
    assert board.missing == ("Nothing reads logits:2 next: it is the network's output, or is not followed further.",)


def test_the_table_says_the_same(model):
    board = connections(model, "norm:2", links=2, steps=0)
    rows = link_rows("fed by", board.data["incoming"])
    assert rows[0] == ["fed by", "sum of weights", "length", "through"]
    assert rows[1][0] == board.data["incoming"][0]["unit"]
    assert rows[1][3] == "mix"


def test_refusals(model, tmp_path):
    with pytest.raises(InvalidSetting, match=r"^'norm' is a whole layer; name one channel, such as 'norm:0'$"):
        connections(model, "norm")
    with pytest.raises(UnsuitableImage, match=r"^there is no folder .*nowhere of pictures; make one"):
        connections(model, "norm:1", pictures=tmp_path / "nowhere")
    softmax = nn.Sequential(nn.Conv2d(3, 4, 1), nn.Softmax(1))
    ready = dataclasses.replace(reverie.load(seeded(lambda: softmax), size=16), name="soft")
    with pytest.raises(InvalidSetting, match=r"^'1:0' is made by Softmax, which has no weights for each channel; "):
        connections(ready, "1:0")


def test_connections_that_are_left_early_keep_their_weights_and_pictures(model):
    run = ConnectionsRun(model, Connections.made(unit="norm:2", links=2, steps=3))
    assert [section.title for section in run.result().sections] == ["Fed by", "Feeds"]
    next(run.events())
    board = run.result()
    assert [section.title for section in board.sections] == ["The unit", "Fed by", "Feeds"]
    assert board.missing == (ENDED,)
