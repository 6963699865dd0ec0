"""A folder that is written as a whole: beside its place first, then moved there."""

import contextlib
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from reverie.errors import OutputFailed
from reverie.paths import path_named

MARK = ".reverie-site"  # the file by which a site's folder is known


def check_folder(name: str | Path, *, force: bool) -> Path:
    """The place of a site: free, or with `force` that of another site.

    Raises:
        OutputFailed: something else is there, or no folder to put it in.
    """
    path = path_named(name)
    if not path.parent.is_dir():
        raise OutputFailed(f"there is no folder {path.parent}; make it first, or choose another one")
    if not path.exists() or (path.is_dir() and not any(path.iterdir())):
        return path
    if not (path / MARK).is_file():
        raise OutputFailed(f"{path} is there already and is no site of an atlas; choose another folder")
    if not force:
        raise OutputFailed(f"{path} is there already; choose another folder, or add --force to replace it")
    return path


@contextlib.contextmanager
def whole_folder(place: Path) -> Iterator[Path]:
    """A new folder that takes its place at the end, and vanishes after any failure.

    Raises:
        OutputFailed: the disk is full, or refuses.
    """
    fresh: Path | None = None
    try:
        fresh = Path(tempfile.mkdtemp(prefix=f".{place.name[:32]}-", dir=place.parent))
        yield fresh
        fresh.chmod(0o755)
        if place.exists():
            shutil.rmtree(place)
        fresh.replace(place)
    except OSError as error:
        raise OutputFailed(
            f"cannot write {place}: {error.strerror or error}; free some space or choose another folder"
        ) from error
    finally:
        if fresh is not None and fresh.exists():
            shutil.rmtree(fresh, ignore_errors=True)
