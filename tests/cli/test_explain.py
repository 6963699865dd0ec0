import numpy as np
import pytest
from PIL import Image
from test_commands import ctrl_c, files

import reverie
from reverie.attribution import explanation
from reverie.image import read

FAST = ["--method", "gradient", "--method", "occlusion", "--window", 24]


def interrupting(after, how):
    def explained(model, plan):
        for number, found in enumerate(explanation.explained(model, plan), 1):
            yield found
            if number == after:
                how()

    return explained


def test_an_explanation_says_where_it_is_and_what_was_found(cli, photo, factory, tmp_path):
    status, out, err = cli("explain", photo, "-m", factory, "--unit", "logits:tiger")
    assert (status, err) == (0, "")
    lines = out.splitlines()
    assert lines[0] == "wrote photo-explain-1.png"
    assert lines[1].startswith("tiger (logits:1): logit ")
    assert ", probability 0." in lines[1]
    assert lines[2].startswith("gradient: with random weights the map ")
    assert lines[3].startswith("gradient: caveat: where the network is saturated")
    assert files(tmp_path) == {"nets.py", "photo.png", "photo-explain-1.png"}


def test_the_command_gives_the_librarys_picture(cli, photo, factory):
    options = ["--unit", "block:2", "--method", "occlusion", "--window", 20, "--stride", 10, "--baseline", "mean",
               "--show", "signed", "--opacity", 0.5, "--size", 40, "--seed", 3]  # fmt: skip
    assert cli("explain", photo, "-m", factory, *options, "-o", "a.png", "--raw")[0] == 0
    made = reverie.explain(
        factory, photo, "block:2", method="occlusion", window=20, stride=10, baseline="mean", show="signed",
        opacity=0.5, size=40, seed=3,
    )  # fmt: skip
    with Image.open("a.png") as file:
        assert np.array_equal(np.asarray(file), np.asarray(made))
    assert np.array_equal(np.load("a.npy"), made.arrays[0].numpy())


def test_several_methods_are_a_sheet(cli, photo, factory, tmp_path):
    status, out, _ = cli("explain", photo, "-m", factory, *FAST, "-o", "s.png", "--singles")
    assert status == 0
    assert out.startswith("wrote s.png and 2 pictures in s\n")
    assert "\nocclusion: the most important window is 24x24 at row " in out
    assert files(tmp_path) - {"nets.py", "photo.png"} == {"s.png", "s/gradient.png", "s/occlusion.png"}


def test_a_rerun_gives_the_same_bits(cli, photo, factory):
    assert cli("explain", photo, "-m", factory, *FAST, "-o", "s.png", "-q", "--singles") == (0, "", "")
    assert cli("rerun", "s.png", "-m", factory, "-o", "again.png")[0] == 0
    assert np.array_equal(read("s.png"), read("again.png"))
    assert cli("rerun", "s.png", "-m", factory, "--unit", "occlusion", "-o", "one.png")[0] == 0
    assert np.array_equal(read("one.png"), read("s/occlusion.png"))
    status, out, _ = cli("rerun", "s/occlusion.png", "-m", factory)
    assert (status, out.splitlines()[0]) == (0, "wrote occlusion-again-1.png and occlusion-again-1-sheet.png")
    with Image.open("s/occlusion.png") as first, Image.open("occlusion-again-1.png") as second:
        assert np.array_equal(np.asarray(first), np.asarray(second))


def test_one_bad_photo_does_not_cost_the_others(cli, photo, factory):
    status, out, err = cli("explain", "no.png", photo, "-m", factory)
    assert (status, out.splitlines()[0]) == (2, "wrote photo-explain-1.png")
    assert err.splitlines()[-1] == "reverie: 1 of 2 photos could not be explained"


def test_ctrl_c_keeps_what_was_found(cli, photo, factory, monkeypatch, tmp_path):
    monkeypatch.setattr("reverie.attribution.attributions.explained", interrupting(2, ctrl_c))
    status, out, err = cli("explain", photo, "-m", factory, "--method", "occlusion", "--window", 8, "-o", "a.png")
    assert (status, err) == (130, "reverie: stopped\n")
    assert out.startswith("wrote a.png\n")
    assert "\nocclusion (16 of 165 done): caveat: " in out
    assert read(tmp_path / "a.png").shape == (1, 3, 48, 62)


def test_ctrl_c_at_once_writes_nothing(cli, photo, factory, monkeypatch, tmp_path):
    def explained(*_):
        ctrl_c()
        yield

    monkeypatch.setattr("reverie.attribution.attributions.explained", explained)
    assert cli("explain", photo, "-m", factory, "-o", "a.png") == (130, "", "reverie: stopped\n")
    assert not (tmp_path / "a.png").exists()


def test_a_method_that_fails_keeps_the_others(cli, photo, tmp_path):
    (tmp_path / "bent.py").write_text(
        "from torch import nn\ndef make():\n"
        "    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.Tanh(), nn.AdaptiveAvgPool2d(1), nn.Flatten())\n"
        "make.size = 32\n"
    )
    words = ["--method", "gradient", "--method", "guided-backprop", "-o", "a.png"]
    status, out, err = cli("explain", photo, "-m", "bent.py:make", *words)
    assert status == 2
    assert out.startswith("wrote a.png\n")
    assert err == (
        "reverie: guided-backprop needs rectifiers, and none ran in bent.py:make up to logits; "
        "take --method gradient or integrated-gradients\n"
    )


def test_watch_writes_the_picture_as_it_stands(cli, photo, factory, monkeypatch):
    written = []
    monkeypatch.setattr("reverie.cli.run_reader.save", lambda picture, path: written.append((picture.size, path.name)))
    words = ["--method", "occlusion", "--window", 8, "--watch", 5, "-o", "a.png"]
    assert cli("explain", photo, "-m", factory, *words)[0] == 0
    assert len(written) > 1
    assert set(written) == {((62, 48), "a.png")}


@pytest.mark.parametrize("name", ["a.npy", "a.png"])
def test_existing_files_are_kept_without_force(cli, refused, photo, factory, tmp_path, name):
    (tmp_path / name).write_text("mine")
    message = refused("explain", photo, "-m", factory, "-o", "a.png", "--raw")
    assert message == f"{name} exists already; say --force to overwrite it, or name another with --output"
    assert (tmp_path / name).read_text() == "mine"
    assert cli("explain", photo, "-m", factory, "-o", "a.png", "--raw", "--force")[0] == 0


def test_several_photos_need_a_folder(refused, photo, factory):
    message = refused("explain", photo, photo, "-m", factory, "-o", "a.png")
    assert message == "2 photos do not fit in the one picture a.png; name a folder with --output, or none"


def test_an_unknown_method_lists_all(refused, photo, factory):
    message = refused("explain", photo, "-m", factory, "--method", "occlude")
    assert message.startswith("there is no method 'occlude' here; nearest: 'occlusion'")


def test_a_rerun_of_an_explanation_has_no_film(cli, refused, photo, factory):
    assert cli("explain", photo, "-m", factory, "-o", "a.png")[0] == 0
    message = refused("rerun", "a.png", "-m", factory, "--film", "a.gif")
    assert message == "--film and --trace go with pictures that were made in steps, not with explanations"
