"""Nothing that is finished is lost: not when the making is killed, nor when the disk is full."""

import pytest
import torch
from build_kills import SETTINGS, kill_often, photos_in

from killing import contents
from reverie.atlas.atlas_file import read_atlas
from reverie.atlas.atlas_writer import AtlasWriter
from reverie.atlas.building import BuildRun
from reverie.errors import OutputFailed
from reverie.runs import finished
from reverie.settings.atlas import Build


def test_an_atlas_that_is_killed_again_and_again_ends_as_an_unbroken_one(tmp_path):
    cut, ended = kill_often(tmp_path, 4, seed=3)
    assert cut == 4
    assert ended >= 1


@pytest.fixture(scope="module")
def whole(model, tmp_path_factory):
    """What is asked, and the atlas of it."""
    torch.set_num_threads(1)
    place = tmp_path_factory.mktemp("made")
    asked = Build.made(photos=photos_in(place / "photos"), **SETTINGS)
    return asked, finished(BuildRun(model, asked, place / "whole.atlas"))


@pytest.mark.parametrize("room", [4, 12, 24])
def test_a_full_disk_is_told_and_nothing_finished_is_lost(model, whole, tmp_path, monkeypatch, room):
    torch.set_num_threads(1)
    asked, unbroken = whole
    path, entered = tmp_path / "full.atlas", AtlasWriter.__enter__

    def small(writer):
        entered(writer)
        (pages,) = writer.database.execute("PRAGMA page_count").fetchone()
        writer.database.execute(f"PRAGMA max_page_count = {pages + room}")
        return writer

    monkeypatch.setattr(AtlasWriter, "__enter__", small)
    with pytest.raises(OutputFailed, match=r"free some space .* run the same build again"):
        finished(BuildRun(model, asked, path))
    kept = len(read_atlas(path))
    monkeypatch.undo()
    assert contents(finished(BuildRun(model, asked, path)).path) == contents(unbroken.path)
    assert kept < len(unbroken)
