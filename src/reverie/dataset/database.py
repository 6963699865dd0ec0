"""Databases: SQLite files of this program, known by their tables, opened without trust, and told of in one sentence."""

import contextlib
import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from reverie.errors import OutputFailed, ReverieError, ScanRefused

PATIENCE = 10.0  # seconds to wait for another process that is writing
PAGE = 8192  # bytes: blobs of some 10 kB are read fastest from pages of 4 to 16 KiB


@dataclass(frozen=True)
class Schema:
    """A kind of file.

    Attributes:
        what: it is, such as `scan`.
        application: SQLite's application id.
        version: of this layout of tables.
        tables: the statement that makes each, by name; a file with anything else is refused.
        anew: what makes it anew.
        work: by which it is written, such as `scan`.
        refusal: the kind of error by which such a file is refused.
    """

    what: str
    application: int
    version: int
    tables: Mapping[str, str]
    anew: str
    work: str
    refusal: type[ReverieError] = ScanRefused

    @property
    def one(self) -> str:
        """What it is, with its article."""
        return f"an {self.what}" if self.what[0] in "aeiou" else f"a {self.what}"

    def damaged(self, path: Path) -> ReverieError:
        """The refusal of a file that cannot be believed."""
        return self.refusal(f"{path} is no {self.what} of this program, or a damaged one; {self.anew}")

    def found(self, database: sqlite3.Connection) -> None:
        """Makes the tables of an empty file, within the transaction that is open."""
        for statement in self.tables.values():
            database.execute(statement)
        database.execute(f"PRAGMA application_id = {self.application}")
        database.execute(f"PRAGMA user_version = {self.version}")

    def check(self, database: sqlite3.Connection, path: Path) -> None:
        """That a file is of this kind and version, with these tables and nothing else that could run.

        Raises:
            ReverieError: it is not.
        """
        (application,) = database.execute("PRAGMA application_id").fetchone()
        (version,) = database.execute("PRAGMA user_version").fetchone()
        if application != self.application:
            raise self.damaged(path)
        if version != self.version:
            raise self.refusal(
                f"{path} is {self.one} of layout {version}, this program reads {self.version}; {self.anew}"
            )
        found = database.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL").fetchall()
        if dict(found) != dict(self.tables):
            raise self.damaged(path)

    @contextlib.contextmanager
    def reading(self, path: Path) -> Iterator[sqlite3.Connection]:
        """The file opened read-only, without trust in its schema."""
        uri = f"{path.resolve().as_uri()}?mode=ro"
        with self.reported(path, reading=True), contextlib.closing(connected(uri)) as database:
            database.execute("PRAGMA query_only = ON")
            yield database

    @contextlib.contextmanager
    def reported(self, path: Path, *, reading: bool = False) -> Iterator[None]:
        """Turns what SQLite says into one sentence."""
        try:
            yield
        except sqlite3.Error as error:
            raise self._sentence(path, str(error), reading=reading) from None
        except UnicodeDecodeError:
            raise self.damaged(path) from None

    def _sentence(self, path: Path, text: str, *, reading: bool) -> ReverieError:
        if "locked" in text or "busy" in text:
            return self.refusal(f"{path} is being written by another {self.work}; wait for its end, or stop it")
        if reading and "readonly" in text:  # only the journal of a write that was cut short makes a reader write
            return self.refusal(f"{path} was cut off while it was written; run the same {self.work} again, it goes on")
        if "full" in text or "I/O" in text or "readonly" in text or "unable to open" in text:
            return OutputFailed(
                f"{path} cannot be read or written ({text}); free some space or mend its rights, and run the same "
                f"{self.work} again: it goes on where it was"
            )
        return self.damaged(path)


def connected(uri: str) -> sqlite3.Connection:
    """A connection that trusts nothing in the file and commits nothing by itself."""
    database = sqlite3.connect(uri, uri=True, timeout=PATIENCE, isolation_level=None)
    database.execute("PRAGMA trusted_schema = OFF")
    database.execute("PRAGMA cell_size_check = ON")
    return database
