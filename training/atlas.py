"""Builds the bundled network's atlas: every unit of its main line, beside motifs that it was never trained on.

    python training/atlas.py -o bundled.atlas                       # whole: hours on two cores
    python training/atlas.py -o bundled.atlas --limit 8 --steps 64  # a first look; the whole command goes on from it

What follows the number of motifs is given to ``reverie atlas build`` as it is.
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


def written(folder: Path, each: int, size: int = 128) -> Path:
    """Motifs of every class, each in the folder of its class."""
    for number, name in enumerate(motifs.CLASSES):
        place = folder / name
        place.mkdir(parents=True, exist_ok=True)
        for index in range(each):
            rng = motifs.seeded(0, EVALUATION, number * 1000 + index)
            Image.fromarray(motifs.draw(name, rng, size)).save(place / f"{index}.png")
    return folder


def main(argv: Sequence[str]) -> int:
    """Draw the motifs, and build; the exit status of the build."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--each", type=int, default=6, help="motifs of each class")
    parser.add_argument("--motifs", type=Path, default=Path(tempfile.gettempdir()) / "reverie-motifs")
    settings, rest = parser.parse_known_args(argv)
    photos = written(settings.motifs / str(settings.each), settings.each)
    command = [sys.executable, "-m", "reverie", "atlas", "build", "bundled", "--photos", str(photos), *rest]
    return subprocess.run(command, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
