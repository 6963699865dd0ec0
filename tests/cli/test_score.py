import json

import numpy as np
import pytest
from PIL import Image

FEW = ("--steps", "1", "--size", "32", "--judge", "none")


@pytest.fixture
def folder(tmp_path):
    place = tmp_path / "photos"
    place.mkdir()
    for number in range(4):
        noise = np.random.default_rng(number).normal(128, 40 + 40 * number, (50, 60)).clip(0, 255).astype(np.uint8)
        Image.fromarray(noise).convert("RGB").save(place / f"{number}.png")
    return place


def test_scores_are_a_table_and_numbers_with_what_they_are_of(cli, factory, folder, tmp_path):
    words = ("score", "norm:0", "--model", factory, "--photos", folder, "--seeds", "1", *FEW, "-o", "s.json")
    status, out, err = cli(*words)
    assert status == 0, err
    assert out.split("\n")[0].split()[:3] == ["unit", "reach", "interpretability"]
    assert "interpretability, clarity, path and agreement need at least 44 photos; there are 4" in out
    assert out.endswith("wrote s.json\n")
    (unit,) = json.loads((tmp_path / "s.json").read_text())["units"]
    told = {score["name"]: score for score in unit["scores"]}
    assert set(told) == {"reach"}
    assert "naturalness needs at least 8 photos; there are 4" in out
    assert told["reach"]["basis"].startswith("4 photos")
    assert cli(*words)[0] == 2


def test_a_doctor_says_what_it_found_and_what_it_left_out(cli, factory, folder, tmp_path):
    status, out, err = cli("doctor", factory, "--photos", folder, *FEW, "-o", "d.json")
    assert status == 0, err
    assert "maps by grad-cam" in out
    assert "no fooling circuit was planted: it takes 44 photos" in out
    found = json.loads((tmp_path / "d.json").read_text())["found"]
    assert [row["asked"] for row in found if row["asked"].startswith("maps")] == [
        f"maps by {name}" for name in ("gradient", "guided-backprop", "grad-cam")
    ]


def test_mistakes_get_one_sentence(refused, factory, folder):
    where = ("--model", factory, "--photos", folder)
    assert refused("score", "norm", *where).startswith("'norm' is a whole layer; name one channel, such as")
    assert refused("score", "norm:3", *where, "-o", "s.png").startswith(
        "cannot write 's.png': its ending must be one of"
    )
    assert refused("score", "norm:3", "--model", factory, "--scan", "no.db").startswith("there is no scan no.db")
    assert refused("score", "norm:3", *where, "--judge", factory) == (
        "a network cannot judge its own pictures; name another one"
    )
