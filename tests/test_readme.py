"""The Python of the README runs as it stands, with few steps."""

import dataclasses
import re
from pathlib import Path

import pytest

import reverie
from reverie.image import sample
from reverie.models.names import DEFAULT, OWN
from reverie.recipes import presets

README = Path(__file__).parents[1] / "README.md"
BLOCKS = re.findall(r"^```python\n(.*?)^```", README.read_text(), re.DOTALL | re.MULTILINE) if README.exists() else []


@pytest.fixture
def _few_steps(monkeypatch):
    for table in (presets.DREAM, presets.FEATURE):
        for name, preset in table.items():
            monkeypatch.setitem(table, name, dataclasses.replace(preset, steps=1))


@pytest.mark.skipif(not README.exists(), reason="there is no README yet")
@pytest.mark.usefixtures("_few_steps")
def test_the_blocks_run_one_after_the_other(monkeypatch, tmp_path):
    (tmp_path / "photo.jpg").write_bytes(sample("flower").read_bytes())
    load = reverie.load

    def without_weights(name=DEFAULT, weights="default", **options):
        known = not isinstance(name, str) or name in OWN or ":" in name
        return load(name, weights if known else None, **options)

    monkeypatch.setattr(reverie, "load", without_weights, raising=False)
    scope: dict[str, object] = {}
    for block in BLOCKS:
        exec(compile(block, "README.md", "exec"), scope)
    assert len(list(tmp_path.iterdir())) > 1


@pytest.mark.skipif(not README.exists(), reason="there is no README yet")
def test_every_file_that_is_linked_is_there():
    links = re.findall(r"\]\((?!https?:|#|mailto:)([^)#]+)", README.read_text())
    assert not [link for link in links if not (README.parent / link).exists()]
