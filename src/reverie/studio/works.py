"""Works: everything made, as ordinary PNGs with records in a folder; the folder is the index."""

import contextlib
import hashlib
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reverie import record as records
from reverie.errors import OutputFailed, ReverieError, UnknownName
from reverie.paths import FILMS
from reverie.photo import opened
from reverie.record import RECORD_KEY, Record

NAMING = ("units", "unit", "layers", "layer", "through", "target")  # settings that say what is made
HIDDEN = ".studio"  # a folder of what can be made again: small pictures


@dataclass(frozen=True, eq=False)
class Work:
    """A picture that was made, with its record."""

    id: str
    path: Path
    made: float
    width: int
    height: int
    record: Record

    @property
    def film(self) -> Path | None:
        """The film of its run, where there is one."""
        return next((path for path in map(self.path.with_suffix, FILMS) if path.is_file()), None)

    @property
    def title(self) -> str:
        """What it shows, in a few words."""
        return title(self.record.recipe, self.record.arguments)

    def plain(self) -> dict[str, Any]:
        """For a list of works."""
        return {
            "id": self.id,
            "name": self.path.name,
            "kind": self.record.recipe,
            "title": self.title,
            "width": self.width,
            "height": self.height,
            "made": self.made,
            "film": self.film is not None,
        }


class Works:
    """The works of a folder; whatever lies in it that carries a record is one.

    Raises:
        OutputFailed: a folder that cannot be made.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.photos, self.hidden = folder / "photos", folder / HIDDEN
        self.known: dict[str, tuple[int, Work | None]] = {}  # by id, with the file's time
        self.lock = threading.Lock()
        self.last: dict[str, int] = {}
        try:
            for place in (folder, self.photos, *(self.hidden / name for name in ("shown", "thumbs", "units", "taken"))):
                place.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OutputFailed(f"cannot make the folder {folder} ({error.strerror}); name another --folder") from None

    def place(self, kind: str) -> Path:
        """A name that no file has, for what will be made."""
        number = self.last.get(kind) or max(self._numbers(kind), default=0)
        self.last[kind] = number + 1
        return self.folder / f"{kind}-{number + 1}.png"

    def added(self, path: Path) -> str | None:
        """The id of a work that has just been written; None of what carries no record."""
        return None if self._work(path) is None else name_of(path)

    def newest(self, limit: int, before: str | None = None) -> tuple[list[Work], bool]:
        """So many works, newest first, from the one after another on; and whether there are more."""
        files = sorted(self._files(), key=lambda item: (-item[0], item[1].name))
        if before is not None:
            names = [name_of(path) for _, path in files]
            files = files[names.index(before) + 1 :] if before in names else []
        found: list[Work] = []
        for _, path in files:
            work = self._work(path)
            if work is not None and len(found) == limit:
                return found, True
            found += [work] if work is not None else []
        return found, False

    def work(self, name: str) -> Work:
        """The work of this id.

        Raises:
            UnknownName: there is none.
        """
        path = next((path for _, path in self._files() if name_of(path) == name), None)
        found = None if path is None else self._work(path)
        if found is None:
            raise UnknownName("there is no such work in the folder; it may have been deleted")
        return found

    def delete(self, name: str) -> None:
        """Deletes a work, what was written with it, and its copies for showing."""
        work = self.work(name)
        stem = work.path.with_suffix("")
        beside = [work.path.with_name(f"{stem.name}-sheet.png"), *map(work.path.with_suffix, (".npz", ".npy", *FILMS))]
        singles = [path for path in stem.glob("*.png") if _header(path) is not None] if stem.is_dir() else []
        copies = [*(self.hidden / "thumbs").glob(f"{name}-*"), *(self.hidden / "shown").glob(f"work-{name}-*")]
        for path in (work.path, *beside, *singles, *copies):
            with contextlib.suppress(FileNotFoundError):
                path.unlink()
        with contextlib.suppress(OSError):  # there is none, or something else lies in it
            stem.rmdir()
        with self.lock:
            self.known.pop(name, None)

    def _numbers(self, kind: str) -> Iterator[int]:
        for path in self.folder.iterdir():
            found = re.match(rf"{re.escape(kind)}-(\d{{1,9}})\b", path.name)
            if found:
                yield int(found[1])

    def _files(self) -> Iterator[tuple[float, Path]]:
        for path in self.folder.iterdir():
            if path.suffix.lower() == ".png" and not path.name.startswith("."):
                with contextlib.suppress(OSError):
                    yield path.stat().st_mtime, path

    def _work(self, path: Path) -> Work | None:
        """A file's work, as it was read when it was last changed."""
        name = name_of(path)
        try:
            time = path.stat().st_mtime_ns
        except OSError:
            return None
        with self.lock:
            known = self.known.get(name)
        if known is None or known[0] != time:
            header = _header(path)
            found = None if header is None else Work(name, path, time / 1e9, *header)
            known = (time, found)
            with self.lock:
                self.known[name] = known
        return known[1]


def name_of(path: Path) -> str:
    """The id of a file: of its name, so that it stays."""
    return hashlib.sha256(path.name.encode(errors="surrogateescape")).hexdigest()[:12]


def title(kind: str, given: Any) -> str:
    """What is made, in a few words: of which unit or layer, and of which photo."""
    way = given.get("method") if kind == "explain" else ""
    wanted = next((given[name] for name in NAMING if given.get(name)), "")
    return " ".join(filter(None, [kind, *(_listed(value)[:60] for value in (way, wanted))]))


def _listed(value: Any) -> str:
    several = value if isinstance(value, list | tuple) else [value]
    return ", ".join(str(item) for item in several if isinstance(item, str | int))


def _header(path: Path) -> tuple[int, int, Record] | None:
    """A PNG's width, height and record, without its pixels; None where it carries none."""
    try:
        with opened(path) as picture:
            text = picture.info.get(RECORD_KEY) if picture.format == "PNG" else None
            return None if text is None else (picture.width, picture.height, records.parse_record(str(text)))
    except ReverieError:
        return None
