"""The notebooks are those of their scripts, have run to their end, and run again from an empty folder."""

import re
from pathlib import Path

import pytest

jupytext = pytest.importorskip("jupytext")
nbformat = pytest.importorskip("nbformat")
nbclient = pytest.importorskip("nbclient")
pytest.importorskip("ipykernel")

FOLDER = Path(__file__).parents[2] / "docs" / "notebooks"
NAMES = sorted(path.stem for path in FOLDER.glob("*.py"))
LARGEST = 600_000  # bytes, pictures included


def sources(notebook) -> list[tuple[str, str]]:
    return [(cell.cell_type, cell.source) for cell in notebook.cells]


def test_there_are_three():
    assert len(NAMES) == 3
    assert sorted(path.stem for path in FOLDER.glob("*.ipynb")) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_a_notebook_is_its_script_with_what_came_of_it(name):
    kept = nbformat.read(FOLDER / f"{name}.ipynb", 4)
    assert sources(kept) == sources(jupytext.read(FOLDER / f"{name}.py")), "python training/notebooks.py writes them"
    code = [cell for cell in kept.cells if cell.cell_type == "code"]
    assert all(cell.execution_count for cell in code)
    outputs = [output for cell in code for output in cell.outputs]
    assert not [output for output in outputs if output.output_type == "error" or output.get("name") == "stderr"]
    assert any("image/jpeg" in output.get("data", {}) for output in outputs)
    assert (FOLDER / f"{name}.ipynb").stat().st_size < LARGEST


@pytest.mark.filterwarnings("ignore")  # of the kernel's own
@pytest.mark.parametrize("name", NAMES)
def test_a_notebook_runs(name, tmp_path):
    notebook = jupytext.read(FOLDER / f"{name}.py")
    for cell in notebook.cells:  # as it stands, with few steps
        few = re.sub(r"steps=\d+", "steps=4", cell.source)
        cell.source = few.replace("octaves=2", "octaves=2, steps=4")
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3"}
    nbclient.NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(tmp_path)}}).execute()
