import json
import re
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import reverie
from reverie.atlas import layer_sheets
from reverie.atlas.building import BuildRun
from reverie.dataset.photo_sets import photo_set
from reverie.errors import InvalidSetting, OutputFailed, UnknownName
from reverie.figures.contact_sheet import contact_sheet
from reverie.figures.page import page
from reverie.image import read, to_pil
from reverie.recipes.rerunning import read_record
from reverie.runs import finished
from reverie.settings.atlas import Build
from reverie.settings.feature import Canvas, Climb
from reverie.settings.sheet import Sheet as SheetSettings
from reverie.truth.assessment import Assessment
from reverie.truth.exemplars import exhausted, responses, scanned
from reverie.unit import Unit
from tiny import CLASSES, picture

CANVAS = Canvas(size=24)
FAST = {"size": 24, "steps": 1, "batch": 3}


def bits(folder: Path) -> dict[str, bytes]:
    return {path.name: np.asarray(Image.open(path)).tobytes() for path in sorted(folder.glob("*.png"))}


@pytest.fixture
def counted(monkeypatch):
    """How many batches were drawn."""
    drawn = []
    run = layer_sheets.synthesize
    monkeypatch.setattr(
        layer_sheets, "synthesize", lambda model, recipe: drawn.append(recipe.names) or run(model, recipe)
    )
    return drawn


def test_every_channel_is_drawn_once_in_batches(model, counted):
    assert reverie.sheet(model, "block", **FAST) == [Path("block.png")]
    assert [len(names) for names in counted] == [3, 3, 2]
    assert sorted(bits(Path("block"))) == [f"block-{index}.png" for index in range(8)]
    with Image.open("block.png") as made:
        assert made.width > 4 * 24


def test_a_picture_of_a_sheet_is_that_of_the_feature_command(model):
    reverie.sheet(model, "block", **FAST)
    wanted = reverie.feature(model, "block:3-5", size=24, steps=1, batch=3)
    assert np.array_equal(np.asarray(wanted[1]), np.asarray(Image.open("block/block-4.png")))


def test_a_picture_of_a_sheet_can_be_repeated(bundled):
    reverie.sheet(bundled, "mixed3a:0-2", size=32, steps=1)
    again = reverie.rerun("mixed3a-0-2/mixed3a-1.png")
    assert torch.equal(again.images[0].mul(255).round(), read("mixed3a-0-2/mixed3a-1.png")[0].mul(255).round())


def test_several_layers_classes_and_single_units_each_have_their_sheet(model):
    made = reverie.sheet(model, ["mix:0-1", "logits", "stem:2+3"], **FAST)
    assert made == [Path("mix-0-1.png"), Path("logits.png"), Path("stem-2+3.png")]
    assert len(bits(Path("logits"))) == len(CLASSES)
    assert any("tiger-cat" in name for name in bits(Path("logits")))
    assert sorted(bits(Path("stem-2+3"))) == ["stem-2+3.png"]


def test_what_is_finished_is_not_made_again_and_the_bits_are_those_of_an_unbroken_sweep(model, counted):
    Path("whole").mkdir()
    Path("ended").mkdir()
    reverie.sheet(model, "block", "whole", **FAST)
    run = reverie.sweep(model, "block", "ended", **FAST)
    assert next(run).done == 3
    assert next(run).done == 6
    run.close()
    Path("ended/block/block-4.png").unlink()  # a kill in the middle of a batch's pictures
    counted.clear()
    assert [made.done for made in reverie.sweep(model, "block", "ended", **FAST)] == [3, 6, 8]
    assert [names[0] for names in counted] == ["block:3", "block:6"]
    assert bits(Path("ended/block")) == bits(Path("whole/block"))
    counted.clear()
    reverie.sheet(model, "block", "ended", **FAST)
    assert counted == []


