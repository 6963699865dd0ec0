"""Run the notebooks of docs/ and keep them with their pictures: ``python training/notebooks.py``."""

import base64
import contextlib
import io
import sys
import tempfile
from pathlib import Path

import jupytext
import nbformat
from nbclient import NotebookClient
from PIL import Image

FOLDER = Path(__file__).resolve().parents[1] / "docs" / "notebooks"


def made(text: str) -> nbformat.NotebookNode:
    """The notebook of a script in jupytext's percent format, with names of cells that do not change from run to run."""
    notebook = jupytext.reads(text, fmt="py:percent")
    for number, cell in enumerate(notebook.cells):
        cell["id"] = f"cell-{number}"
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    notebook.metadata = nbformat.from_dict({"kernelspec": kernel})
    return notebook


def settled(notebook: nbformat.NotebookNode) -> None:
    """Leaves out when cells ran, and keeps pictures as JPEG."""
    notebook.metadata.pop("widgets", None)
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
        for output in cell.get("outputs", ()):
            data = output.get("data", {})
            if "image/png" in data:
                data["image/jpeg"] = jpeg(data.pop("image/png"))


def jpeg(text: str) -> str:
    """A picture in base64, from PNG to JPEG."""
    buffer = io.BytesIO()
    with Image.open(io.BytesIO(base64.b64decode(text))) as picture:
        picture.convert("RGB").save(buffer, "JPEG", quality=85)
    return base64.b64encode(buffer.getvalue()).decode()


def main() -> None:
    """Runs those that are named, all unless some are."""
    for script in sorted(FOLDER.glob("*.py")):
        if len(sys.argv) > 1 and script.stem not in sys.argv[1:]:
            continue
        notebook = made(script.read_text(encoding="utf-8"))
        with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
            NotebookClient(notebook, timeout=900).execute()
        settled(notebook)
        nbformat.write(notebook, script.with_suffix(".ipynb"))
        print(script.stem)


if __name__ == "__main__":
    main()
