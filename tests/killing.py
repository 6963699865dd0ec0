"""Kills work that writes a file again and again at moments of chance; what it ends with equals an unbroken one."""

import contextlib
import multiprocessing
import random
import sqlite3
import time
from collections.abc import Callable, Iterator
from multiprocessing.process import BaseProcess
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from reverie.dataset import scanning

Work = Callable[[Path, Path], Iterator[object]]  # of a folder of photos and the file: an event now and then
Look = Callable[[Path], object]
MOMENT = 0.02  # seconds after an event, at most, at which it is killed


def photos_in(folder: Path, count: int, kinds: str = "") -> Path:
    """Small pictures of coarse noise, number 7 broken; by turns in a folder for each letter of `kinds`."""
    for number in range(count):
        path = folder / (kinds[number % len(kinds)] if kinds else "") / f"{number:03}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        coarse = np.random.default_rng(number).integers(0, 256, (7, 9, 3), dtype=np.uint8)
        Image.fromarray(coarse).resize((70, 60), Image.Resampling.BICUBIC).save(path)
        if number == 7:
            path.write_bytes(b"broken")
    return folder


def contents(path: Path) -> dict[str, list[tuple]]:  # type: ignore[type-arg]
    """All rows of all tables in order, but for who made a batch and how long that took."""
    with contextlib.closing(sqlite3.connect(path)) as database:
        names = [row[0] for row in database.execute("SELECT name FROM sqlite_master WHERE sql IS NOT NULL")]
        found = {name: sorted(database.execute(f"SELECT * FROM {name}").fetchall(), key=repr) for name in names}
    return {name: [row[:7] for row in rows] if name == "batches" else rows for name, rows in found.items()}


def kill_often(
    work: Work, photos: Path, ending: str, most: int, kills: int, seed: int = 0, look: Look = Path.stat
) -> tuple[int, int]:
    """How often the work was cut off, and how many files came to their end, each equal to an unbroken one.

    Args:
        photos: files are written beside this folder.
        most: events after which it is killed, at most.
        look: reads a file whose work was cut off.
    """
    chance, whole = random.Random(seed), photos.with_name(f"whole.{ending}")
    _Begun(work, photos, whole).ended()
    wanted, cut, ended = contents(whole), 0, 0
    while cut < kills:
        path = photos.with_name(f"{ended}.{ending}")
        while cut < kills and _Begun(work, photos, path).killed(chance.randrange(1, most), chance.uniform(0, MOMENT)):
            cut += 1
            if path.is_file() and path.stat().st_size:
                look(path)
        if cut >= kills:
            _Begun(work, photos, path).ended()
        found = contents(path)
        assert found == wanted, [name for name in wanted if found.get(name) != wanted[name]]
        ended += 1
    return cut, ended


class _Begun:
    """Work in a process of its own, that tells of each event."""

    def __init__(self, work: Work, photos: Path, path: Path) -> None:
        context = multiprocessing.get_context("fork")
        self.hears, tells = context.Pipe(duplex=False)
        self.child: BaseProcess = context.Process(target=_told, args=(work, photos, path, tells))
        self.child.start()
        tells.close()

    def killed(self, events: int, moment: float) -> bool:
        """Kills it after so many events and a moment; whether it was cut off."""
        with contextlib.suppress(EOFError):  # it has come to its end before
            for _ in range(events):
                self.hears.recv()
            time.sleep(moment)
            self.child.kill()
        self.child.join()
        return self.child.exitcode != 0

    def ended(self) -> None:
        """Lets it come to its end."""
        with contextlib.suppress(EOFError):
            while True:
                self.hears.recv()
        self.child.join()
        assert self.child.exitcode == 0


def _told(work: Work, photos: Path, path: Path, tells) -> None:  # type: ignore[no-untyped-def]
    torch.set_num_threads(1)
    scanning.EVERY, scanning.SHARE = 0.0, float("inf")  # a transaction for each batch
    for _ in work(photos, path):
        tells.send(None)
    tells.close()