@pytest.mark.parametrize("change", [{"steps": 2}, {"size": 28}, {"seed": 1}, {"batch": 2}])
def test_pictures_of_other_settings_are_kept_without_force(model, change, counted):
    reverie.sheet(model, "block:0-2", **FAST)
    before = bits(Path("block-0-2"))
    counted.clear()
    with pytest.raises(OutputFailed) as caught:
        reverie.sheet(model, "block:0-2", **{**FAST, **change})
    assert str(caught.value) == (
        f"{Path('block-0-2/block-0.png')} was made with other settings, or is no picture of this sheet; "
        "say --force to make it anew, or name another folder with --output"
    )
    assert counted == []
    assert bits(Path("block-0-2")) == before
    reverie.sheet(model, "block:0-2", force=True, **{**FAST, **change})
    assert read_record("block-0-2/block-0.png").arguments[next(iter(change))] == next(iter(change.values()))


def test_pictures_of_another_network_and_strange_files_are_kept(model, module):
    reverie.sheet(model, "block:0-2", **FAST)
    with pytest.raises(OutputFailed, match="was made with other settings"):
        reverie.sheet(reverie.load(module, size=48, mean=[0.4]), "block:0-2", **FAST)
    Path("block-0-2/block-1.png").write_text("mine")
    with pytest.raises(OutputFailed, match=r"block-1\.png was made with other settings, or is no picture"):
        reverie.sheet(model, "block:0-2", **FAST)
    assert Path("block-0-2/block-1.png").read_text() == "mine"


def test_everything_is_checked_before_the_first_picture(model, counted):
    for layers, kind in ((["block", "blokc"], UnknownName), (["block", "block"], InvalidSetting)):
        with pytest.raises(kind):
            reverie.sheet(model, layers, **FAST)
    with pytest.raises(OutputFailed, match="there is no folder no/sheets; make it first"):
        reverie.sheet(model, "block", "no/sheets", **FAST)
    both = r"^--groups bring directions of their own; leave out --dictionary and --concept$"
    with pytest.raises(InvalidSetting, match=both):
        reverie.sheet(model, "block", groups=2, dictionary="d.safetensors", **FAST)
    with pytest.raises(InvalidSetting, match="steps must be 1 or more"):
        reverie.sheet(model, "block", steps=0)
    assert counted == []
    assert not Path("block").exists()


def test_a_page_carries_its_pictures_and_escapes_its_captions(tmp_path):
    paths = [tmp_path / "a.png", tmp_path / "b.png"]
    for seed, path in enumerate(paths):
        to_pil(picture(seed, 3, 8, 8)).save(path)
    text = page("mixed<4c>", paths, ['"quoted" & <b>', "plain"])
    assert "<h1>mixed&lt;4c&gt;</h1>" in text
    assert 'data-caption="&#34;quoted&#34; &amp; &lt;b&gt;"' in text
    assert "<b>" not in text
    assert text.count("data:image/webp;base64,") == 2
    assert not re.search(r"(src|href)=\"?https?:", text)


def test_a_page_is_written_by_choice(model):
    made = reverie.sheet(model, "block:0-2", html=True, **FAST)
    assert made == [Path("block-0-2.png"), Path("block-0-2.html")]
    assert "block:1" in made[1].read_text()


@pytest.fixture
def photos(tmp_path):
    place = tmp_path / "photos"
    place.mkdir()
    for number in range(8):
        to_pil(picture(number, 3, 40, 56)).save(place / f"{number}.png")
    return place


def check_marks(made, by):
    for number, path in enumerate(made.pictures):
        scores = by.alone(Unit("block", (number,)), read(path)[0]).scores
        assert [mark.name for mark in made.marks[path]] == [score.name for score in scores]
        assert made.marks[path][-1].share == pytest.approx(scores[-1].value)


def test_an_atlas_marks_pictures_as_its_scan_does(model, photos):
    asked = Build.made(layers="block", views="max", photos=photos, limit=1, workers=0, **FAST)
    built = finished(BuildRun(model, asked, "net.atlas"))
    wanted = SheetSettings(layers=("block:0-1",), scan="net.atlas", canvas=CANVAS, climb=Climb(steps=1))
    *_, made = reverie.sweep(model, wanted)
    check_marks(made, Assessment(scanned(model, built.scan, ["block"])))


