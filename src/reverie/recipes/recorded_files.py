"""Photos, masks and files that a record names: looked for, and checked by their bytes."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from reverie.errors import RecordRefused
from reverie.files import file_digest
from reverie.image import Photo, Pictures, in_channels, read_at, read_mask, resize
from reverie.paths import photo_path
from reverie.recipes.stored import is_stored
from reverie.synthesis.storage import exact_digest

Photos = Photo | Sequence[Photo] | None


def looked_up(value: Any, given: Photos, beside: Path | None, pictures: Pictures) -> Any:
    """An argument with the photos and files that it names, photos as pictures that other arguments may share."""
    if isinstance(value, list):
        return [looked_up(item, given, beside, pictures) for item in value]
    if not isinstance(value, dict):
        return value
    return _file(value, beside) if "file" in value else _photo(value, given, beside, pictures)


def pictures_of(shape: Sequence[int], hashes: Sequence[str], given: Photos) -> Tensor:
    """The pictures [N,C,H,W] that a recipe built by hand held, each found among those given by its very numbers.

    Raises:
        RecordRefused: one is not among them.
    """
    several: list[Any] = list(given) if isinstance(given, list | tuple) else [] if given is None else [given]
    _, channels, *size = shape
    found = {exact_digest(item): item for photo in several for item in _forms(photo, channels, (size[0], size[1]))}
    if len(hashes) != shape[0] or not all(isinstance(item, str) and item in found for item in hashes):
        what = "what is given is another photo" if several else "the record holds no photo but its hash"
        raise RecordRefused(f"{what}; name the one of {size[1]}x{size[0]} that the Recipe held with --photo FILE")
    return torch.stack([found[item] for item in hashes])


def _forms(photo: Photo, channels: int, size: tuple[int, int]) -> Iterator[Tensor]:
    """A photo [C,H,W] as a recipe may hold it: as it is, or read at this size, also as a mask."""
    if isinstance(photo, Tensor) and photo.ndim == 4 and photo.dtype == torch.float32:
        yield from photo
        return
    yield in_channels(read_at(photo, size), channels)[0]
    if channels == 1:
        yield resize(read_mask(photo), size).clamp(0, 1)[0]


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
