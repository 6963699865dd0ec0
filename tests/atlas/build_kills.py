"""Kills the making of an atlas again and again at moments of chance, and compares what it ends with to an unbroken one.

python tests/atlas/build_kills.py 30
"""

import contextlib
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import killing
import reverie
from reverie.atlas.atlas_file import read_atlas
from reverie.atlas.building import BuildRun
from reverie.errors import AtlasRefused
from reverie.settings.atlas import Build
from tiny import Tiny, seeded

SETTINGS = {"layers": ("block", "mix"), "size": 24, "steps": 2, "batch": 4, "diversity": 2, "workers": 0}


def work(photos: Path, path: Path) -> Iterator[object]:
    """Makes the atlas, or goes on with it."""
    model = reverie.load(seeded(Tiny), size=48)
    yield from BuildRun(model, Build.made(photos=photos, **SETTINGS), path).events()


def photos_in(folder: Path) -> Path:
    """Eight photos of two classes, of which one is broken."""
    return killing.photos_in(folder, 8, "ab")


def look(path: Path) -> None:
    """An atlas that was cut off opens, or says that it was cut off within a write."""
    with contextlib.suppress(AtlasRefused):
        len(read_atlas(path))


def kill_often(folder: Path, kills: int, seed: int = 0) -> tuple[int, int]:
    """How often the making was cut off, and how many atlases came to their end, each equal to an unbroken one."""
    return killing.kill_often(work, photos_in(folder / "photos"), "atlas", 30, kills, seed, look)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as place:
        cut, ended = kill_often(Path(place), int(sys.argv[1]) if len(sys.argv) > 1 else 30)
        sys.stdout.write(f"{cut} kills, {ended} atlases, each equal to an unbroken one\n")
