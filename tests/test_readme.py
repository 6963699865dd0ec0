"""The links of README and docs, and the index of the site."""

import re
from pathlib import Path

import pytest

README = Path(__file__).parents[1] / "README.md"
DOCS = README.parent / "docs"


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
