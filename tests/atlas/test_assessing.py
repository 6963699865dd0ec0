"""The pictures of an atlas get the scores that the room of truth gives them, once each."""

import contextlib
import sqlite3
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from reverie.atlas.assessing import MADE, AssessRun
from reverie.atlas.atlas_file import Atlas, read_atlas, shown
from reverie.atlas.building import BuildRun
from reverie.atlas.worker import webp
from reverie.errors import AtlasRefused
from reverie.image import to_pil
from reverie.runs import finished
from reverie.settings.atlas import Build
from reverie.truth.assessment import Assessment
from reverie.truth.exemplars import scanned
from reverie.unit import Unit
from tiny import picture

SMALL = {"layers": ("mix",), "views": "max,min", "size": 32, "steps": 2, "batch": 4, "limit": 4, "workers": 0}


@pytest.fixture(scope="module")
def made(model, tmp_path_factory) -> Path:
    place = tmp_path_factory.mktemp("made")
    for number in range(12):
        path = place / "photos" / ("even", "odd")[number % 2] / f"{number}.png"
        path.parent.mkdir(exist_ok=True, parents=True)
        to_pil(picture(number, 3, 40, 56)).save(path)
    finished(BuildRun(model, Build.made(**SMALL, photos=place / "photos"), place / "a.atlas"))
    return place / "a.atlas"


def test_scores_are_those_of_the_units_pictures(model, made, monkeypatch):
    before, outlines, asked = read_atlas(made).scores("mix"), Atlas.outlines, []
    monkeypatch.setattr(Atlas, "outlines", lambda self, layer: asked.append(layer) or outlines(self, layer))
    run = AssessRun(made, model, judge="none")
    atlas = finished(run)
    assert asked == ["mix"]  # once, not for each unit
    few = "interpretability, clarity, path and agreement need at least 44 photos; there are 12 (4 units)"
    assert few in run.missing
    found = Assessment(scanned(model, atlas.scan, ["mix"]))
    for unit in range(4):
        (kept,) = (item for item in atlas.pictures("mix", unit) if item.view == "max")
        most = torch.from_numpy(np.asarray(shown(kept.image, atlas.damaged)).astype(np.float32) / 255).permute(2, 0, 1)
        wanted = {score.name: score.value for score in found.scores(Unit("mix", (unit,)), most[None]).scores}
        scores = {item.name: item.value for item in atlas.scores("mix", unit) if item.name in MADE}
        assert scores == {name: pytest.approx(value) for name, value in wanted.items() if name in MADE}
        assert "naturalness" in scores
    assert set(before) <= set(atlas.scores("mix"))
    assert not list(AssessRun(made, model, judge="none").events())
    assert len(list(AssessRun(made, model, judge="none", force=True, limit=2).events())) == 2


def test_a_picture_of_another_size_is_refused(model, made, tmp_path):
    path = tmp_path / "a.atlas"
    path.write_bytes(made.read_bytes())
    with contextlib.closing(sqlite3.connect(path)) as database:
        database.execute("UPDATE pictures SET image = ?", (webp(Image.new("RGB", (31, 32))),))
        database.commit()
    with pytest.raises(AtlasRefused, match="a damaged one"):
        finished(AssessRun(path, model, judge="none", force=True))


def test_an_atlas_without_photos_is_refused(model, tmp_path):
    asked = Build.made(**{**SMALL, "views": "max"})
    finished(BuildRun(model, asked, tmp_path / "a.atlas"))
    with pytest.raises(AtlasRefused, match="holds no finished scan of photos, by which pictures are assessed"):
        AssessRun(tmp_path / "a.atlas", model)
