"""The blocks of README and docs: Python runs as it stands, with few steps; every command is one that there is."""

import dataclasses
import re
import shlex
from pathlib import Path

import pytest
import typer
from PIL import Image

import reverie
from reverie import paths
from reverie.cli.app import app
from reverie.cli.signatures import _settings
from reverie.models.names import DEFAULT, OWN
from reverie.paths import sample
from reverie.recipes import presets
from reverie.settings import commands

README = Path(__file__).parents[2] / "README.md"
PAGES = [README, *sorted((README.parent / "docs").rglob("*.md"))]
RUN_ELSEWHERE = {"extending.md"}  # by tests/test_extending.py, which writes its files first


def blocks(page: Path, kind: str) -> list[str]:
    return re.findall(rf"^```{kind}\n(.*?)^```", page.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)


def named(pages: list[Path], kind: str) -> list:
    found = [page for page in pages if page.name not in RUN_ELSEWHERE and blocks(page, kind)]
    return [pytest.param(page, id=page.relative_to(README.parent).as_posix()) for page in found]


@pytest.fixture
def _few_steps(monkeypatch, tmp_path):
    """Steps of presets are few, and the sample photos small."""
    real, small = paths.sample, tmp_path / "samples"
    small.mkdir()
    for name in paths.SAMPLES:
        with Image.open(real(name)) as photo:
            photo.resize((200, 133)).save(small / f"{name}.jpg")
    monkeypatch.setattr(paths, "sample", lambda name: small / f"{real(name).stem}.jpg")
    for table in (presets.DREAM, presets.FEATURE):
        for name, preset in table.items():
            monkeypatch.setitem(table, name, dataclasses.replace(preset, steps=1, climb_on=min(1, preset.climb_on)))


@pytest.fixture
def _own_things(tmp_path, monkeypatch):
    """What a reader has: a photo, folders of photos; and no weights of the zoos."""
    (tmp_path / "photo.jpg").write_bytes(paths.sample("flower").read_bytes())
    for number, name in enumerate(("photos/a", "photos/b", "new/c")):
        (tmp_path / name).mkdir(parents=True)
        with Image.open(sample("china")) as photo:
            for left in range(4):
                piece = photo.crop((96 * left, 100 * number, 96 * left + 96, 100 * number + 96))
                piece.save(tmp_path / name / f"{left}.png")
    load = reverie.load

    def without_weights(name=DEFAULT, weights="default", **options):
        known = not isinstance(name, str) or name in OWN or ":" in name
        return load(name, weights if known else None, **options)

    monkeypatch.setattr(reverie, "load", without_weights, raising=False)


@pytest.mark.parametrize("page", named(PAGES, "python"))
@pytest.mark.usefixtures("_few_steps", "_own_things")
def test_the_python_of_a_page_runs(page):
    scope: dict[str, object] = {}
    for block in blocks(page, "python"):
        few = re.sub(r"\bsteps=\d+", "steps=2", block)
        exec(compile(few, page.name, "exec"), scope)


def words(line: str) -> list[str]:
    """The words of a command of reverie, or none."""
    found = shlex.split(line, comments=True)
    starts = [place for place, word in enumerate(found) if word.rpartition("/")[2] == "reverie"]
    ends = [place for place, word in enumerate(found) if word in ("&&", "|", ">", ";") and starts and place > starts[0]]
    return found[starts[0] + 1 : min(ends, default=None)] if starts else []


def lines(block: str) -> list[str]:
    return block.replace("\\\n", " ").splitlines()


@pytest.mark.parametrize("page", named(PAGES, "sh"))
def test_every_command_of_a_page_is_one_that_there_is(page):
    program = typer.main.get_command(app)
    for block in blocks(page, "sh"):
        if block.count('"') % 2 or 'python -c "' in block:  # a quoted text of several lines: its commands alone
            block = "\n".join(line for line in block.splitlines() if line.startswith("reverie "))
        for line in lines(block):
            if found := words(line):
                parsed(program, found)


def parsed(program, given: list[str]) -> None:
    """Reads a command's words as the program does, and makes its settings of them."""
    if given[0].startswith("-"):
        return
    context = None
    while hasattr(program, "commands"):
        name, program, given = program.resolve_command(typer.Context(program), given)
        context = f"{context} {name}" if context else name
    read = program.make_context(context, [re.sub(r"\$\w+", "1", word) for word in given])  # what a shell fills in
    cls = commands()[context]
    assert list(_settings([item for item in (cls, cls.asks, cls.writes) if item is not None], read.params))
