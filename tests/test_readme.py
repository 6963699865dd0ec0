"""The Python of the README and of docs/commands.md runs as it stands, with few steps."""

import dataclasses
import re
from pathlib import Path

import pytest

import reverie
from reverie.image import sample
from reverie.models.names import DEFAULT, OWN
from reverie.recipes import presets

README = Path(__file__).parents[1] / "README.md"
DOCS = README.parent / "docs"
PAGES = (README, DOCS / "commands.md")


def blocks(page: Path) -> list[str]:
    return re.findall(r"^```python\n(.*?)^```", page.read_text(), re.DOTALL | re.MULTILINE)


@pytest.fixture
def _few_steps(monkeypatch):
    for table in (presets.DREAM, presets.FEATURE):
        for name, preset in table.items():
            monkeypatch.setitem(table, name, dataclasses.replace(preset, steps=1))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
@pytest.mark.usefixtures("_few_steps")
def test_the_blocks_run_one_after_the_other(page, monkeypatch, tmp_path):
    (tmp_path / "photo.jpg").write_bytes(sample("flower").read_bytes())
    load = reverie.load

    def without_weights(name=DEFAULT, weights="default", **options):
        known = not isinstance(name, str) or name in OWN or ":" in name
        return load(name, weights if known else None, **options)

    monkeypatch.setattr(reverie, "load", without_weights, raising=False)
    scope: dict[str, object] = {}
    for block in blocks(page):
        exec(compile(block, page.name, "exec"), scope)
    assert len(list(tmp_path.iterdir())) > 1


def linked(page: Path) -> list[str]:
    return re.findall(r"\]\((?!https?:|#|mailto:)([^)#]+)", page.read_text())


@pytest.mark.parametrize("page", [README, *sorted(DOCS.glob("*.md"))], ids=lambda page: page.name)
def test_every_file_that_is_linked_is_there(page):
    assert not [link for link in linked(page) if not (page.parent / link).exists()]


def test_the_readme_links_every_page():
    assert {f"docs/{page.name}" for page in DOCS.glob("*.md")} <= set(linked(README))
