"""Photos, masks and files that a record names: looked for, and checked by their bytes."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from reverie.errors import RecordRefused
from reverie.files import file_digest
from reverie.image import Photo, Pictures
from reverie.paths import photo_path
from reverie.recipes.stored import is_stored

Photos = Photo | Sequence[Photo] | None


def looked_up(value: Any, given: Photos, beside: Path | None, pictures: Pictures) -> Any:
    """An argument with the photos and files that it names, photos as pictures that other arguments may share."""
    if isinstance(value, list):
        return [looked_up(item, given, beside, pictures) for item in value]
    if not isinstance(value, dict):
        return value
    return _file(value, beside) if "file" in value else _photo(value, given, beside, pictures)


def _file(recorded: Mapping[str, Any], beside: Path | None) -> Path:
    """A file of numbers that the record names."""
    name = Path(str(recorded["file"])).name
    found = [path for path in (Path(name), (beside or Path()) / name) if path.is_file()]
    if not found:
        raise RecordRefused(f"the file {name} is not here; put it beside the picture")
    if file_digest(found[0]) != recorded.get("sha256"):
        raise RecordRefused(f"{name} is another file than the picture was made from; put the right one in its place")
    return found[0]


def _photo(recorded: Mapping[str, Any], given: Photos, beside: Path | None, pictures: Pictures) -> Photo:
    """The photo or mask that a record names, by its pixels; a stored response by its bytes."""
    kind = "mask" if "mask" in recorded and "photo" not in recorded else "photo"
    name = str(recorded.get(kind))
    place = Path(name).name if not name.startswith("sample:") else name
    several = given if isinstance(given, list | tuple) else [] if given is None else [given]
    choices: list[Any] = [*several, place]
    if beside is not None and place == Path(name).name:
        choices.append(beside / place)
    found = [item for item in choices if not isinstance(item, str | Path) or photo_path(item).is_file()]
    if not found:
        raise RecordRefused(f"the {kind} {place} is not here; name it with --photo FILE")
    for item in found:
        stored = kind == "photo" and is_stored(item)
        right = file_digest(item) if stored else pictures.of(item).plain(kind)["sha256"]
        if right == recorded.get("sha256"):
            return item if stored else pictures.of(item)
    raise RecordRefused(
        f"{place} is another {kind} than the picture was made from; name the right one with --photo FILE"
    )
