"""Kills a scan again and again at moments of chance, and compares what it ends with to an unbroken one.

python tests/dataset/kills.py 100
"""

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import killing
import reverie
from reverie.dataset import scanning
from tiny import Tiny, seeded

PHOTOS = 30


def work(photos: Path, path: Path) -> Iterator[object]:
    """One run of the scan."""
    model = reverie.load(seeded(Tiny), size=48)
    settings = {"layers": ["stem", "block.relu~2", "mix", "logits"], "extremes": 5, "samples": 40, "examples": 8}
    yield from scanning.scanning(model, photos, path, batch=2, workers=0, **settings)


def kill_often(folder: Path, kills: int, seed: int = 0) -> tuple[int, int]:
    """How often a scan was cut off, and how many scans came to their end, each equal to an unbroken one."""
    return killing.kill_often(work, killing.photos_in(folder / "photos", PHOTOS), "db", PHOTOS // 2 + 2, kills, seed)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as place:
        cut, ended = kill_often(Path(place), int(sys.argv[1]) if len(sys.argv) > 1 else 100)
        sys.stdout.write(f"{cut} kills, {ended} scans, each equal to an unbroken one\n")
