"""Kills a scan again and again at moments of chance, and compares what it ends with to an unbroken one.

python tests/dataset/kills.py 100
"""

import multiprocessing
import random
import sqlite3
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

PHOTOS = 30


def photos_in(folder: Path, count: int = PHOTOS) -> Path:
    """Small pictures of coarse noise, the seventh one broken."""
    import numpy as np
    from PIL import Image

    folder.mkdir()
    for number in range(count):
        coarse = np.random.default_rng(number).integers(0, 256, (7, 9, 3), dtype=np.uint8)
        Image.fromarray(coarse).resize((70, 60), Image.Resampling.BICUBIC).save(folder / f"{number:03}.png")
    (folder / "007.png").write_bytes(b"broken")
    return folder


def work(folder: Path, path: Path, told) -> None:  # type: ignore[no-untyped-def]
    """One run of the scan, a transaction for each batch, telling the position after each."""
    import torch

    import reverie
    from reverie.dataset import scanning as run
    from tiny import Tiny, seeded

    torch.set_num_threads(1)
    run.EVERY, run.SHARE = 0.0, float("inf")
    model = reverie.load(seeded(Tiny), size=48)
    settings = {"layers": ["stem", "block.relu~2", "mix", "logits"], "extremes": 5, "samples": 40, "examples": 8}
    for passed in run.scanning(model, folder, path, batch=2, workers=0, **settings):
        told.send(passed.done)
    told.close()


def killed(folder: Path, path: Path, chance: random.Random) -> bool:
    """Runs the scan until a position of chance and a moment after it; whether it was cut off."""
    context = multiprocessing.get_context("fork")
    hears, tells = context.Pipe(duplex=False)
    child = context.Process(target=work, args=(folder, path, tells))
    child.start()
    tells.close()
    after = chance.randrange(PHOTOS)
    try:
        while hears.recv() < after:
            pass
        time.sleep(chance.uniform(0, 0.01))
        child.kill()
    except EOFError:  # it has come to its end before
        pass
    child.join()
    return child.exitcode != 0


def contents(path: Path) -> dict[str, list[tuple]]:  # type: ignore[type-arg]
    """All rows of all tables."""
    database = sqlite3.connect(path)
    names = [row[0] for row in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    found = {name: database.execute(f"SELECT * FROM {name} ORDER BY 1, 2, 3 LIMIT -1").fetchall()
             if name in ("tallies", "embeddings") else sorted(database.execute(f"SELECT * FROM {name}"), key=repr)
             for name in names}  # fmt: skip
    database.close()
    return found


def kill_often(folder: Path, kills: int, seed: int = 0) -> tuple[int, int]:
    """How often a scan was cut off, and how many scans came to their end, each equal to an unbroken one."""
    import reverie.dataset.scanning  # noqa: F401  once here, and not in each process

    chance, photos = random.Random(seed), photos_in(folder / "photos")
    whole = folder / "whole.db"
    run_alone(photos, whole)
    wanted, cut, ended = contents(whole), 0, 0
    while cut < kills:
        path = folder / f"{ended}.db"
        while cut < kills and killed(photos, path, chance):
            cut += 1
        if cut >= kills:
            run_alone(photos, path)
        found = contents(path)
        assert found == wanted, [name for name in wanted if found.get(name) != wanted[name]]
        ended += 1
    return cut, ended


def run_alone(photos: Path, path: Path) -> None:
    context = multiprocessing.get_context("fork")
    hears, tells = context.Pipe(duplex=False)
    child = context.Process(target=work, args=(photos, path, tells))
    child.start()
    child.join()
    hears.close()
    assert child.exitcode == 0


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as place:
        cut, ended = kill_often(Path(place), int(sys.argv[1]) if len(sys.argv) > 1 else 100)
        sys.stdout.write(f"{cut} kills, {ended} scans, each equal to an unbroken one\n")
