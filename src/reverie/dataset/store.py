"""The scan file: one SQLite file of raw arrays, written in transactions, and read as a stranger's data."""

import contextlib
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from reverie.dataset.database import Schema, connected
from reverie.dataset.layer_tallies import LayerTallies
from reverie.dataset.manifest import About, parsed, whole
from reverie.dataset.photo_sets import PhotoSet, photo_set
from reverie.dataset.tallies import NOBODY, Array
from reverie.errors import ReverieError, ScanRefused, UnknownName, nearest
from reverie.paths import path_named, photo_path
from reverie.settings.calling import names_checked

PROBES = 16  # photos that are looked for before a folder is walked through
TABLES = {
    "about": "CREATE TABLE about (name TEXT PRIMARY KEY, value TEXT NOT NULL)",
    "progress": "CREATE TABLE progress (position INTEGER NOT NULL)",
    "photos": "CREATE TABLE photos (number INTEGER PRIMARY KEY, name TEXT NOT NULL, kind TEXT, failure TEXT, "
    "size INTEGER, time INTEGER)",
    "tallies": "CREATE TABLE tallies (layer TEXT NOT NULL, tally TEXT NOT NULL, part TEXT NOT NULL, "
    "data BLOB NOT NULL, PRIMARY KEY (layer, tally, part))",
    "embeddings": "CREATE TABLE embeddings (layer TEXT NOT NULL, first INTEGER NOT NULL, data BLOB NOT NULL, "
    "PRIMARY KEY (layer, first))",
}
SCAN = Schema("scan", 0x52565343, 2, TABLES, "scan the photos anew", "scan")  # "RVSC"


