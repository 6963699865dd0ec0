"""Make the pictures of the tutorials by running their pages: ``python training/tutorials.py lecture``.

The Python and the commands of a page run one after the other in one folder, which is kept: a picture that is there is
not made again. What the page shows of it is saved as a smaller JPEG.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

from PIL import Image

from gallery import DOCS, LARGEST, save_small

WIDEST = 1200  # pixels of a picture in the docs
RUNNER = shlex.split(os.environ.get("TUTORIALS_RUNNER", ""))  # what each command is handed to
BLOCK = re.compile(r"^```(python|sh)\n(.*?)^```", re.DOTALL | re.MULTILINE)
SHOWN = re.compile(r"\]\(\.\./images/([\w-]+)\.jpg\)")


def run(page: Path, folder: Path, networks: dict[str, str]) -> None:
    """Runs a page's blocks, its Python in one scope."""
    scope: dict[str, object] = {}
    for kind, text in BLOCK.findall(page.read_text(encoding="utf-8")):
        if kind == "sh":
            commands(text, folder, networks)
        else:
            with contextlib.chdir(folder):
                exec(compile(text, page.name, "exec"), scope)


def commands(text: str, folder: Path, networks: dict[str, str]) -> None:
    """Runs the commands whose output is not there yet, each network from where it is said to be."""
    for line in text.replace("\\\n", " ").splitlines():
        words = shlex.split(line, comments=True)
        if words and words[0] == "reverie" and not made(words, folder):
            print(line, flush=True)
            said = [networks.get(word, word) for word in words]
            subprocess.run([*RUNNER, sys.executable, "-m", *said, "--quiet"], cwd=folder, env=os.environ, check=True)


def made(words: list[str], folder: Path) -> bool:
    """Whether what a command writes is there; a command that writes nothing is not run."""
    return "-o" not in words or (folder / words[words.index("-o") + 1]).exists()


def shown(page: Path, folder: Path) -> None:
    """Saves the pictures that a page shows and that lie in the folder."""
    for stem in SHOWN.findall(page.read_text(encoding="utf-8")):
        if (folder / f"{stem}.png").exists():
            with Image.open(folder / f"{stem}.png") as picture:
                small = picture.convert("RGB")
            small.thumbnail((WIDEST, 2 * WIDEST), Image.Resampling.LANCZOS)
            save_small(small, DOCS / "images" / f"{stem}.jpg", LARGEST)


def main() -> None:
    """Runs the pages that are named."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("pages", nargs="+", help="names of pages in docs/tutorials")
    asked.add_argument("--folder", type=Path, default=Path("build/tutorials"), help="where what is made is kept")
    asked.add_argument(
        "--network", action="append", default=[], help="NAME=file.py:factory, to take in place of a name"
    )
    given = asked.parse_args()
    networks = dict(word.split("=", 1) for word in given.network)
    given.folder.mkdir(parents=True, exist_ok=True)
    for name in given.pages:
        page = DOCS / "tutorials" / f"{name}.md"
        run(page, given.folder, networks)
        shown(page, given.folder)


if __name__ == "__main__":
    main()
