import os
from pathlib import Path

import pytest

from reverie.errors import InvalidSetting
from reverie.paths import LONGEST_NAME, ROOM, check_length, path_named, shortened


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("", "an empty text names no file"), ("a" * 256, "is too long for a path"), ("é" * 128, "is too long"),
        ("a/" * 3000, "is too long for a path"), ("~nosuchuser/x", "in the home of nobody who is known here"),
        ("a\0b", "holds a null character"), ("\ud800", "characters that no file's name can have"),
    ],
)  # fmt: skip
def test_what_no_file_can_be_called_is_one_sentence(name, message):
    with pytest.raises(InvalidSetting) as caught:
        path_named(name)
    assert message in str(caught.value)
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize("name", ["a", "a" * 255, "a b/ü.png", "..", "/", "sub/" * 100 + "x"])
def test_all_else_is_a_path(name):
    assert path_named(name) == Path(name)
    assert path_named(Path(name)) == Path(name)


def test_the_home_is_found(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    assert path_named("~/a.png") == tmp_path / "a.png"


def test_names_made_of_long_ones_leave_room(tmp_path):
    made = tmp_path / f"{shortened('ü' * 127)}-dream-1.png"
    check_length(made)
    made.touch()
    assert len(os.fsencode(made.name)) < LONGEST_NAME - ROOM
    assert shortened("flower") == "flower"
    with pytest.raises(InvalidSetting, match="too long to write"):
        check_length(Path("a" * 240 + ".png"))