def test_pictures_are_marked_where_photos_are_named(model, photos):
    wanted = SheetSettings(layers=("block:0-1", "stem:2+3"), photos=(str(photos),), canvas=CANVAS, climb=Climb(steps=1))
    *_, one, other = reverie.sweep(model, wanted)
    check_marks(one, Assessment(exhausted(responses(model, photo_set(photos), ["block"]))))
    assert not other.marks
    plain = contact_sheet(one.pictures, list(one.recipe.labels))
    one.write()
    with Image.open(one.path) as made:
        assert made.height > plain.height


def test_groups_have_no_marks_and_photos_are_of_one_place(model, photos):
    for wrong, told in (
        ({"groups": 2, "scan": "a.db"}, "scores are of single channels"),
        ({"photos": (str(photos), str(photos))}, "by the photos of one place, not of 2"),
    ):
        with pytest.raises(InvalidSetting, match=told):
            next(reverie.sweep(model, SheetSettings(layers=("block",), canvas=CANVAS, climb=Climb(steps=1), **wrong)))
    assert not Path("block").exists()


def test_a_huge_sheet_shows_its_pictures_smaller(tmp_path, monkeypatch):
    monkeypatch.setattr("reverie.figures.contact_sheet.LARGEST", 10_000)
    paths = [tmp_path / f"{index}.png" for index in range(16)]
    for path in paths:
        to_pil(picture(1, 3, 50, 100)).save(path)
    made = contact_sheet(paths, [""] * 16)
    assert made.width * made.height < 40_000


def test_records_hold_the_batch(model):
    reverie.sheet(model, "block", **FAST)
    record = read_record("block/block-7.png")
    assert json.loads(str(record))["arguments"]["units"] == ["block:6", "block:7"]
    assert record.index == 1


def test_groups_are_drawn_from_the_dictionary_beside_the_sheet(bundled, counted):
    settings = {"groups": 3, "photos": ["sample:flower"], "size": 32, "steps": 1, "batch": 2}
    assert reverie.sheet(bundled, "mixed3a", **settings) == [Path("mixed3a-groups.png")]
    names = sorted(bits(Path("mixed3a-groups")))
    assert len(names) == 3
    assert all(re.fullmatch(r"group-\d-\d+\.png", name) for name in names)
    directions = "mixed3a-groups/directions.safetensors"
    wanted = reverie.feature(bundled, "mixed3a:0-1", dictionary=directions, size=32, steps=1, batch=2)
    with Image.open(Path("mixed3a-groups") / names[1]) as made:
        assert np.array_equal(np.asarray(wanted[1]), np.asarray(made))
    again = reverie.rerun(Path("mixed3a-groups") / names[1])
    assert np.array_equal(np.asarray(again), np.asarray(wanted[1]))
    counted.clear()
    reverie.sheet(bundled, "mixed3a", **settings)
    assert counted == []
    with pytest.raises(OutputFailed, match=r"^mixed3a-groups/directions\.safetensors holds other groups; say --force"):
        reverie.sheet(bundled, "mixed3a", **{**settings, "photos": ["sample:china"]})


def test_settings_may_be_given_whole_and_a_misspelt_one_is_told(model):
    whole = SheetSettings(layers=("block:0-1",), climb=Climb(steps=1), canvas=Canvas(size=32))
    first = [picture.read_bytes() for picture in list(reverie.sweep(model, whole, "whole"))[-1].pictures]
    second = list(reverie.sweep(model, "block:0-1", "parts", steps=1, size=32))[-1]
    assert first == [picture.read_bytes() for picture in second.pictures]
    for call in (reverie.sheet, reverie.sweep):
        with pytest.raises(UnknownName, match=f"{call.__name__} takes no 'stepz'; nearest: 'steps'"):
            call(model, "block", stepz=1)
    with pytest.raises(UnknownName, match="patches takes no 'mosst'; nearest: 'most'"):
        reverie.patches(model, "block:1", scan="none.db", mosst=1)
