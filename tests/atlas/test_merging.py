"""Atlases of shards join into the one that an unbroken build makes; what clashes or is damaged is named."""

import contextlib
import sqlite3
from pathlib import Path

import pytest

from killing import contents
from reverie.atlas.atlas_file import read_atlas
from reverie.atlas.building import BuildRun
from reverie.atlas.merging import MergeRun
from reverie.atlas.plan import Batch, pictured, stated
from reverie.atlas.state import state_of
from reverie.atlas.verifying import VerifyRun
from reverie.errors import AtlasRefused, InvalidSetting, OutputFailed, RecordRefused
from reverie.image import to_pil
from reverie.runs import finished
from reverie.settings.atlas import Build
from tiny import picture

SMALL = {"layers": ("block", "mix"), "size": 24, "steps": 2, "batch": 4, "diversity": 2, "workers": 0}


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    place = tmp_path_factory.mktemp("photos")
    for number in range(9):
        to_pil(picture(number, 3, 40, 56)).save(place / f"{number}.png")
    return place


@pytest.fixture(scope="module")
def made(model, folder, tmp_path_factory):
    """An unbroken atlas, and those of three shards."""
    place = tmp_path_factory.mktemp("made")
    names = {None: "whole", "1/3": "a", "2/3": "b", "3/3": "c"}
    for shard, name in names.items():
        asked = Build.made(**SMALL, photos=folder, shard=shard)
        finished(BuildRun(model, asked, place / f"{name}.atlas"))
    return place


def test_shards_joined_in_any_order_are_the_unbroken_atlas(made, tmp_path):
    whole = contents(made / "whole.atlas")
    for number, order in enumerate(("abc", "cba", "bbca")):
        joined = finished(MergeRun([made / f"{name}.atlas" for name in order], tmp_path / f"{number}.atlas"))
        assert contents(joined.path) == whole
    assert not [path for path in tmp_path.iterdir() if path.suffix != ".atlas"]


def test_each_shard_makes_a_third_and_the_first_one_looks_at_the_photos(made):
    parts = [read_atlas(made / f"{name}.atlas") for name in "abc"]
    assert sum(len(part) for part in parts) == len(read_atlas(made / "whole.atlas")) == 80
    assert [part.scan is not None for part in parts] == [True, False, False]
    assert [bool(part.statistics("mix")) for part in parts] == [True, False, False]


def test_batches_are_fixed_by_layer_view_and_unit_number(made):
    job = read_atlas(made / "whole.atlas").about.job
    channels = {"a": 10, "b": 3}
    whole = pictured(channels, ("diverse", "max"), job)
    assert whole[:4] == [Batch("a", "max", 0, 4), Batch("a", "max", 4, 4), Batch("a", "max", 8, 2),
                         Batch("b", "max", 0, 3)]  # fmt: skip
    assert whole[4] == Batch("a", "diverse", 0, 2)
    assert len(whole) == 4 + 5 + 2
    for limit in range(1, 12):
        assert set(pictured(channels, ("diverse", "max"), job, limit)) <= set(whole)
    assert [batch.count for batch in stated(channels, job, 5)] == [4, 4, 3]


def test_what_does_not_go_together_is_told(made, tmp_path):
    paths = [made / "a.atlas", made / "b.atlas"]
    with pytest.raises(OutputFailed, match=r"already exists|exists"):
        MergeRun(paths, made / "c.atlas")
    with pytest.raises(InvalidSetting, match="joins two atlases or more"):
        MergeRun(paths[:1], tmp_path / "x.atlas")
    other = changed(made / "whole.atlas", tmp_path / "other.atlas", "UPDATE pictures SET image = x'00' WHERE unit = 3")
    with pytest.raises(AtlasRefused, match=r"other\.atlas holds other things .*: pictures of block 3 max"):
        finished(MergeRun([made / "whole.atlas", other], tmp_path / "x.atlas"))
    sized = changed(
        made / "a.atlas",
        tmp_path / "sized.atlas",
        """UPDATE network SET value = replace(value, '"size": 24', '"size": 25') WHERE name = 'job'""",
    )
    with pytest.raises(AtlasRefused, match="cannot be joined: other settings of the pictures"):
        MergeRun([made / "b.atlas", sized], tmp_path / "x.atlas")
    assert not (tmp_path / "x.atlas").exists()


def changed(path: Path, place: Path, *statements: str) -> Path:
    """A copy with changed rows."""
    place.write_bytes(path.read_bytes())
    with contextlib.closing(sqlite3.connect(place)) as database:
        for statement in statements:
            database.execute(statement)
        database.commit()
    return place


def test_an_atlas_is_verified_and_what_is_wrong_is_named(model, made, tmp_path):
    path = made / "whole.atlas"
    good = finished(VerifyRun(path, model, most=None))
    assert good.problems == ()
    assert good.looked == (
        "the file's pages and references looked at", "80 pictures decoded", "20 of 20 batches made again",
    )  # fmt: skip
    assert good.told([])[-1] == "all is well"
    swapped = changed(
        path,
        tmp_path / "swapped.atlas",
        "UPDATE pictures SET image = (SELECT image FROM pictures WHERE unit = 1 AND view = 'max' AND layer = 'mix') "
        "WHERE unit = 2 AND view = 'max' AND layer = 'mix'",
        "DELETE FROM pictures WHERE layer = 'block' AND unit = 7 AND view = 'diverse-2'",
        "UPDATE crops SET image = x'0102' WHERE rowid = 1",
        "INSERT INTO units VALUES ('nowhere', 3, NULL)",
    )
    problems = finished(VerifyRun(swapped, model, most=None)).problems
    assert "mix:2 max: made again it is another picture" in problems
    assert "block:6-7 diverse: 1 of its pictures are missing" in problems
    assert any(text.startswith("crops of block") and "cannot be" in text for text in problems)
    assert "a row of units is of what is not there (layers)" in problems
    assert len(problems) == 4
    with pytest.raises(RecordRefused, match="names code or weights of its own"):
        VerifyRun(path)
    assert finished(VerifyRun(path, most=0)).problems == ()


def test_the_state_says_what_is_there_and_what_is_to_come(made):
    whole, part = state_of(read_atlas(made / "whole.atlas")), state_of(read_atlas(made / "b.atlas"))
    assert [(row.layer, row.units, row.pictures, row.failed, row.to_come) for row in whole.layers] == [
        ("block", 8, 32, 0, 0), ("mix", 12, 48, 0, 0),
    ]  # fmt: skip
    batches = [batch for batch in read_atlas(made / "whole.atlas").batches() if batch.view != "facts"]
    assert whole.rate == pytest.approx(80 * 3600 / sum(batch.seconds for batch in batches))
    assert sum(row.pictures + row.to_come for row in part.layers) == 80
