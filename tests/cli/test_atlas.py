"""The commands of the atlas, as a user types them."""

import sqlite3
from pathlib import Path

import pytest

from reverie.atlas.atlas_file import read_atlas
from reverie.cli.app import main

SMALL = ("--layer", "mix", "--size", "24", "--steps", "2", "--batch", "4", "--diversity", "2")


@pytest.fixture
def run(monkeypatch, capsys):
    def run(*words: str, status: int = 0) -> tuple[list[str], str]:
        monkeypatch.setattr("sys.argv", ["reverie", "atlas", *map(str, words)])
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        assert (ended.value.code or 0) == status, said.err
        return said.out.splitlines(), said.err

    return run


def test_an_atlas_is_built_told_of_verified_and_joined(run, factory, tmp_path):
    said, _ = run("build", factory, *SMALL, "--views", "max", "--limit", "3")
    assert said == ["wrote tiny.atlas: nets.py:tiny, 1 layer, 4 units, 4 pictures"]
    said, _ = run("build", "--model", factory, *SMALL, "--views", "max,min")
    assert said == ["wrote tiny.atlas: nets.py:tiny, 1 layer, 12 units, 24 pictures"]
    said, _ = run("status", "tiny.atlas")
    assert said[0].startswith("nets.py:tiny: 24 pictures of 24 px, ")
    assert said[3].split()[:6] == ["mix", "12", "12", "24", "0", "0"]
    said, _ = run("verify", "tiny.atlas", "--model", factory, "--all")
    assert said[-2:] == ["6 of 6 batches made again", "all is well"]
    said, _ = run("merge", "tiny.atlas", "tiny.atlas", "-o", "both.atlas", "-q")
    assert said == []
    assert len(read_atlas("both.atlas")) == 24
    with sqlite3.connect("both.atlas") as database:
        database.execute("UPDATE pictures SET image = x'00' WHERE unit = 5")
    database.close()
    said, _ = run("verify", "both.atlas", "--sample", "0", "-q", status=1)
    assert said == [f"pictures of mix 5 {view}: a value or a picture that cannot be" for view in ("max", "min")]


def test_an_atlas_is_opened_as_a_page_that_is_made_once(run, factory, tmp_path, monkeypatch):
    opened = []
    monkeypatch.setattr("webbrowser.open", opened.append)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    run("build", factory, *SMALL, "--views", "max", "--limit", "3", "-q")
    (said,), _ = run("open", "tiny.atlas")
    assert opened == [Path(said).as_uri()]
    made = Path(said).stat().st_mtime_ns
    run("open", "tiny.atlas", "--no-browser", "-q")
    assert Path(said).stat().st_mtime_ns == made
    run("build", factory, *SMALL, "--views", "max", "-q")
    (again,), _ = run("open", "tiny.atlas")
    assert again == said
    assert Path(said).stat().st_mtime_ns != made
    assert len(list((tmp_path / "cache" / "reverie" / "sites").iterdir())) == 1


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("status", "no.atlas"), "there is no atlas no.atlas; make it with 'reverie atlas build -o no.atlas'"),
        (("merge", "no.atlas", "-o", "a.atlas"), "there is no atlas no.atlas"),
        (("build", "bundled", "--photos", "nowhere"), "there is no folder nowhere"),
        (("build", "bundled", "-o", "a.png"), ".atlas"),
        (("build", "bundled", "--views", "up"), "there is no view 'up' here; allowed are max, min, diverse"),
        (("build", "bundled", "--preset", "no"), "there is no preset 'no' here"),
        (("build", "bundled", "--preset", "google"), "there is no preset 'google' here"),
        (("build", "bundled", "--preset", "own.toml:calm"), "an atlas names its preset: default, "),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(run, words, sentence):
    Path("own.toml").write_text("[calm]\nsteps = 2\n", encoding="utf-8")
    _, said = run(*words, status=2)
    assert sentence in said
    assert len(said.splitlines()) == 1


def test_a_file_of_something_else_is_refused(run, tmp_path):
    (tmp_path / "a.atlas").write_bytes(b"something else")
    _, said = run("status", "a.atlas", status=2)
    assert said == "reverie: a.atlas is no atlas of this program, or a damaged one; build it anew\n"
