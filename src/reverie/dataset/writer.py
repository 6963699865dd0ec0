"""Writes a scan file, in transactions with the position reached."""

import json
import sqlite3
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from reverie.dataset.database import Schema, connected
from reverie.dataset.layer_tallies import LayerTallies
from reverie.dataset.manifest import About, plain
from reverie.dataset.store import SCAN, described, restored
from reverie.dataset.tallies import Array
from reverie.errors import ScanRefused


class Writer:
    """A scan file that is being written; what is not yet committed is gone after a kill, as if it had not been.

    Attributes:
        position: photos whose traces are in the file.
        begun: what the file says that it is of.
    """

    def __init__(self, path: Path, about: About, schema: Schema = SCAN) -> None:
        self.path, self.about, self.position, self.schema = path, about, 0, schema
        self.database: sqlite3.Connection
        self.begun = about

    def __enter__(self) -> "Writer":
        with self.schema.reported(self.path):
            self.database = connected(f"{self.path.resolve().as_uri()}?mode=rwc")
            try:
                self.database.execute("PRAGMA cache_spill = OFF")  # readers see the last state until the next is whole
                self.database.execute("BEGIN IMMEDIATE")
                if not self.database.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
                    self.schema.found(self.database)
                self.schema.check(self.database, self.path)
                if not self.database.execute("SELECT count(*) FROM about").fetchone()[0]:
                    self._begin()
                kept, self.position = described(self.database, self.path, self.schema)
                self.begun = kept
                differs = kept.difference(self.about)
                if differs is not None:
                    raise ScanRefused(
                        f"{self.path} is {self.schema.one} with {differs}; name another file with --output, or say "
                        "--force to begin it anew"
                    )
            except BaseException:
                self.database.close()
                if self.path.is_file() and not self.path.stat().st_size:
                    self.path.unlink()
                raise
        return self

    def __exit__(self, *_: object) -> None:
        self.database.close()  # an open transaction is rolled back

    def _begin(self) -> None:
        for name, value in plain(self.about).items():
            self.database.execute("INSERT INTO about VALUES (?, ?)", (name, json.dumps(value, sort_keys=True)))
        self.database.execute("INSERT INTO progress VALUES (0)")
        self._turn()

    def _turn(self) -> None:
        """Ends a transaction and begins the next, so that no other process comes in between two looks at the file."""
        self.database.execute("COMMIT")
        self.database.execute("BEGIN IMMEDIATE")

    def tallies(self) -> dict[str, LayerTallies] | None:
        """Those of all layers; None of a scan that has just begun."""
        if self.position == 0:
            return None
        with self.schema.reported(self.path):
            size = self.path.stat().st_size
            return {layer: restored(self.database, self.about, layer, size, self.schema) for layer in self.about.layers}

    def enter(
        self,
        photos: Sequence[tuple[int, str, str | None, str | None, int | None, int | None]],
        embeddings: Mapping[str, Array],
        first: int,
    ) -> None:
        """Enters a batch: number, name, class, what was wrong, size and time of each photo; the first one's number."""
        with self.schema.reported(self.path):
            self.database.executemany("INSERT INTO photos VALUES (?, ?, ?, ?, ?, ?)", photos)
            if self.about.keeping.embeddings:
                rows = [(layer, first, _bytes(value)) for layer, value in embeddings.items()]
                self.database.executemany("INSERT INTO embeddings VALUES (?, ?, ?)", rows)

    def stamps(self) -> list[tuple[int | None, int | None]]:
        """Size and time of the photos that were looked at, by their numbers."""
        with self.schema.reported(self.path):
            return self.database.execute("SELECT size, time FROM photos ORDER BY number").fetchall()

    def commit(self, tallies: Mapping[str, LayerTallies], position: int) -> None:
        """Makes all that was entered last, with the tallies up to there.

        Raises:
            OutputFailed: the disk is full, or refuses.
            ScanRefused: another process has written the file meanwhile.
        """
        rows = [
            (layer, tally, part, _bytes(array))
            for layer, each in tallies.items()
            for (tally, part), array in each.state().items()
        ]
        with self.schema.reported(self.path):
            changed = self.database.execute(
                "UPDATE progress SET position = ? WHERE position = ?", (position, self.position)
            )
            if changed.rowcount != 1:
                work = self.schema.work
                raise ScanRefused(f"{self.path} is being written by another {work}; wait for its end, or stop it")
            self.database.executemany(
                "INSERT INTO tallies VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET data = excluded.data", rows
            )
            self._turn()
        self.position = position


def _bytes(array: Array) -> bytes:
    return np.ascontiguousarray(array, array.dtype.newbyteorder("<")).tobytes()
