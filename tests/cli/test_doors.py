"""What ends a command before its work: places, names and streams that cannot be used."""

import errno
import json
import subprocess
import sys

import pytest

import reverie
from reverie.cli import app as door
from reverie.cli.signatures import refused as refusal
from reverie.runs import Event, bars
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


EARLY = [
    ["dream", "no.png"], ["dream", "no.png", "nor.png"], ["explain", "no.jpg"], ["invert", "no.jpg"], ["map", "no/"],
    ["dream", "here.png", "--guide", "no.png"], ["dream", "here.png", "-o", "here.png"], ["scan", "no/"],
    ["dream", "here.png", "-o", "a.gif"], ["dream", "here.png", "-o", "no/a.png"], ["feature", "mixed4a:"],
    ["feature", "mixed4a:5-2"], ["dream", "here.png", "--layer", "a:=2"], ["feature", "a:1", "--weights", "no.pt"],
    ["feature", "a:1", "-m", "no.py:f"], ["feature", "a:1", "--preset", "no.toml"], ["rerun", "no.png"],
    ["patches", "a:1", "--scan", "no.db"], ["card", "a:1", "--scan", "no.db"], ["film", "no.mp4"],
    ["feature", "a:1", "--dictionary", "no.npy"], ["feature", "a:1", "--classes", "no.txt"], ["plot", "no.png"],
    ["feature", "a:1", "--film", "a.avi"], ["feature", "a:1", "--concept", "no/"], ["style", "here.png", "no.png"],
    ["zoom", "here.png", "-o", "a.png"], ["scan", ".", "-o", "a.png"], ["fool", "no.png"], ["sheet", "a:"],
    ["dream", "here.png", "--preset", "maco "], ["feature", "a:1", "--preset", "esay"], ["sheet", "a", "--preset", "x"],
    ["feature", "logits:tabbby"], ["feature", "block8:1 - 0.5*logits:tabbby"], ["card", "logits:tabbby"],
    ["feature", "logits:ovl", "-m", "bundled"], ["feature", "logits:tabbby", "-m", "resnet50"],
    ["explain", "here.png", "--unit", "tabbby"], ["explain", "here.png", "--unit", "logits:tabbby"],
    ["fool", "here.png", "--as", "tabbby"], ["sheet", "logits:tabbby"],
    ["dream", "here.png", "--layer", "logits:tabbby=2"], ["score", "logits:tabbby"], ["filters", "logits:tabbby"],
    ["interpolate", "logits:tabby", "logits:tabbby"], ["caricature", "here.png", "--toward", "logits:tabbby"],
    ["accentuate", "here.png", "logits:tabbby"], ["feature", "a:1", "--classes", "few.txt"],
    ["feature", "logits:c", "--classes", "few.txt", "-m", "own.py:f"],
]  # fmt: skip
CHILD = """
import io, json, sys
from contextlib import redirect_stderr
from reverie.cli.app import main
for words in json.loads(sys.argv[1]):
    sys.argv = ["reverie", *words]
    with redirect_stderr(io.StringIO()) as said:
        try:
            main()
        except SystemExit as ended:
            print(json.dumps([ended.code, said.getvalue(), "torch" in sys.modules]))
"""


def test_what_is_missing_taken_or_malformed_is_refused_before_torch_is_imported(tmp_path):
    (tmp_path / "here.png").touch()
    (tmp_path / "own.py").touch()
    (tmp_path / "few.txt").write_text("a\nb\n")
    ran = subprocess.run(
        [sys.executable, "-c", CHILD, json.dumps(EARLY)], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    told = [json.loads(line) for line in ran.stdout.splitlines()]
    assert len(told) == len(EARLY)
    for words, (status, said, torch) in zip(EARLY, told, strict=True):
        assert (status, torch) == (2, False), words
        assert said.startswith("reverie: "), words
        assert len(said.splitlines()) == 1, words
    assert sorted(path.name for path in tmp_path.iterdir()) == ["few.txt", "here.png", "own.py"]


def test_both_doors_refuse_a_class_and_class_names_in_the_same_words(refused, tmp_path):
    network = reverie.load()
    with pytest.raises(reverie.ReverieError) as caught:
        network.units("logits:tabbby")
    assert refused("feature", "logits:tabbby") == str(caught.value)
    assert "nearest: 'tabby'" in str(caught.value)
    with pytest.raises(reverie.ReverieError) as caught:
        reverie.explain(network, "sample:flower", "tabbby")
    assert refused("explain", "sample:flower", "--unit", "tabbby") == str(caught.value)
    (tmp_path / "few.txt").write_text("a\nb\n")
    with pytest.raises(reverie.ReverieError) as caught:
        reverie.load("bundled", classes=["a", "b"])
    assert refused("feature", "stem:0", "-m", "bundled", "--classes", "few.txt") == str(caught.value)


def test_a_folder_that_is_named_is_made(cli, factory, tmp_path, photo):
    words = ["-m", factory, "--layer", "block", "--steps", "1", "--octaves", "1"]
    status, out, _ = cli("dream", photo, photo, *words, "-o", "dreams")
    assert status == 0
    assert out.startswith("wrote dreams/photo-dream-1.png")
    assert cli("dream", photo, *words, "-o", "one")[0] == 0
    assert (tmp_path / "one" / "photo-dream-1.png").is_file()


def test_without_pyav_a_film_is_a_webp(cli, factory, tmp_path, photo, monkeypatch):
    monkeypatch.setitem(sys.modules, "av", None)
    words = ["dream", photo, "-m", factory, "--layer", "block", "--steps", "2", "--octaves", "1", "-o", "a.png"]
    status, out, err = cli(*words, "--film", "a.mp4")
    assert status == 0
    assert "wrote a.webp" in out
    assert err == (
        "reverie: a film as .mp4 needs the library 'av', so it is written as a.webp; "
        "install the extra 'video' in the folder of reverie's source: pip install -e '.[video]'\n"
    )
    assert (tmp_path / "a.webp").is_file()


def test_a_log_has_a_line_now_and_then(monkeypatch, capsys):
    from rich.progress import TextColumn

    now = [0.0]
    monkeypatch.setattr(bars.time, "monotonic", lambda: now[0])
    for quiet in (False, True):
        with bars.Bar(TextColumn(""), quiet=quiet) as bar:
            task = bar.add_task("224x\x1b224", total=100)
            for step in range(1, 101):
                now[0] += 1
                bar.update(task, completed=step)
    assert capsys.readouterr().err.splitlines() == [
        rf"reverie: 224x\x1b224: {step} of 100" for step in (30, 60, 90)
    ]  # fmt: skip


def test_a_run_that_knows_how_long_it_takes_says_so(monkeypatch, capsys):
    now = [0.0]
    monkeypatch.setattr(bars.time, "monotonic", lambda: now[0])
    with bars.Bar(quiet=False) as bar:
        for done in range(1, 4):
            now[0] += 20
            bar.show(Event(done, 9, "pictures", left=3725.4 - now[0]))
        shown = bar.columns[3].render(bar.tasks[0])
    assert capsys.readouterr().err.splitlines() == ["reverie: pictures: 2 of 9, 1:01:25 left"]
    assert shown.plain == "1:01:05"
