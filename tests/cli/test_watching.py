"""What a run leaves besides its picture: its film, its trace, its plot, a verdict, and comparisons."""

import itertools
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import reverie
from reverie.figures.trace_file import read_trace
from reverie.recipes.rerunning import read_record

pytest.importorskip("av")
pytest.importorskip("matplotlib")

SMALL = ["--size", 32, "--steps", 3]


def frames(name) -> list[np.ndarray]:
    with Image.open(name) as file:
        found = []
        for number in range(file.n_frames):
            file.seek(number)
            found.append(np.asarray(file.convert("RGB")))
        return found


def test_a_dream_has_its_film_at_the_photos_size(cli, factory, photo):
    status, out, _ = cli(
        "dream", photo, "-m", factory, "--layer", "block", "--octaves", 2, "--steps", 2, "-o", "a.png",
        "--film", "a.webp",
    )  # fmt: skip
    assert (status, out) == (0, "wrote a.png: nets.py:tiny, block\nwrote a.webp\n")
    shown = frames("a.webp")
    assert len(shown) == 4 + 25
    assert {frame.shape for frame in shown} == {(41, 53, 3)}
    with Image.open("a.png") as made:
        assert np.abs(np.asarray(made).astype(int) - shown[-1]).mean() < 6
    assert np.abs(shown[0].astype(int) - shown[3]).mean() > 1


def test_the_film_of_several_units_is_their_sheet(cli, factory):
    words = ["feature", "mix:0-2", "-m", factory, *SMALL, "--batch", 2, "-o", "s.png", "--film", "s.gif", "--singles"]
    assert cli(*words)[1] == "wrote s.png and 3 pictures in s: nets.py:tiny, mix\nwrote s.gif\n"
    shown = frames("s.gif")
    assert len(shown) == 6 + 25
    with Image.open("s.png") as sheet:
        assert shown[-1].shape == np.asarray(sheet).shape
        assert np.abs(np.asarray(sheet).astype(int) - shown[-1]).mean() < 8


def test_ctrl_c_leaves_a_whole_film(cli, factory, photo, monkeypatch):
    def interrupted(model, recipe, **settings):
        yield from itertools.islice(reverie.iterate(model, recipe, **settings), 2)
        raise KeyboardInterrupt

    monkeypatch.setattr("reverie.synthesis.batches.iterate", interrupted)
    status, out, _ = cli("dream", photo, "-m", factory, "--layer", "block", "-o", "a.png", "--film", "a.gif")
    assert status == 130
    assert out.endswith("the last whole picture)\nwrote a.gif\n")
    assert len(frames("a.gif")) == 2 + 25


def test_what_is_in_the_way_of_a_film_or_a_trace_is_said_before_the_work(refused, factory, photo, tmp_path):
    (tmp_path / "a.gif").write_text("mine")
    (tmp_path / "a.npz").write_text("mine")
    words = ["dream", photo, "-m", factory, "--layer", "block", "-o", "a.png"]
    assert refused(*words, "--film", "a.gif").startswith("a.gif exists already; say --force to overwrite it")
    assert refused(*words, "--trace").startswith("a.npz exists already; say --force to overwrite it")
    assert refused(*words, "--film", "a.avi").startswith("cannot write 'a.avi': its ending must be one of .mp4, .webm")
    assert refused("dream", photo, photo, "-m", factory, "--film", "b.gif") == (
        "2 photos do not fit in the one film b.gif; dream them one by one"
    )
    assert sorted(item.name for item in tmp_path.iterdir() if item.suffix != ".py") == ["a.gif", "a.npz", "photo.png"]


def test_a_trace_is_written_drawn_and_filmed(cli, factory):
    status, out, _ = cli("feature", "block:3", "-m", factory, "--size", 32, "--steps", 8, "-o", "a.png", "--trace")
    assert (status, out) == (0, "wrote a.png and a.npz: nets.py:tiny, block\n")
    record = read_record("a.png")
    trace = read_trace(Path("a.npz"), record.automatic["trace"]["sha256"])
    assert trace.features["block"].shape == (8, 8)
    status, out, _ = cli("plot", "a.png", "--film", "plot.gif")
    assert status == 0
    assert out.splitlines()[0].startswith("block: ")
    assert "of 8 rise, " in out.splitlines()[0]
    assert out.splitlines()[1].startswith("  rise most: ")
    assert out.endswith("wrote a-plot-1.png\nwrote plot.gif\n")
    with Image.open("a-plot-1.png") as drawn:
        assert drawn.size == (1000, 560)
    assert len(frames("plot.gif")) == 8 + 25


def test_a_rerun_brings_the_trace_that_a_picture_lacks(cli, refused, factory):
    cli("feature", "block:3", "-m", factory, *SMALL, "-o", "a.png")
    assert refused("plot", "a.png") == (
        "a.png was made without a trace; make it with --trace, or again: reverie rerun a.png --trace"
    )
    assert cli("rerun", "a.png", "-m", factory, "-o", "b.png", "--trace")[0] == 0
    assert cli("plot", "b.png", "-o", "c.png")[1].endswith("wrote c.png\n")


def test_a_trace_of_another_picture_is_refused(cli, refused, factory):
    for name, unit in (("a", "block:0"), ("b", "block:1")):
        cli("feature", unit, "-m", factory, *SMALL, "-o", f"{name}.png", "--trace")
    shutil.copy("b.npz", "a.npz")
    assert refused("plot", "a.png").startswith("a.npz is not the trace that was written with the picture;")


def test_a_verdict_is_printed_and_recorded(cli, factory, photo):
    words = ["feature", "logits:beetle", "-m", factory, *SMALL, "-o", "a.png", "--verify", "--photos", photo]
    status, out, _ = cli(*words, "--verify-with", factory)
    assert status == 0
    assert "percentile" in out
    assert "rank " in out
    noted = read_record("a.png").automatic["verification"]
    assert noted["unit"] == "logits:3"
    assert noted["transfer"]["name"] == "beetle"


def test_verification_is_asked_for_whole(refused, factory):
    message = "--verify-with and --photos go with --verify"
    assert refused("feature", "block:0", "-m", factory, "--verify-with", factory) == message
    assert refused("feature", "block:0", "-m", factory, "--photos", "sample:flower") == message


def test_a_comparison_prints_what_is_left_of_the_gradients(cli, factory, photo):
    words = ["compare", "mix", "-m", factory, "--size", 32, "--steps", 4, "--every", 2, "--photo", photo, "-o", "c.png",
             "--singles"]  # fmt: skip
    status, out, _ = cli(*words)
    assert status == 0
    assert "wrote c.png and 6 pictures in c" in out
    assert "|sum g| / sum |g|" in out
    rows = [line.split() for line in out.splitlines() if line[:1].isdigit()]
    assert [row[0] for row in rows] == ["1", "3"]
    assert all(len(row) == 5 and all(0 < float(item) < 1 for item in row[1:]) for row in rows)
    assert len(read_record("c/mix-0-noise.png").automatic["cancellation"]) == 2


def test_a_growing_map_is_filmed(cli, factory):
    words = ["grow", "mix:1", "-m", factory, "--size", 16, "--steps", 1, "-o", "g.png", "--film", "g.gif"]
    assert cli(*words)[1] == "wrote g.png: nets.py:tiny, mix\nwrote g.gif\n"
    assert len(frames("g.gif")) == 16 + 25
