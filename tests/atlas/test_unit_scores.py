"""Scores of units whose pictures are made for them: which pictures, and by which photos."""

import pytest

import reverie
from reverie.atlas.building import BuildRun
from reverie.atlas.unit_scores import ScoreRun
from reverie.errors import AtlasRefused
from reverie.image import to_pil
from reverie.runs import finished
from reverie.settings.atlas import Build
from reverie.settings.score import UnitScores
from tiny import picture

FEW = {"steps": 1, "size": 32, "seeds": 1, "judge": "none"}


@pytest.mark.parametrize(
    ("units", "given", "presets"),
    [
        (("mix:0",), {}, ["default", "maco"]),
        (("logits:0",), {}, ["maco", "default"]),
        (("logits:0", "mix:0"), {}, ["default", "maco"]),
        (("logits:0",), {"preset": "quick", "beside": ("naive",)}, ["quick", "naive"]),
    ],
)
def test_pictures_are_those_that_feature_makes_and_one_of_another_preset(model, units, given, presets):
    run = ScoreRun(model, UnitScores(units=units, **FEW, **given))
    assert list(run.syntheses) == [f"{preset}, seed 0" for preset in presets]


def test_the_photos_of_an_atlas_are_measured_by(model, tmp_path):
    for number in range(8):
        path = tmp_path / "photos" / f"{number}.png"
        path.parent.mkdir(exist_ok=True)
        to_pil(picture(number, 3, 40, 56)).save(path)
    asked = Build.made(layers=("mix",), views="max", size=32, steps=1, limit=2, workers=0, batch=2)
    finished(BuildRun(model, asked, tmp_path / "bare.atlas"))
    finished(BuildRun(model, asked.changed(photos=tmp_path / "photos"), tmp_path / "a.atlas"))
    found = reverie.score(model, "mix:0", scan=str(tmp_path / "a.atlas"), **FEW)
    assert found.units[0]["reach"].basis.startswith("8 photos of a.atlas")
    with pytest.raises(AtlasRefused, match="was built without photos"):
        reverie.score(model, "mix:0", scan=str(tmp_path / "bare.atlas"), **FEW)