@dataclass(frozen=True)
class Scan:
    """A scan file, opened for reading; every look opens it anew, so that a scan under way can be watched.

    Attributes:
        path: of the file.
        about: what it is of.
        position: photos that have been looked at.
        schema: what kind of file holds it.
    """

    path: Path
    about: About
    position: int
    schema: Schema = SCAN

    def __repr__(self) -> str:
        """Short: where it lies, and what of."""
        photos, layers = f"{self.position} of {self.about.total} photos", len(self.about.layers)
        return f"<Scan {self.path}: {photos}, {layers} layer{'s' * (layers != 1)} of {self.about.model.get('name')}>"

    def __len__(self) -> int:
        """How many photos went through the network."""
        return self.position - len(self.failures)

    def told(self, written: Sequence[Path]) -> list[str]:
        """What it holds, and whether that is all."""
        rest = "" if self.complete else f" ({self.position} of {self.about.total} photos; the same command goes on)"
        bad = f"; {len(self.failures)} photos could not be read and were passed over" if self.failures else ""
        return [f"wrote {written[0]}: {len(self)} photos, {len(self.about.layers)} layers{bad}{rest}"]

    @property
    def complete(self) -> bool:
        """Whether all photos have been looked at."""
        return self.position == self.about.total

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Names of the photos looked at, by their numbers."""
        return tuple(str(row[0]) for row in self._rows("SELECT name FROM photos ORDER BY number"))

    @cached_property
    def kinds(self) -> tuple[str | None, ...]:
        """Class of each photo looked at; None where it has none."""
        return tuple(row[0] if row[0] is None else str(row[0]) for row in self._rows(_KINDS))

    @cached_property
    def failures(self) -> Mapping[int, str]:
        """Why some of the photos could not be read, by their numbers."""
        rows = self._rows("SELECT number, failure FROM photos WHERE failure IS NOT NULL ORDER BY number")
        return {int(number): str(reason) for number, reason in rows}

    def tallies(self, layer: str) -> LayerTallies:
        """All that is remembered of a layer.

        Raises:
            UnknownName: the scan has no such layer.
            ScanRefused: the file is damaged.
        """
        if layer not in self.about.layers:
            raise UnknownName(
                f"{self.path} was not scanned for '{layer}'; nearest: {nearest(layer, self.about.layers)}"
            )
        with self.schema.reading(self.path) as database:
            return restored(database, self.about, layer, self.path.stat().st_size, self.schema)

    def embeddings(self, layer: str) -> tuple[Array, Array]:
        """Numbers [n] of the photos that could be read, and each one's mean over positions, float32 [n,C].

        Raises:
            UnknownName: the scan has no such layer, or no embeddings.
        """
        if layer not in self.about.layers or not self.about.keeping.embeddings:
            raise UnknownName(f"{self.path} holds no embeddings of '{layer}'; scan that layer, without --no-embeddings")
        channels = self.about.layers[layer][0]
        rows = self._rows("SELECT data FROM embeddings WHERE layer = ? ORDER BY first", layer)
        found = [_array(self.damaged, row[0], "<f4", (-1, channels)) for row in rows]
        bad = set(self.failures)
        numbers = np.array([number for number in range(self.position) if number not in bad], np.int64)
        values = np.concatenate(found) if found else np.zeros((0, channels), np.float32)
        if len(values) != len(numbers):
            raise self.damaged
        return numbers, values

    @property
    def damaged(self) -> ReverieError:
        """The refusal of what it holds and cannot be believed."""
        return self.schema.damaged(self.path)

    def photos(self, place: str | Path | None = None) -> PhotoSet:
        """The photos that were scanned; those that are gone by now cannot be read.

        Args:
            place: where they are now; where they were unless given.

        Raises:
            ScanRefused: only other photos lie there.
            UnsuitableImage: none do.
        """
        where = photo_path(self.about.place if place is None else place)
        some = self.names[:: max(1, len(self.names) // PROBES)]
        others = ScanRefused(
            f"{where} holds other photos than {self.path} was made of; name their place with --photos, or scan anew"
        )
        if where.is_dir() and some and not any(_lies_in(where, name) for name in some):  # before a walk through it all
            raise others
        found = photo_set(where)
        if not set(self.names) & set(found.names):
            raise others
        return found.named(self.names)

    def _rows(self, query: str, *values: Any) -> list[Any]:
        with self.schema.reading(self.path) as database:
            return database.execute(query, values).fetchall()


def _lies_in(folder: Path, name: str) -> bool:
    """Whether a photo of this name, or the tar file that holds it, lies in a folder, and not beyond it."""
    parts = PurePosixPath(name)
    if parts.is_absolute() or ".." in parts.parts:
        return False
    shards = [item for item in parts.parents if item.suffix.lower() == ".tar"]
    return any((folder / item).is_file() for item in (parts, *shards))


_KINDS = "SELECT kind FROM photos ORDER BY number"


@names_checked
def read_scan(path: str | Path) -> Scan:
    """A scan file, which may come from a stranger: nothing in it runs, and nothing is written.

    Raises:
        ScanRefused: there is no such file, or it is no scan, a damaged one, or one of another version.
    """
    place = path_named(path)
    if not place.is_file():
        raise ScanRefused(f"there is no scan {place}; make it with 'reverie scan FOLDER -o {place.name}'")
    with SCAN.reading(place) as database:
        SCAN.check(database, place)
        about, position = described(database, place)
    return Scan(place, about, position)


def begun(path: Path) -> About:
    """What a scan was begun with that is about to go on: a write that a kill cut short is rolled back.

    Raises:
        ScanRefused: the file is no scan, or another process is writing it.
    """
    uri = f"{path.resolve().as_uri()}?mode=rw"
    with SCAN.reported(path), contextlib.closing(connected(uri)) as database:
        SCAN.check(database, path)
        return described(database, path)[0]


def described(database: sqlite3.Connection, path: Path, schema: Schema = SCAN) -> tuple[About, int]:
    """What a scan is of, and how many photos have been looked at.

    Raises:
        ScanRefused: it does not say.
    """
    try:
        about = parsed(dict(database.execute("SELECT name, value FROM about").fetchall()))
        ((position,),) = database.execute("SELECT position FROM progress").fetchall()
        if not 0 <= whole(position) <= about.total:
            raise ValueError
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError) as error:
        raise schema.damaged(path) from error
    return about, position


def restored(
    database: sqlite3.Connection, about: About, layer: str, length: int, schema: Schema = SCAN
) -> LayerTallies:
    """A layer's tallies from a file of this length, each array of the shape that the scan's settings give it.

    Raises:
        ScanRefused: an array is missing, of another length, or names photos or places that are not there.
    """
    damaged = schema.damaged(Path(database.execute("PRAGMA database_list").fetchone()[2]))
    channels, size = about.layers[layer]
    kept = about.keeping
    if 4 * channels * (kept.samples + kept.examples + kept.extremes) > length:  # before room is made for them
        raise damaged
    rows = database.execute("SELECT tally, part, data FROM tallies WHERE layer = ?", (layer,)).fetchall()
    found = {(tally, part): data for tally, part, data in rows}
    tallies = LayerTallies.empty(channels, size, kept).known(tally for tally, _ in found)
    for key, array in tallies.state().items():
        array[...] = _array(damaged, found.get(key), array.dtype.newbyteorder("<"), array.shape)
        limits = {"photos": about.total, "places": size[0] * size[1]}
        if key[1] in limits and key[0] != "moments":
            known = array[array != NOBODY] if key[1] == "photos" else array
            if known.size and not 0 <= known.min() <= known.max() < limits[key[1]]:
                raise damaged
    return tallies


def _array(damaged: ReverieError, data: Any, kind: Any, shape: tuple[int, ...]) -> Array:
    unit = np.dtype(kind).itemsize * int(np.prod([side for side in shape if side >= 0]))
    if not isinstance(data, bytes) or (len(data) % unit if -1 in shape else len(data) != unit):
        raise damaged
    return np.frombuffer(data, kind).reshape(shape)
