"""Files that are named beside the network: whether they are of it."""

import pytest

from reverie.atlas.building import BuildRun
from reverie.runs import finished
from reverie.settings.atlas import Build
from reverie.studio.file_checks import Fitting


@pytest.fixture
def atlas(model, tmp_path) -> str:
    asked = Build.made(layers=("logits",), size=24, steps=1, batch=8, views="max", workers=0)
    finished(BuildRun(model, asked, tmp_path / "tiny.atlas"))
    return str(tmp_path / "tiny.atlas")


def test_an_atlas_of_this_network_fits_and_one_without_photos_has_no_patches(model, atlas):
    found = Fitting(model, {"atlas": atlas, "scan": None})
    assert (found.atlas.path.name, found.problems, [*found.scanned]) == ("tiny.atlas", {}, [])


def test_a_file_of_another_network_is_told_of_and_left_out(sequential, atlas):
    found = Fitting(sequential, {"atlas": atlas, "scan": atlas})
    assert (found.atlas, [*found.scanned], [*found.problems]) == (None, [], ["atlas", "scan"])
    assert "is an atlas of Tiny, not of Sequential with these weights" in found.problems["atlas"]
    assert "was built without photos" in found.problems["scan"]
