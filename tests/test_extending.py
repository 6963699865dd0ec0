"""docs/extending.md: what it says is all that must be written, in reverie's folders or in a package of one's own."""

import ast
import importlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src" / "reverie"
PAGE = (Path(__file__).parents[1] / "docs" / "extending.md").read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"^## (.*?)\n(.*?)(?=^## |\Z)", PAGE, re.DOTALL | re.MULTILINE))
USE = """
import shutil, sys
import torch, reverie
from reverie.paths import sample
from reverie.dataset.layer_tallies import Keeping, LayerTallies
model = reverie.load("bundled")
shutil.copy(sample("flower"), "photo.jpg")
made = reverie.feature(model, "mixed3a:1", parameterization="bands", size=48, steps=2)
made.save("bands.png")
assert torch.equal(reverie.rerun("bands.png").images, made.images)
assert (made.images[0, :, :, :1] == made.images[0]).all()
assert reverie.explain(model, "photo.jpg", method="edges", size=64).labels
"""
COMMAND = """
from reverie.cli.app import main
sys.argv = "reverie echo photo.jpg --layer mixed3a --steps 2 -m bundled -o echo.png -q".split()
try:
    main()
except SystemExit as ended:
    assert not ended.code
assert "{recipe}" in str(reverie.recipes.rerunning.read_record("echo.png"))
again = reverie.rerun("echo.png").images
assert again.shape[0] == 1
sys.argv = ["reverie", "--help"]
main()
"""


def diffs(text: str) -> dict[str, str]:
    """Each file that a section's changes add, by its path."""
    found: dict[str, str] = {}
    for block in re.findall(r"^```diff\n(.*?)^```", text, re.DOTALL | re.MULTILINE):
        for part in re.split(r"^\+\+\+ b/", block, flags=re.MULTILINE)[1:]:
            path, _, lines = part.partition("\n")
            assert all(line.startswith("+") for line in lines.splitlines())
            found[path] = "".join(f"{line[1:]}\n" for line in lines.splitlines())
    return found


WRITTEN = {path: text for section in SECTIONS.values() for path, text in diffs(section).items()}


@pytest.mark.parametrize("title", [title for title in SECTIONS if "file" in title])
def test_as_many_files_are_touched_as_the_title_says(title):
    assert len(diffs(SECTIONS[title])) == int(re.search(r"(\d) files?$", title)[1])


def test_every_kind_is_shown():
    told = [re.sub(r"^An? |: \d files?$", "", title) for title in SECTIONS if "file" in title]
    assert told == ["objective", "parameterization", "method of attribution", "tally", "recipe with its command"]


def ran(code: str, folder: Path, *path: Path) -> str:
    places = os.pathsep.join(map(str, [*path, *filter(None, sys.path)]))
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=False, timeout=300,
        env={**os.environ, "PYTHONPATH": places, "COLUMNS": "120"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_files_in_reveries_folders_are_enough(tmp_path):
    shutil.copytree(SOURCE, tmp_path / "src" / "reverie", ignore=shutil.ignore_patterns("__pycache__"))
    for path, text in WRITTEN.items():
        (tmp_path / path).write_text(text)
    tally = """
from reverie.dataset.tallies import Maps
import numpy as np
whole, half, other = (LayerTallies.empty(4, (3, 3), Keeping(2, True, 4, 4)) for _ in range(3))
values = torch.rand(6, 4, 3, 3)
whole.add(Maps(values, np.arange(6)))
half.add(Maps(values[:2], np.arange(2)))
other.add(Maps(values[2:], np.arange(2, 6)))
half.merge(other)
assert half.more["peaks"].photos_won.sum() == 6
assert (half.more["peaks"].photos_won == whole.more["peaks"].photos_won).all()
assert ("peaks", "photos_won") in whole.state()
"""
    (python,) = re.findall(r"^```python\n(.*?)^```", SECTIONS["An objective: 1 file"], re.DOTALL | re.MULTILINE)
    help_ = ran(USE + tally + python + COMMAND.replace("{recipe}", "echo"), tmp_path, tmp_path / "src")
    assert "Climbs from a photo towards a layer." in help_


def test_a_package_of_ones_own_adds_the_same(tmp_path):
    (toml,) = re.findall(r"^```toml\n(.*?)^```", SECTIONS["In a package of your own"], re.DOTALL | re.MULTILINE)
    points = toml.replace('project.entry-points."', "").replace('"]', "]").replace('"', "")
    folder, about = tmp_path / "site" / "visions", tmp_path / "site" / "visions-1.0.dist-info"
    folder.mkdir(parents=True)
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: visions\nVersion: 1.0\nSummary: Echoes of photos\n")
    (about / "entry_points.txt").write_text(points)
    for path, text in WRITTEN.items():
        own = text.replace("reverie.settings.echo", "visions.echo").replace("reverie.recipes.echo", "visions.echo")
        (folder / Path(path).name).write_text(own)
    help_ = ran(USE + COMMAND.replace("{recipe}", "echo"), tmp_path, tmp_path / "site")
    assert "Echoes of photos (visions 1.0)." in help_


def test_the_walk_names_files_of_which_each_is_reached_from_one_before():
    page = (Path(__file__).parents[1] / "docs" / "how_it_works.md").read_text(encoding="utf-8")
    named = re.findall(r"^\d\. \[`([\w/]+\.py)`\]\(\.\./src/reverie/\1\)", page, re.MULTILINE)
    assert 2 < len(named) == len(re.findall(r"^\d+\. ", page, re.MULTILINE)) <= 8
    reached = {named[0]}
    for path in named:
        assert path in reached, f"no file before {path} leads to it"
        reached |= leads_to(path)


def leads_to(path: str) -> set[str]:
    """The files that one imports, those behind a folder's names too, or that it names for a later import."""
    found: set[str] = set()
    text = (SOURCE / path).read_text(encoding="utf-8")
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ImportFrom) and str(node.module).startswith("reverie"):
            module = importlib.import_module(str(node.module))
            names = [getattr(module, alias.name, None) for alias in node.names]
            found |= {str(node.module), *(str(getattr(each, "__module__", "")) for each in names)}
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            found |= {node.value.partition(":")[0], f"reverie.cli.{node.value}"}
    files = {f"{name.removeprefix('reverie.').replace('.', '/')}.py" for name in found if re.fullmatch(r"[\w.]+", name)}
    return {file for file in files if (SOURCE / file).is_file()}
