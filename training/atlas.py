"""Builds the bundled network's atlas: every unit of its main line, beside motifs that it was never trained on.

    python training/atlas.py -o bundled.atlas                       # whole: hours on two cores
    python training/atlas.py -o bundled.atlas --limit 8 --steps 64  # a first look; the whole command goes on from it
    python training/atlas.py -o bundled.atlas --size 64 --steps 64 --grid mixed4c --site docs/_static/bundled-atlas

The last one makes the site that the docs link.

What is not listed here is given to ``reverie atlas build`` as it is.
"""

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from PIL import Image

import motifs

EVALUATION = 2  # the part of the seeds that no training sees
CELLS = ("--cells", "12", "--positions", "4000", "--size", "64", "--steps", "64")  # as docs/activation_atlas.md shows


def written(folder: Path, each: int, size: int = 128) -> Path:
    """Motifs of every class, each in the folder of its class; those that are there stay, which a scan looked at."""
    for number, name in enumerate(motifs.CLASSES):
        place = folder / name
        place.mkdir(parents=True, exist_ok=True)
        for index in range(each):
            path, rng = place / f"{index}.png", motifs.seeded(0, EVALUATION, number * 1000 + index)
            if not path.is_file():
                whole = path.with_suffix(".part")
                Image.fromarray(motifs.draw(name, rng, size)).save(whole, "PNG")
                whole.replace(path)
    return folder


def main(argv: Sequence[str]) -> int:
    """Draw the motifs, build, and write the site that is asked for; the exit status of what failed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--each", type=int, default=6, help="motifs of each class")
    parser.add_argument("--motifs", type=Path, default=Path(tempfile.gettempdir()) / "reverie-motifs")
    parser.add_argument("-o", "--output", default="bundled.atlas", help="the atlas file")
    parser.add_argument("--grid", metavar="LAYER", help="a layer that gets an activation atlas, in the file too")
    parser.add_argument("--site", type=Path, help="a folder that gets its site, with pictures as AVIF")
    settings, rest = parser.parse_known_args(argv)
    photos = written(settings.motifs / str(settings.each), settings.each)
    failed = run("build", "bundled", "--photos", photos, "-o", settings.output, *rest)
    if not failed and settings.grid is not None:
        poster = settings.motifs / f"{settings.grid}.png"
        kept = ("-o", poster, "--force", "--atlas", settings.output)
        failed = run("grid", settings.grid, "-m", "bundled", "--photos", photos, *CELLS, *kept)
    if not failed and settings.site is not None:
        failed = run("export", settings.output, "-o", settings.site, "--format", "avif", "--quality", "25", "--force")
    return failed


def run(*words: object) -> int:
    """Run a command of ``reverie atlas``; its exit status."""
    return subprocess.run([sys.executable, "-m", "reverie", "atlas", *map(str, words)], check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
