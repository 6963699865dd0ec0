import numpy as np
import pytest
import torch
from PIL import Image

import reverie
from reverie.image import read

FAST = ["--steps", "2", "--size", "32"]


def test_invert_says_what_came_back(cli, photo, factory):
    status, out, err = cli("invert", photo, "-m", factory, "--layer", "block", *FAST)
    assert (status, err) == (0, "")
    first, second = out.splitlines()
    assert first == "wrote photo-invert-1.png and photo-invert-1-sheet.png: nets.py:tiny, block"
    assert second.startswith("block: error ")
    made = reverie.invert(factory, photo, "block", steps=2, size=32)
    assert second == f"block: {made.findings[0].note}"
    with Image.open("photo-invert-1.png") as file:
        assert np.array_equal(np.asarray(file), np.asarray(made))


def test_all_makes_a_strip_that_repeats(cli, photo, factory):
    words = ["invert", photo, "-m", factory, "--all", *FAST, "--prior", "l2=0.1", "--singles"]
    status, out, _ = cli(*words, "-o", "s.png")
    assert status == 0
    names = [line.split(":")[0] for line in out.splitlines()[1:]]
    assert names[-1] == "logits"
    made_with = "nets.py:tiny, stem, block, mix and 2 more"
    assert out.splitlines()[0] == f"wrote s.png and {len(names)} pictures in s: {made_with}"
    assert cli("rerun", f"s/{names[0]}.png", "-m", factory, "-o", "again.png")[0] == 0
    assert torch.equal(read("again.png"), read(f"s/{names[0]}.png"))


def test_an_existing_sheet_is_kept_without_force(cli, refused, photo, factory, tmp_path):
    (tmp_path / "a-sheet.png").write_text("mine")
    words = ["invert", photo, "-m", factory, "--layer", "block", *FAST, "-o", "a.png"]
    assert refused(*words) == "a-sheet.png exists already; say --force to overwrite it, or name another with --output"
    assert cli(*words, "--force")[0] == 0
    assert read("a-sheet.png").shape[-1] > 2 * 32


@pytest.mark.parametrize("quiet", [False, True])
def test_what_an_ascent_mends_is_said(cli, photo, factory, monkeypatch, quiet):
    def iterate(model, recipe, **options):
        for step in reverie.iterate(model, recipe, **options):
            object.__setattr__(step, "note", "it was mended")
            yield step

    monkeypatch.setattr("reverie.synthesis.batches.iterate", iterate)
    words = ["invert", photo, "-m", factory, "--layer", "block", *FAST, "-o", "a.png", *(["-q"] if quiet else [])]
    status, _, err = cli(*words)
    assert status == 0
    assert err == ("" if quiet else "reverie: step 1: it was mended\nreverie: step 2: it was mended\n")


def test_wrong_words_are_one_line(refused, photo, factory):
    assert "has no layer 'blok'; nearest: 'block'" in refused("invert", photo, "-m", factory, "--layer", "blok")
    assert refused("invert", "none.npy", "-m", factory, "--layer", "mix").startswith("there is no file none.npy;")
