import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from painted import coloured, drained

import reverie
from reverie.atlas.unit_scores import ScoreRun, Scores
from reverie.dataset.photo_batches import batches
from reverie.dataset.photo_sets import PhotoSet, photo_set
from reverie.dataset.scanning import scan
from reverie.errors import InvalidSetting, ScanRefused
from reverie.settings.score import UnitScores
from reverie.truth.assessment import ALONE, NAMES, Assessment, Score, Scored, fitted
from reverie.truth.drawn import drawn
from reverie.truth.exemplars import exhausted, responses, scanned
from reverie.truth.interpretability import Others
from reverie.unit import Unit
from tiny import Tiny, seeded

RED, BLUE = torch.stack([coloured(1, 0, 0)] * 2), torch.stack([coloured(0, 0, 1)] * 2)
UNIT = Unit("see", (0,))
OF_BLUE, OF_RED = (Others((Unit("see", (1,)),), pictures[:, None]) for pictures in (BLUE, RED))


def test_every_score_says_what_it_is_of_and_has_its_place(assessment):
    scored = assessment.scores(UNIT, RED, OF_BLUE)
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


def test_lines_say_whose_they_are():
    reach = [Score("reach", 2.0, None, None, basis, {}) for basis in ("4 photos", "5 photos", "4 photos")]
    units = [Scored(Unit("see", (number,)), (score,)) for number, score in enumerate(reach)]
    low = Scored(Unit("see", (3,)), (replace(reach[0], value=0.5),), ("see:3: no label",))
    assert Scores("net", (*units, low)).told([Path("s.json")]) == [
        f"reach: {NAMES['reach']}",
        "  see:0, see:2, see:3: 4 photos",
        "  see:1: 5 photos",
        "see:3: low reach: do not read its picture as what it responds to in photos",
        "see:3: no label",
        "wrote s.json",
    ]


def test_a_picture_of_something_else_is_marked(assessment):
    scored = assessment.scores(UNIT, BLUE, OF_RED)
    assert {score.name for score in scored.scores if score.wary} >= {"reach", "interpretability", "path"}
    believed = assessment.scores(UNIT, RED, OF_BLUE)
    assert not [score.name for score in believed.scores if score.wary and score.name != "naturalness"]


def test_what_cannot_be_told_is_left_out(model, painted, judge, assessment, found):
    photos = photo_set(painted)
    few = PhotoSet(photos.place, photos.names[:12], photos.sources[:12])
    small = Assessment(drained(responses(model, few, ["see"], workers=0)), judge).scores(UNIT, RED, OF_BLUE)
    assert "reach" in small
    assert "interpretability" not in small
    assert "clarity" not in small
    assert "path" not in small
    assert small.missing[0] == "interpretability, clarity, path and agreement need at least 44 photos; there are 12"
    alone = Assessment(found, None).scores(UNIT, RED)
    assert [score.name for score in alone.scores] == ["reach", "label", "naturalness"]
    assert alone.missing[0].startswith("see:0: no pictures of other units")
    assert [score.name for score in assessment.alone(UNIT, RED[0]).scores] == list(ALONE)
    assert "agreement" not in assessment.scores(UNIT, RED[:1], replace(OF_BLUE, pictures=OF_BLUE.pictures[:1]))
    assert "interpretability" not in assessment.scores(UNIT, RED)
    with pytest.raises(InvalidSetting, match=r"^'see' is a whole layer; name one channel, such as 'see:0'$"):
        assessment.scores(Unit("see"), RED)


def test_a_unit_that_no_photo_fires_has_no_reach(model, painted, found):
    dark = drawn("dark", torch.zeros(8, 3, 32, 32))
    told = Assessment(drained(responses(model, dark, ["see"]))).scores(UNIT, RED)
    assert [score.name for score in told.scores] == ["naturalness"]
    assert told.missing[0] == "see:0: no reach: no photo fires the unit"
    few = Assessment(drained(responses(model, drawn("few", torch.ones(7, 3, 32, 32)), ["see"]))).scores(UNIT, RED)
    assert "naturalness" not in few
    assert few.missing[0] == "naturalness needs at least 8 photos; there are 7"


def test_as_many_processes_decode_as_are_asked_for_and_none_what_is_drawn(model, painted, monkeypatch):
    asked = []

    def watched(*given, workers):
        asked.append(workers)
        return batches(*given, workers=0)

    monkeypatch.setattr("reverie.truth.exemplars.batches", watched)
    one = drawn("one", torch.zeros(1, 3, 32, 32))
    drained(responses(model, photo_set(painted), ["see"], workers=3))
    drained(responses(model, one, ["see"], workers=3))
    wanted = UnitScores(
        units=("see:0",), photos=str(painted), judge="none", workers=2, steps=1, size=32, beside=(), seeds=1
    )
    exhausted(ScoreRun(model, wanted).events())
    assert asked == [3, 0, 2]


def test_a_scan_says_what_its_photos_say(model, painted, judge, assessment, tmp_path):
    file = scan(model, painted, tmp_path / "a.db", layers=("see",), workers=0, extremes=15)
    own = Assessment(scanned(model, file, ["see"]), judge).scores(UNIT, RED, OF_BLUE)
    told = assessment.scores(UNIT, RED, OF_BLUE)
    assert {score.name: score.value for score in own.scores} == pytest.approx({s.name: s.value for s in told.scores})
    assert own["reach"].basis.startswith("60 photos of a.db")
    with pytest.raises(ScanRefused, match="was made with other weights than"):
        scanned(reverie.load(seeded(Tiny), size=48), file, ["see"])


def test_a_photo_that_cannot_be_read_counts_nowhere(model, painted, tmp_path):
    place = tmp_path / "some"
    place.mkdir()
    for path in sorted(painted.rglob("*.png"))[:8]:
        shutil.copy(path, place)
    whole = Assessment(drained(responses(model, photo_set(place), ["see"], workers=0))).alone(UNIT, RED[0])
    (place / "torn.png").write_bytes(b"no picture")
    looked = drained(responses(model, photo_set(place), ["see"], workers=0))
    kept = scanned(model, scan(model, place, tmp_path / "a.db", layers=("see",), workers=0), ["see"])
    for found, source in ((looked, "8 photos"), (kept, "8 photos of a.db")):
        told = Assessment(found).alone(UNIT, RED[0])
        assert found.source == source
        assert [score.name for score in told.scores] == list(ALONE)
        assert [score.value for score in told.scores] == pytest.approx([score.value for score in whole.scores])


def test_the_temperature_is_of_all_units_together(found, judge):
    units = [UNIT, Unit("see", (1,))]
    assert 0.02 <= fitted(judge, found, units) <= 2
