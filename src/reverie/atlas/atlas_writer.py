"""Writes an atlas file: one transaction for each finished batch, every write keyed so that it may be repeated."""

import contextlib
import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from reverie.atlas.described import Described, about_in
from reverie.atlas.entries import FACTS, AtlasBatch, AtlasLayer, Score
from reverie.atlas.tables import ATLAS, GRID
from reverie.atlas.values import Entry
from reverie.dataset.database import PAGE, connected
from reverie.dataset.store import TABLES as SCANNED
from reverie.errors import AtlasRefused
from reverie.models.sameness import decisive

CLEARED = {"patches": "1", "statistics": "1", "links": "1", "classes": "kind = 'photos'"}  # before facts come anew
DECISIVE = {
    "source": "weights or settings of the network",
    "job": "settings of the pictures",
    "device": "device",
    "threads": "number of threads, --threads",
}


@dataclass(frozen=True)
class Done:
    """A batch that was tried, with the rows that it leaves, by table.

    Attributes:
        record: the recipe's, JSON text.
    """

    batch: AtlasBatch
    record: str
    rows: Mapping[str, Sequence[Entry]] = field(default_factory=dict)


class AtlasWriter:
    """The one writer of an atlas.

    Attributes:
        about: what the file says that it is of; `created` says whether it was made just now.
    """

    def __init__(self, path: Path, about: Described) -> None:
        self.path, self.about = path, about
        self.database: sqlite3.Connection

    def __enter__(self) -> "AtlasWriter":
        with ATLAS.reported(self.path):
            self.database = connected(f"{self.path.resolve().as_uri()}?mode=rwc")
            try:
                self.database.execute(f"PRAGMA page_size = {PAGE}")
                self.database.execute("PRAGMA cache_spill = OFF")  # who reads is shut out while a write ends, no longer
                self.database.execute("PRAGMA foreign_keys = ON")
                with self.transaction():
                    if not self.database.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
                        ATLAS.found(self.database)
                        self._describe()
                    ATLAS.check(self.database, self.path)
                    self._check_same()
            except BaseException:
                self.database.close()
                if self.path.is_file() and not self.path.stat().st_size:
                    self.path.unlink()
                raise
        return self

    def __exit__(self, *_: object) -> None:
        self.database.close()

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """Writes all or nothing."""
        with ATLAS.reported(self.path):
            self.database.execute("BEGIN IMMEDIATE")
            try:
                yield
                self.database.execute("COMMIT")
            except BaseException:
                if self.database.in_transaction:
                    self.database.execute("ROLLBACK")
                raise

    def _describe(self) -> None:
        plain = msgspec.to_builtins(self.about)
        rows = [(name, json.dumps(value, sort_keys=True)) for name, value in plain.items()]
        self.database.executemany("INSERT INTO network VALUES (?, ?)", rows)

    def _check_same(self) -> None:
        rows = self.database.execute("SELECT name, value FROM network").fetchall()
        differs = difference(about_in(rows, ATLAS.damaged(self.path)), self.about)
        if differs is not None:
            raise AtlasRefused(
                f"{self.path} is an atlas with {differs}; name another file with --output, or say --force to begin "
                "it anew"
            )

    def enter_layers(self, layers: Iterable[AtlasLayer]) -> None:
        """Enters layers; those that are there are described anew."""
        with self.transaction():
            self.put("layers", layers)

    def enter(self, done: Done) -> None:
        """Enters a batch with all that it made, in one transaction; one that was there takes its place."""
        batch = done.batch
        with self.transaction():
            units = [(batch.layer, unit, None) for unit in range(batch.first, batch.first + batch.count)]
            self.database.executemany("INSERT OR IGNORE INTO units VALUES (?, ?, ?)", units)
            recipe = (batch.recipe, batch.view if batch.recipe else "", done.record)  # many views fail without one
            self.database.execute("INSERT OR IGNORE INTO recipes VALUES (?, ?, ?)", recipe)
            place = (batch.layer, batch.view, batch.first)  # a try that failed knew no recipe
            self.database.execute("DELETE FROM batches WHERE layer = ? AND view = ? AND first = ?", place)
            for table, which in CLEARED.items() if batch.view == FACTS else ():
                span = (batch.layer, batch.first, batch.first + batch.count)
                self.database.execute(
                    f"DELETE FROM {table} WHERE layer = ? AND unit >= ? AND unit < ? AND {which}", span
                )
            for table, rows in done.rows.items():
                self.put(table, rows)
            self.put("batches", [batch])

    def forget_scan(self) -> None:
        """Empties the tables of the photos' scan, for one of more layers."""
        with self.transaction():
            for table in SCANNED:
                self.database.execute(f"DELETE FROM {table}")

    def score(self, names: Sequence[str], rows: Iterable[Score]) -> None:
        """Puts scores in place of all of these names."""
        found = list(rows)  # who reads the file for them takes long, and must not wait for this very write
        with self.transaction():
            self.database.executemany("DELETE FROM scores WHERE name = ?", [(name,) for name in names])
            self.put("scores", found)

    def enter_scores(self, layer: str, unit: int, names: Sequence[str], rows: Iterable[Score]) -> None:
        """Puts scores of a unit in place of all of these names."""
        with self.transaction():
            keys = [(layer, unit, name) for name in names]
            self.database.executemany("DELETE FROM scores WHERE layer = ? AND unit = ? AND name = ?", keys)
            self.put("scores", rows)

    def enter_grid(self, layer: str, rows: Mapping[str, Sequence[Entry]]) -> None:
        """Puts a layer's activation atlas in place of the one that is there."""
        with self.transaction():
            for table in reversed(GRID):
                self.database.execute(f"DELETE FROM {table} WHERE layer = ?", (layer,))
            for table in GRID:
                self.put(table, rows[table])

    def put(self, table: str, rows: Iterable[Entry]) -> None:
        """Writes rows, within a transaction; those of the same keys are there no more."""
        # not REPLACE, which would delete rows that others refer to
        for row in rows:
            values = msgspec.structs.astuple(row)
            self.database.execute(_statement(table, len(values)), values)

    def other(self, table: str, row: Entry) -> tuple[Any, ...] | None:
        """The row of the same key that is there, and differs; None where there is none."""
        columns, key = _columns(table)
        values = dict(zip(columns, msgspec.structs.astuple(row), strict=True))
        where = " AND ".join(f"{name} = ?" for name in key)
        query = f"SELECT * FROM {table} WHERE {where}"
        found = self.database.execute(query, [values[name] for name in key]).fetchone()
        return None if found is None or found == tuple(values.values()) else tuple(found)

    def known(self) -> set[tuple[str, str, int, str]]:
        """Layer, view, first unit and recipe of the batches that are done."""
        with ATLAS.reported(self.path):
            rows = self.database.execute("SELECT layer, view, first, recipe FROM batches WHERE state = 'done'")
            return set(rows.fetchall())


