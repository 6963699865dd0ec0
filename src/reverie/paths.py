"""Paths as people write them, to read from and to write to; nothing here waits for torch."""

import importlib.util
import os
from collections.abc import Iterable
from pathlib import Path

from reverie.errors import InvalidSetting, OutputFailed, UnsuitableImage, nearest

LONGEST, LONGEST_NAME = 4095, 255  # bytes of a path and of each of its names, as most systems have it
PACKED = (".mp4", ".webm")  # films that PyAV writes
FILMS = (*PACKED, ".gif", ".webp")
FORMATS = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG", ".webp": "WEBP"}
SAMPLES = ("flower", "china")  # scikit-learn's two photographs, CC-BY, see docs/credits.md
ROOM = 40  # bytes that what is written beside a file adds to its name


def path_named(name: str | Path) -> Path:
    """The path that a name means, a home's `~` in it replaced.

    Raises:
        InvalidSetting: an empty name, one that no file can have, or the home of nobody.
    """
    text = str(name)
    if not text:
        raise InvalidSetting("an empty text names no file; write its path")
    try:
        path = Path(text).expanduser()
    except RuntimeError:
        raise InvalidSetting(f"'{text}' is in the home of nobody who is known here; write the whole path") from None
    raw = _encoded(str(path))
    if b"\0" in raw:
        raise InvalidSetting(f"'{text}' holds a null character, which no file's name can have; write another")
    longest = max((len(os.fsencode(part)) for part in path.parts), default=0)
    if len(raw) > LONGEST or longest > LONGEST_NAME:
        raise InvalidSetting(
            f"'{text[:40]}...' is too long for a path: {LONGEST_NAME} bytes are allowed for each name in it, "
            f"{LONGEST} in all"
        )
    return path


def _encoded(text: str) -> bytes:
    """A name as the system has it.

    Raises:
        InvalidSetting: it has characters that the system's names, or those of this locale, do not have.
    """
    try:
        return os.fsencode(text)
    except UnicodeEncodeError:
        raise InvalidSetting(f"'{text}' holds characters that no file's name can have here; write another") from None


def check_length(path: Path) -> None:
    """That there is room beside a file that will be written for what goes with it.

    Raises:
        InvalidSetting: its name is too long.
    """
    length = len(_encoded(path.name))
    if length > LONGEST_NAME - ROOM:
        raise InvalidSetting(
            f"the name '{path.name[:40]}...' takes {length} bytes, too long to write; {LONGEST_NAME - ROOM} are allowed"
        )


def shortened(stem: str) -> str:
    """A name for what is made of a file of this name, cut where it is too long."""
    return _encoded(stem)[: LONGEST_NAME - 2 * ROOM].decode(errors="ignore")


def sample(name: str) -> Path:
    """The file of one of scikit-learn's sample photos, `flower` or `china`."""
    stem = Path(name).stem
    if stem not in SAMPLES:
        raise UnsuitableImage(f"there is no sample photo '{name}'; there are 'sample:flower' and 'sample:china'")
    found = importlib.util.find_spec("sklearn")  # its place alone: importing it takes as long as torch
    if found is None or found.origin is None:
        raise UnsuitableImage("the sample photos come with scikit-learn; install it with 'pip install scikit-learn'")
    return Path(found.origin).parent / "datasets" / "images" / f"{stem}.jpg"


def photo_path(photo: str | Path) -> Path:
    """The file that a photo's name means; `sample:flower` and `sample:china` are scikit-learn's."""
    text = str(photo)
    return sample(text.removeprefix("sample:")) if text.startswith("sample:") else path_named(text)


def check_output(path: Path, endings: Iterable[str] = FORMATS) -> Path:
    """`path` if a file can be put there: a known ending, an existing folder with the right to write.

    Raises:
        OutputFailed: where it cannot.
    """
    known = list(endings)
    check_length(path)
    if not path.parent.is_dir():
        raise OutputFailed(f"cannot write {path}: there is no folder {path.parent}; make it first")
    if path.suffix.lower() not in known:
        close = nearest(path.suffix or known[0], known)
        folder = "" if path.suffix else f"; '{path.name}' is no folder to write into"
        raise OutputFailed(
            f"cannot write '{path.name}': its ending must be one of {', '.join(known)} (nearest {close}){folder}"
        )
    if path.is_dir():
        raise OutputFailed(f"cannot write {path}: it is a folder; name a file in it")
    if not os.access(path.parent, os.W_OK):
        raise OutputFailed(
            f"cannot write {path}: no right to write in {path.parent.resolve().name}; choose another folder"
        )
    return path


def check_free(path: Path, force: bool) -> None:
    """Refuses a place that is taken, unless it may be overwritten.

    Raises:
        OutputFailed: it is.
    """
    if path.exists() and not force:
        raise OutputFailed(f"{path} exists already; say --force to overwrite it, or name another with --output")


def made_folder(path: Path) -> bool:
    """Whether a place is a folder; one without an ending that is not there is made, where its parent is.

    Raises:
        OutputFailed: it cannot be made.
    """
    if not path.suffix and not path.exists() and path.parent.is_dir():
        try:
            path.mkdir()
        except OSError as error:
            raise OutputFailed(f"cannot make the folder {path} ({error.strerror}); name another one") from None
    return path.is_dir()
