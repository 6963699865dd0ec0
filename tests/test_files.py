import errno
from pathlib import Path

import pytest
from PIL import Image

from reverie.errors import OutputFailed, UnsuitableImage
from reverie.files import record_text, save
from reverie.image import read
from reverie.paths import check_output


def refusal(call, kind=OutputFailed) -> str:
    with pytest.raises(kind) as caught:
        call()
    return str(caught.value)


@pytest.mark.parametrize("name", ["a.png", "a.PNG", "a.jpg", "a.jpeg", "a.webp"])
def test_pictures_are_written_with_their_text(tmp_path, name):
    save(Image.new("RGB", (5, 4)), tmp_path / name, "text")
    beside = tmp_path / "a.json"
    assert beside.exists() == (not name.lower().endswith("png"))
    assert record_text(tmp_path / name) == "text"
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(
        [name, *([beside.name] if beside.exists() else [])]
    )


def test_transparent_pictures_become_jpegs(tmp_path):
    save(Image.new("RGBA", (5, 4)), tmp_path / "a.jpg")
    assert read(tmp_path / "a.jpg").shape == (1, 3, 4, 5)


def no_space(*_, **__):
    raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.webp"])
@pytest.mark.parametrize("existing", [False, True])
def test_a_full_disk_leaves_nothing_half_written(tmp_path, monkeypatch, name, existing):
    if existing:
        save(Image.new("RGB", (9, 9), "red"), tmp_path / name, "old")
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    monkeypatch.setattr(Image.Image, "save", no_space)
    message = refusal(lambda: save(Image.new("RGB", (4, 4)), tmp_path / name, "new"))
    assert message == (
        f"cannot write {tmp_path / name}: No space left on device; free some space or choose another folder"
    )
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_failing_rename_leaves_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr("pathlib.Path.replace", no_space)
    refusal(lambda: save(Image.new("RGB", (4, 4)), tmp_path / "a.png"))
    assert list(tmp_path.iterdir()) == []


def test_another_error_leaves_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(Image.Image, "save", lambda *_, **__: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        save(Image.new("RGB", (4, 4)), tmp_path / "a.png")
    assert list(tmp_path.iterdir()) == []


def test_written_pictures_have_the_users_rights(tmp_path):
    (tmp_path / "plain").touch()
    save(Image.new("RGB", (4, 4)), tmp_path / "a.png")
    assert (tmp_path / "a.png").stat().st_mode == (tmp_path / "plain").stat().st_mode


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("a.gif", "cannot write 'a.gif': its ending must be one of .png, .jpg, .jpeg, .webp (nearest "),
        ("a", "cannot write 'a': its ending must be one of .png, .jpg, .jpeg, .webp (nearest '.png'"),
        ("no/a.png", "cannot write no/a.png: there is no folder no; make it first"),
        ("folder.png", "cannot write folder.png: it is a folder; name a file in it"),
    ],
)
def test_outputs_that_cannot_be_are_refused(tmp_path, name, message):
    (tmp_path / "folder.png").mkdir()
    assert refusal(lambda: check_output(Path(name))).startswith(message)


def test_a_folder_without_the_right_to_write_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("os.access", lambda *_: False)
    assert refusal(lambda: check_output(tmp_path / "a.png")) == (
        f"cannot write {tmp_path / 'a.png'}: no right to write in {tmp_path.name}; choose another folder"
    )


def test_a_text_too_long_for_pillow_is_one_sentence(tmp_path):
    save(Image.new("RGB", (4, 4)), tmp_path / "a.png", "x" * 2_000_000)
    assert "\n" not in refusal(lambda: record_text(tmp_path / "a.png"), UnsuitableImage)
