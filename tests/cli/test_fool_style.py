import pytest
import torch

from reverie.cli import fool_command
from reverie.image import read, to_pil
from reverie.recipes.rerunning import read_record
from tiny import picture

STYLE = ["--layer", "block", "--content-layer", "mix", "--octaves", "1", "--steps", "2"]


@pytest.fixture
def painting(tmp_path):
    to_pil(picture(5, 3, 30, 34)).save(tmp_path / "painting.png")
    return tmp_path / "painting.png"


def test_a_painting_and_its_rerun(cli, photo, painting, factory):
    words = ["style", photo, painting, photo, "-m", factory, *STYLE, "--style-weight", "1", "--style-weight", "0.5"]
    status, out, err = cli(*words, "--prior", "l2=0.1", "--pooling", "average", "-o", "a.png")
    assert (status, out, err) == (0, "wrote a.png: nets.py:tiny, mix, block\n", "")
    assert read("a.png").shape == (1, 3, 41, 53)
    assert cli("rerun", "a.png", "-m", factory, "-o", "b.png")[0] == 0
    assert torch.equal(read("a.png"), read("b.png"))


def test_a_radius_that_does_not_do_is_widened(cli, photo, factory):
    words = ["fool", photo, "-m", factory, "--as", "tiger", "--size", "32", "--steps", "6"]
    status, out, err = cli(*words, "-o", "a.png")
    assert (status, err) == (0, "a radius of 2 does not do; looking for the smallest that does\n")
    found = float(out.splitlines()[0].removeprefix("the smallest radius that does: "))
    assert found > 2
    assert cli(*words, "--smallest", "-o", "b.png")[0] == 0
    assert read_record("a.png").arguments == read_record("b.png").arguments
    assert cli("rerun", "a.png", "-m", factory, "-o", "again.png")[0] == 0
    assert torch.equal(read("a.png"), read("again.png"))


def test_ctrl_c_while_a_radius_is_looked_for_keeps_the_first_change(cli, photo, factory, monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(fool_command, "widened", interrupted)
    status, out, _ = cli("fool", photo, "-m", factory, "--as", "beetle", "--size", "32", "--steps", "2", "-o", "a.png")
    assert status == 130
    assert out.startswith("wrote a.png and a-sheet.png")


def test_a_fooling_says_what_its_file_is_taken_for(cli, photo, factory):
    words = ["fool", photo, "-m", factory, "--as", "beetle", "--size", "32", "--steps", "2", "--radius", "2"]
    status, out, err = cli(*words, "--transfer", factory)
    assert (status, err) == (0, "")
    lines = out.splitlines()
    assert lines[0] == "wrote photo-fool-1.png and photo-fool-1-sheet.png: nets.py:tiny, logits"
    missed = lines[1].startswith("result: not fooled: ")
    assert lines[1 + missed].removeprefix("result: ").startswith("beetle ")
    assert " -> " in lines[2 + missed]
    assert lines[3 + missed].startswith("change 2 of 255, L2 ")
    assert lines[4 + missed].startswith("photo-fool-1.png, read again: ")
    assert missed == ("read again: beetle " not in lines[4 + missed]) == ("a larger --radius" in lines[4 + missed])
    assert lines[5 + missed].split() == ["network", "photo", "file"]
    assert all("(the class asked for " in line for line in lines[6 + missed : 8 + missed])


def test_a_network_to_ask_that_is_missing_is_told_before_the_work(cli, photo, factory, tmp_path):
    status, out, err = cli("fool", photo, "-m", factory, "--as", "beetle", "--steps", "1", "--transfer", "nets.py:none")
    assert (status, out) == (2, "")
    assert err.startswith("reverie: ")
    assert not list(tmp_path.glob("*-fool-*"))


def test_a_picture_of_nothing_and_a_change_for_all(cli, photo, painting, factory, tmp_path):
    status, out, _ = cli("fool", "--start", "grey", "--as", "beetle", "-m", factory, "--steps", "1", "--size", "32")
    assert (status, out.splitlines()[0]) == (0, "wrote nothing-fool-1.png: nets.py:tiny, logits")
    (tmp_path / "in").mkdir()
    for path in (photo, painting):
        path.rename(tmp_path / "in" / path.name)
    status, out, _ = cli("fool", "in", "--as", "tiger", "-m", factory, "--steps", "1")
    assert status == 0
    assert out.splitlines()[0] == "wrote in-fool-1.png and in-fool-1-sheet.png: nets.py:tiny, logits"
    assert "of 2 photos" in out


def test_wrong_words_are_one_line(refused, photo, factory, tmp_path):
    words = ["fool", photo, "-m", factory]
    assert refused(*words, "--smallest", "--radius", "2") == (
        "--smallest looks for the radius of a change to a photo: name a photo and no --radius"
    )
    assert refused("fool", "-m", factory, "--start", "noise").startswith("a picture from nothing needs a class")
    (tmp_path / "in").mkdir()
    photo.rename(tmp_path / "in" / "photo.png")
    assert refused("fool", "in", "-m", factory).startswith("a change for all photos of a folder needs a class")
    assert refused("fool", "in", "-m", factory, "--as", "tiger", "--norm", "l2") == (
        "a change for all photos of a folder goes without --norm; leave it out"
    )
    assert "--style-weight do not fit 1 styles" in refused(
        "style", tmp_path / "in" / "photo.png", tmp_path / "in" / "photo.png", "-m", factory, *STYLE,
        "--style-weight", "1", "--style-weight", "2",
    )  # fmt: skip
