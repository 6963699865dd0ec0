"""Names of the files that several pictures are written to."""

import re
from collections.abc import Sequence
from pathlib import Path

from reverie.errors import OutputFailed


def listed_files(written: Sequence[Path], rest: str = "files") -> str:
    """The files that were written: one or two by their names, of more how many lie where."""
    first, *others = written
    if not others:
        return str(first)
    if len(others) == 1 and others[0].parent == first.parent:
        return f"{first} and {others[0]}"
    where = "beside it" if others[0].parent == first.parent else f"in {first.with_suffix('')}"
    return f"{first} and {len(others)} {rest} {where}"


def pictures_beside(place: Path) -> list[Path]:
    """What may lie beside a picture."""
    return [place.with_suffix(suffix) for suffix in (".npz", ".npy", ".json")]


def sheet_folder(path: Path) -> Path:
    """The folder of a sheet's own pictures, which is made where it is not there.

    Raises:
        OutputFailed: it cannot be made.
    """
    folder = path.with_suffix("")
    try:
        folder.mkdir(exist_ok=True)
    except OSError as error:
        raise OutputFailed(
            f"cannot make the folder {folder} for the sheet's pictures ({error.strerror}); choose another name"
        ) from error
    return folder


def file_names(labels: Sequence[str]) -> list[str]:
    """A file name for each label, each once."""
    names: list[str] = []
    for label in labels:
        name = re.sub(r"[^\w.+@~-]+", "-", label).strip("-.")[:80] or "picture"
        while name in names:
            name += "_"
        names.append(name)
    return names
