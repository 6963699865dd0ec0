"""Kills the making of an atlas again and again at moments of chance, and compares what it ends with to an unbroken one.

python tests/atlas/build_kills.py 30
"""

import contextlib
import multiprocessing
import random
import sqlite3
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

PHOTOS = 8
SETTINGS = {"layers": ("block", "mix"), "size": 24, "steps": 2, "batch": 4, "diversity": 2, "workers": 0}


def photos_in(folder: Path) -> Path:
    """Small pictures of coarse noise in two classes, one of them broken."""
    import numpy as np
    from PIL import Image

    for number in range(PHOTOS):
        path = folder / "ab"[number % 2] / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        coarse = np.random.default_rng(number).integers(0, 256, (7, 9, 3), dtype=np.uint8)
        Image.fromarray(coarse).resize((70, 60), Image.Resampling.BICUBIC).save(path)
    (folder / "a" / "4.png").write_bytes(b"broken")
    return folder


def work(folder: Path, path: Path, told) -> None:  # type: ignore[no-untyped-def]
    """Makes the atlas, or goes on with it, telling of each event."""
    import torch

    import reverie
    from reverie.atlas.building import BuildRun
    from reverie.dataset import scanning
    from reverie.settings.atlas import Build
    from tiny import Tiny, seeded

    torch.set_num_threads(1)
    scanning.EVERY, scanning.SHARE = 0.0, float("inf")
    model = reverie.load(seeded(Tiny), size=48)
    for event in BuildRun(model, Build.made(photos=folder, **SETTINGS), path).events():
        told.send(event.task)
    told.close()


def killed(folder: Path, path: Path, chance: random.Random) -> bool:
    """Makes the atlas until an event of chance and a moment after it; whether it was cut off."""
    context = multiprocessing.get_context("fork")
    hears, tells = context.Pipe(duplex=False)
    child = context.Process(target=work, args=(folder, path, tells))
    child.start()
    tells.close()
    try:
        for _ in range(chance.randrange(1, 30)):
            hears.recv()
        time.sleep(chance.uniform(0, 0.02))
        child.kill()
    except EOFError:  # it has come to its end before
        pass
    child.join()
    return child.exitcode != 0


def contents(path: Path) -> dict[str, list[tuple]]:  # type: ignore[type-arg]
    """All rows of all tables, but for who made a batch and how long that took."""
    with contextlib.closing(sqlite3.connect(path)) as database:
        names = [row[0] for row in database.execute("SELECT name FROM sqlite_master WHERE sql IS NOT NULL")]
        found = {name: sorted(database.execute(f"SELECT * FROM {name}").fetchall(), key=repr) for name in names}
    found["batches"] = [row[:7] for row in found["batches"]]
    return found


def kill_often(folder: Path, kills: int, seed: int = 0) -> tuple[int, int]:
    """How often the making was cut off, and how many atlases came to their end, each equal to an unbroken one."""
    import reverie.atlas.building
    from reverie.atlas.atlas_file import read_atlas

    chance, photos = random.Random(seed), photos_in(folder / "photos")
    whole = folder / "whole.atlas"
    alone(photos, whole)
    wanted, cut, ended = contents(whole), 0, 0
    while cut < kills:
        path = folder / f"{ended}.atlas"
        while cut < kills and killed(photos, path, chance):
            cut += 1
            if path.is_file() and path.stat().st_size:
                with contextlib.suppress(reverie.errors.AtlasRefused):  # cut off within a write
                    len(read_atlas(path))
        if cut >= kills:
            alone(photos, path)
        found = contents(path)
        assert found == wanted, [name for name in wanted if found.get(name) != wanted[name]]
        ended += 1
    return cut, ended


def alone(photos: Path, path: Path) -> None:
    """Makes the atlas to its end, in a process of its own."""
    context = multiprocessing.get_context("fork")
    hears, tells = context.Pipe(duplex=False)
    child = context.Process(target=work, args=(photos, path, tells))
    child.start()
    tells.close()
    with contextlib.suppress(EOFError):
        while True:
            hears.recv()
    child.join()
    assert child.exitcode == 0


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as place:
        cut, ended = kill_often(Path(place), int(sys.argv[1]) if len(sys.argv) > 1 else 30)
        sys.stdout.write(f"{cut} kills, {ended} atlases, each equal to an unbroken one\n")
