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


@pytest.mark.parametrize("page", [README, *sorted(DOCS.rglob("*.md"))], ids=lambda page: page.name)
def test_every_file_that_is_linked_is_there(page):
    assert not [link for link in linked(page) if not (page.parent / link).exists()]


def listed() -> list[str]:
    """What stands in toctrees, as the pages are called."""
    found = []
    for path in DOCS.rglob("*.md"):
        for block in re.findall(r"^```\{toctree\}\n(.*?)^```", path.read_text(), re.DOTALL | re.MULTILINE):
            entries = [line.strip() for line in block.splitlines() if line.strip() and not line.startswith(":")]
            named = [re.sub(r".*<(.*)>$", r"\1", entry) for entry in entries]
            found += [(path.parent / name).resolve().relative_to(DOCS).as_posix() for name in named]
    return found


def test_every_page_is_in_a_toctree_once():
    names = listed()
    pages = {path.relative_to(DOCS).with_suffix("").as_posix() for path in DOCS.rglob("*.md")}
    missing = sorted(pages - set(names) - {"index"})
    assert not missing, f"put {', '.join(missing)} into a toctree of docs/index.md"
    assert sorted(set(names)) == sorted(names)
