"""What a release says of itself agrees, and its description needs no file beside it."""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def test_one_version():
    assert re.search(r"^version: (.*)$", text("CITATION.cff"), re.MULTILINE)[1] == PROJECT["version"]
    released = re.findall(r"^## \[(\d\S*)\] - (\d{4}-\d\d-\d\d)$", text("CHANGELOG.md"), re.MULTILINE)
    assert released[0][0] == PROJECT["version"]
    assert re.search(r"^date-released: (.*)$", text("CITATION.cff"), re.MULTILINE)[1] == released[0][1]


def test_the_description_needs_no_file_beside_it():
    found = text(PROJECT["readme"])
    assert not re.findall(r"\]\((?!https?:)", found)
    assert "![" not in found


def test_classifiers_name_an_interpreter_that_is_allowed():
    named = [item.rpartition(" ")[2] for item in PROJECT["classifiers"] if re.search(r"Python :: 3\.\d+$", item)]
    least = tuple(map(int, PROJECT["requires-python"].removeprefix(">=").split(".")))
    assert named
    assert all(tuple(map(int, version.split("."))) >= least for version in named)
