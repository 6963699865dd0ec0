"""Photos, masks and files that a record names: looked for, and checked by their bytes."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from reverie.errors import RecordRefused
from reverie.files import file_digest
from reverie.image import Photo, digest, mask_digest
from reverie.paths import photo_path

Photos = Photo | Sequence[Photo] | None


def _photo_digest(photo: Photo) -> str:
    """The hash of a photo's pixels, or of the bytes of a stored vector's file."""
    if isinstance(photo, str | Path) and str(photo).endswith(".npy"):
        return file_digest(photo)
    return digest(photo)


DIGESTS: Mapping[str, Callable[[Photo], str]] = {"photo": _photo_digest, "mask": mask_digest}


def looked_up(value: Any, given: Photos, beside: Path | None) -> Any:
    """An argument with the photos and files that it names."""
    if isinstance(value, list):
        return [looked_up(item, given, beside) for item in value]
    if not isinstance(value, dict):
        return value
    return _file(value, beside) if "file" in value else _photo(value, given, beside)


def _file(recorded: Mapping[str, Any], beside: Path | None) -> Path:
    """A file of numbers that the record names."""
    name = Path(str(recorded["file"])).name
    found = [path for path in (Path(name), (beside or Path()) / name) if path.is_file()]
    if not found:
        raise RecordRefused(f"the file {name} is not here; put it beside the picture")
    if file_digest(found[0]) != recorded.get("sha256"):
        raise RecordRefused(f"{name} is another file than the picture was made from; put the right one in its place")
    return found[0]


def _photo(recorded: Mapping[str, Any], given: Photos, beside: Path | None) -> Photo:
    """The photo or mask that a record names, by its pixels."""
    kind = next((key for key in DIGESTS if key in recorded), "photo")
    name = str(recorded.get(kind))
    place = Path(name).name if not name.startswith("sample:") else name
    several = given if isinstance(given, list | tuple) else [] if given is None else [given]
    choices: list[Any] = [*several, place]
    if beside is not None and place == Path(name).name:
        choices.append(beside / place)
    found = [item for item in choices if not isinstance(item, str | Path) or photo_path(item).is_file()]
    if not found:
        raise RecordRefused(f"the {kind} {place} is not here; name it with --photo FILE")
    right: Photo | None = next((item for item in found if DIGESTS[kind](item) == recorded.get("sha256")), None)
    if right is None:
        raise RecordRefused(
            f"{place} is another {kind} than the picture was made from; name the right one with --photo FILE"
        )
    return right