def _statement(table: str, width: int) -> str:
    columns, key = _columns(table)
    rest = [name for name in columns if name not in key]
    change = ", ".join(f"{name} = excluded.{name}" for name in rest)
    places = ", ".join("?" * width)
    return f"INSERT INTO {table} VALUES ({places}) ON CONFLICT ({', '.join(key)}) DO UPDATE SET {change}"


@cache
def _columns(table: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """All columns of a table, and those of its key."""
    with contextlib.closing(sqlite3.connect(":memory:")) as database:
        database.execute(ATLAS.tables[table])
        found = database.execute(f"PRAGMA table_info({table})").fetchall()
    return tuple(row[1] for row in found), tuple(row[1] for row in sorted(found, key=lambda row: row[5]) if row[5])


def difference(one: Described, other: Described) -> str | None:
    """The first thing in which two atlases differ so that they cannot be one, in words; None where they can."""
    for name, words in DECISIVE.items():
        values = [_decisive(name, getattr(item, name)) for item in (one, other)]
        if values[0] != values[1]:
            texts = [value if isinstance(value, str) else json.dumps(value, sort_keys=True) for value in values]
            return f"other {words}" + (f" ({texts[0]}, not {texts[1]})" if max(map(len, texts)) < 200 else "")
    return None


def _decisive(name: str, value: Any) -> Any:
    plain = json.loads(json.dumps(msgspec.to_builtins(value)))
    return decisive(plain) if name == "source" else plain
