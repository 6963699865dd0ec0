"""Joins atlases of the same network and settings, such as those of shards, into one."""

import contextlib
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from reverie.atlas.atlas_file import Atlas, read_atlas
from reverie.atlas.atlas_writer import AtlasWriter, difference
from reverie.atlas.entries import ENTRIES, AtlasBatch, AtlasLayer, AtlasUnit
from reverie.atlas.photo_ranks import NAMES, scored
from reverie.atlas.tables import ATLAS, GRID
from reverie.atlas.values import Entry, checked
from reverie.dataset.store import TABLES as SCANNED
from reverie.errors import AtlasRefused, InvalidSetting, OutputFailed, listed
from reverie.paths import check_free, check_output, path_named
from reverie.runs import Event

ALIKE = (
    "recipes",
    "pictures",
    "crops",
    "patches",
    "statistics",
    "classes",
    "links",
    *GRID,
)  # where two say the same, or clash
TOLD = 5  # clashes that are named


class MergeRun:
    """The run that joins atlases: nothing is written before all is well.

    Raises:
        AtlasRefused: no atlas, or atlases of other networks or settings.
        OutputFailed: the file is there, or cannot be written.
    """

    def __init__(self, paths: Sequence[str | Path], output: str | Path, *, force: bool = False) -> None:
        self.path = check_output(path_named(output), [".atlas"])
        check_free(self.path, force)
        self.parts = [read_atlas(path) for path in paths]
        if len(self.parts) < 2:
            raise InvalidSetting("merge joins two atlases or more; name them all")
        for other in self.parts[1:]:
            _check_same(self.parts[0], other)
        self.scanned = _scanned(self.parts)

    def events(self) -> Iterator[Event]:
        """Joins: a table of an atlas for each event.

        Raises:
            AtlasRefused: two atlases hold different things of the same unit.
        """
        total, done = len(self.parts) * len(ENTRIES), 0
        with tempfile.TemporaryDirectory(prefix=".merge-", dir=self.path.parent) as folder:
            place = Path(folder) / self.path.name
            with AtlasWriter(place, self.parts[0].about) as writer:
                _copy_scan(writer, self.scanned)
                for part in self.parts:
                    clashes: list[str] = []
                    for table in ENTRIES:
                        clashes += _joined(writer, part, table)
                        done += 1
                        yield Event(done, total, "tables")
                    _check_clashes(part, clashes)
                writer.score(NAMES, scored(read_atlas(place)))
            _moved(place, self.path)

    def result(self) -> Atlas:
        """The joined atlas."""
        return read_atlas(self.path)


def _check_same(first: Atlas, other: Atlas) -> None:
    differs = difference(first.about, other.about)
    if differs is not None:
        raise AtlasRefused(f"{first.path} and {other.path} cannot be joined: {differs}")


def _scanned(parts: Sequence[Atlas]) -> Atlas | None:
    """The atlas whose scan of the photos is furthest; all must be of the same ones."""
    several = [part for part in parts if part.scan is not None]
    for other in several[1:]:
        first, second = several[0].scan, other.scan
        differs = None if first is None or second is None else first.about.difference(second.about)
        if differs is not None:
            raise AtlasRefused(f"{several[0].path} and {other.path} cannot be joined: their scans are of {differs}")
    return max(several, key=lambda part: part.scan.position if part.scan else 0, default=None)


def _copy_scan(writer: AtlasWriter, source: Atlas | None) -> None:
    if source is None:
        return
    with ATLAS.reading(source.path) as database, writer.transaction():
        for table in SCANNED:
            for row in database.execute(f"SELECT * FROM {table}"):
                writer.database.execute(f"INSERT INTO {table} VALUES ({', '.join('?' * len(row))})", row)


def _joined(writer: AtlasWriter, part: Atlas, table: str) -> list[str]:
    """Adds a table's rows; what is there already and says something else, in words."""
    clashes = []
    with ATLAS.reading(part.path) as database, writer.transaction():
        for values in database.execute(f"SELECT * FROM {table}"):
            row = checked(ENTRIES[table], values, part.damaged)
            other = writer.other(table, row)
            if other is not None and table in ALIKE:
                clashes.append(f"{table} of {' '.join(map(str, other[:3]))}")
            elif other is None or _better(row, checked(ENTRIES[table], other, part.damaged)):
                writer.put(table, [row])
    return clashes


def _better(row: Entry, other: Entry) -> bool:
    """Whether a row tells more than the one that is there."""
    match row, other:
        case AtlasBatch(), AtlasBatch():
            return row.state == "done" and other.state != "done"
        case AtlasUnit(), AtlasUnit():
            return other.dead is None
        case AtlasLayer(), AtlasLayer():  # which layers a layer feeds depends on which are in the file
            return len(row.feeds) > len(other.feeds)
    return True


def _check_clashes(part: Atlas, clashes: Sequence[str]) -> None:
    if clashes:
        raise AtlasRefused(
            f"{part.path} holds other things than the atlases before it: {listed(clashes, TOLD)}; "
            "they were made on machines, or with versions, that round otherwise: build one of them anew"
        )


def _moved(place: Path, path: Path) -> None:
    try:
        with contextlib.suppress(FileNotFoundError):
            path.with_name(f"{path.name}-journal").unlink()
        place.replace(path)
    except OSError as error:
        raise OutputFailed(f"cannot write {path} ({error.strerror}); name another file with --output") from None
