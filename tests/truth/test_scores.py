import pytest
import torch
from painted import coloured, drained

import reverie
from reverie.dataset.photos import PhotoSet, photo_set
from reverie.dataset.scanning import scan
from reverie.errors import InvalidSetting, ScanRefused
from reverie.truth.exemplars import responses, scanned
from reverie.truth.scores import NAMES, Assessment, fitted
from reverie.unit import Unit
from tiny import Tiny, seeded

RED, BLUE = torch.stack([coloured(1, 0, 0)] * 2), torch.stack([coloured(0, 0, 1)] * 2)
UNIT = Unit("see", (0,))


def test_every_score_says_what_it_is_of_and_has_its_place(assessment):
    scored = assessment.scores(UNIT, RED, BLUE)
    assert [score.name for score in scored.scores] == list(NAMES)
    assert not scored.missing
    for score in scored.scores:
        assert score.basis
        assert score.low is None or score.low <= score.value <= score.high
    chosen = scored["interpretability"]
    assert chosen.basis.startswith("K 5, N 10 of 60 photos; judge Tiny; T ")
    assert set(chosen.more) >= {"natural", "both", "soft synthetic", "temperature"}
    assert scored["label"].more["formula"] in ("red", "NOT blue")
    assert scored["label"].value > 0.99


def test_a_picture_of_something_else_is_marked(assessment):
    scored = assessment.scores(UNIT, BLUE, RED)
    assert {score.name for score in scored.scores if score.wary} >= {"reach", "interpretability", "path"}
    believed = assessment.scores(UNIT, RED, BLUE)
    assert not [score.name for score in believed.scores if score.wary and score.name != "naturalness"]


def test_what_cannot_be_told_is_left_out(model, painted, judge, assessment, found):
    photos = photo_set(painted)
    few = PhotoSet(photos.place, photos.names[:12], photos.sources[:12])
    small = Assessment(drained(responses(model, few, ["see"], workers=0)), judge).scores(UNIT, RED, BLUE)
    assert "reach" in small
    assert "interpretability" not in small
    assert "clarity" not in small
    assert "path" not in small
    assert small.missing[0] == "interpretability, clarity, path and agreement need at least 44 photos; there are 12"
    alone = Assessment(found, None).scores(UNIT, RED)
    assert [score.name for score in alone.scores] == ["reach", "label", "path", "naturalness"]
    assert "agreement" not in assessment.scores(UNIT, RED[:1], BLUE[:1])
    assert "interpretability" not in assessment.scores(UNIT, RED)
    with pytest.raises(InvalidSetting, match="is more, or less, than one channel"):
        assessment.scores(Unit("see"), RED)


def test_a_scan_says_what_its_photos_say(model, painted, judge, assessment, tmp_path):
    file = scan(model, painted, tmp_path / "a.db", layers=("see",), workers=0, extremes=15)
    own = Assessment(scanned(model, file, ["see"]), judge).scores(UNIT, RED, BLUE)
    told = assessment.scores(UNIT, RED, BLUE)
    assert {score.name: score.value for score in own.scores} == pytest.approx({s.name: s.value for s in told.scores})
    assert own["reach"].basis.startswith("60 photos of a.db")
    with pytest.raises(ScanRefused, match="was made with other weights than"):
        scanned(reverie.load(seeded(Tiny), size=48), file, ["see"])


def test_the_temperature_is_of_all_units_together(found, judge):
    units = [UNIT, Unit("see", (1,))]
    assert 0.02 <= fitted(judge, found, units) <= 2
