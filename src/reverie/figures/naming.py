"""Names of the files that several pictures are written to."""

import re
from collections.abc import Sequence
from pathlib import Path

from reverie.errors import OutputFailed
from reverie.paths import FORMATS


def listed_files(written: Sequence[Path]) -> str:
    """The files that were written, by their names; of those in the folder of the first one's name how many."""
    folder = written[0].with_suffix("")
    names, within = ([path for path in written if (path.parent == folder) == inside] for inside in (False, True))
    told = [str(path) for path in (names if len(within) > 1 else written)]
    if len(within) > 1:
        kind = "pictures" if all(path.suffix.lower() in FORMATS for path in within) else "files"
        told.append(f"{len(within)} {kind} in {folder}")
    return " and ".join([*filter(None, [", ".join(told[:-1])]), told[-1]])


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
