"""What ends a command before its work: places, names and streams that cannot be used."""

import errno
import sys

import pytest

from reverie.cli import app as door
from reverie.cli.signatures import refused as refusal
from tiny import picture

LONG = "a" * 256


@pytest.mark.parametrize(
    "words",
    [
        ["dream", LONG], ["dream", "~nosuchuser/x.png"], ["dream", ""], ["dream", "sample:flower", "--guide", LONG],
        ["feature", "a:1", "--dictionary", LONG], ["feature", "a:1", "-m", f"{LONG}:f"], ["rerun", LONG],
        ["feature", "a:1", "--weights", LONG], ["feature", "a:1", "--classes", LONG], ["plot", LONG],
        ["patches", "a:1", "--scan", LONG], ["card", "a:1", "--scan", LONG], ["scan", LONG], ["map", LONG],
        ["feature", "a:1", "--preset", f"{LONG}.toml"], ["dream", "sample:flower", "-o", f"{LONG}.png"],
        ["dream", "sample:flower", "-o", f"{LONG[:230]}.png"], ["dream", "sample:flower", "--film", f"{LONG}.gif"],
        ["scan", ".", "-o", f"{LONG}.db"], ["zoom", "sample:flower", "-o", f"{LONG}.gif"], ["dream", "a\nb\x1b[2J.png"],
        ["feature", "a:" + "1" * 4300], ["feature", "a:0-" + "9" * 400], ["feature", "a:1", "-m", ":"],
    ],
)  # fmt: skip
def test_names_that_cannot_be_are_one_line(refused, words):
    network = [] if "-m" in words or words[0] in ("rerun", "plot", "patches") else ["-m", "bundled"]
    message = refused(*words, *network)
    assert message.isprintable()
    assert len(message) < 400


def test_a_photo_with_the_longest_name_has_a_shorter_picture(cli, tmp_path, factory):
    from reverie.image import to_pil

    name = "p" * 250 + ".png"
    to_pil(picture(1, 3, 20, 24)).save(tmp_path / name)
    status, out, _ = cli("dream", name, "-m", factory, "--layer", "block", "--steps", "1", "--octaves", "1")
    assert status == 0
    assert out.startswith("wrote ppp")


def test_an_argument_without_end_is_not_repeated(refused):
    assert refused("feature", "a" * 100_000) == (
        f"'{'a' * 40}...' has 100000 characters; write less, or the name of a file"
    )


def test_a_working_folder_that_is_gone_is_told(refused, tmp_path, monkeypatch):
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    assert refused("presets") == "the working folder is gone; change into another one"
    monkeypatch.chdir(tmp_path)


def test_a_full_device_is_one_sentence(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["reverie", "models"])
    full = OSError(errno.ENOSPC, "No space left on device")

    def echo(text, err=False):
        if not err:
            raise full
        sys.stderr.write(text)

    monkeypatch.setattr("typer.echo", echo)
    monkeypatch.setattr(door, "_write_nowhere", lambda: None)
    with pytest.raises(SystemExit) as ended:
        door.main()
    assert ended.value.code == 2
    assert "no space left on device; free some space" in capsys.readouterr().err


def test_what_the_system_refuses_is_one_line():
    error = OSError(errno.EACCES, "Permission denied", "a\x1b[2Jb")
    assert refusal(error) == r"cannot use a\x1b[2Jb: permission denied; mend it, or name another"
