"""The process that decodes pictures: a stranger's files come no further than here."""

import contextlib
import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from PIL import ExifTags, Image

from reverie import memory
from reverie.errors import ReverieError, UnsuitableImage
from reverie.photo import UPRIGHT, opaque, opened, unpacked
from reverie.profiles import in_srgb
from reverie.studio.limits import PIXELS, SHOWN, THUMB
from reverie.studio.messages import Line

NAME = "the file"


def decode_pictures(line: Line) -> None:
    """Answers until nobody asks any more."""
    while (message := line.receive()) is not None:
        number = message.pop("number")
        try:
            line.send(number=number, answer=TASKS[message.pop("do")](**message))
        except ReverieError as error:
            line.send(number=number, error=str(error))
        except MemoryError:
            line.send(number=number, error="the memory was not enough for the picture; shrink it first")
        except OSError as error:
            line.send(number=number, error=f"the picture cannot be kept ({error.strerror or error}); free some space")


def taken(source: str, folder: str) -> dict[str, Any]:
    """Decodes an upload and writes it anew, upright and in sRGB, under the name of its pixels' hash."""
    picture = _plain(Path(source).read_bytes())
    found = hashlib.sha256(f"{picture.mode} {picture.size}".encode())
    found.update(np.asarray(picture).data)
    name = found.hexdigest()[:20]
    place = Path(folder) / f"{name}.png"
    if not place.exists():
        _written(place, lambda file: picture.save(file, "PNG", compress_level=3))
    return {"id": name, "width": picture.width, "height": picture.height}


def shown(source: str, stem: str) -> str:
    """Writes a picture for showing, JPEG or, with an opacity, WebP; where it is."""
    with opened(Path(source)) as picture:
        small = _reduced(picture, SHOWN)
        kind, ending = ("WEBP", ".webp") if small.mode == "RGBA" else ("JPEG", ".jpg")
        place = Path(f"{stem}{ending}")
        _written(place, lambda file: small.save(file, kind, quality=90))
    return str(place)


def thumb(source: str, place: str) -> str:
    """Writes a small WebP of a picture; where it is."""
    with opened(Path(source)) as picture:
        small = _reduced(picture, THUMB)
        _written(Path(place), lambda file: small.save(file, "WEBP", quality=82))
    return place


def _reduced(picture: Image.Image, side: int) -> Image.Image:
    _check(picture)
    picture.draft(None, (2 * side, 2 * side))
    found = in_srgb(picture)
    found.thumbnail((side, side), reducing_gap=2.0)
    return found


def _plain(content: bytes) -> Image.Image:
    """Its pixels alone, RGB or RGBA."""
    with opened(content, NAME) as picture:
        _check(picture)
        if picture.has_transparency_data:
            turn = UPRIGHT.get(picture.getexif().get(ExifTags.Base.Orientation, 1))
            found = in_srgb(picture)
            return _bare(found if turn is None else found.transpose(turn))
        pixels = unpacked(picture, NAME)
    if pixels.dtype != np.uint8:
        pixels = (np.clip(pixels, 0, 1) * 255 + 0.5).astype(np.uint8)
    return opaque(Image.fromarray(pixels))


def _bare(picture: Image.Image) -> Image.Image:
    """Without what came with the pixels."""
    return Image.fromarray(np.asarray(picture))


def _check(picture: Image.Image) -> None:
    """Refuses what would unpack to more than is allowed, before it does."""
    if picture.width * picture.height > PIXELS:
        raise UnsuitableImage(
            f"the picture has {picture.width}x{picture.height} pixels; at most {PIXELS // 10**6} million are taken: "
            "shrink it first"
        )
    memory.require(12 * picture.width * picture.height, "the picture", "shrink it first")


def _written(place: Path, write: Callable[[Path], object]) -> None:
    """Writes a file whole or not at all."""
    partial = place.with_name(f".{place.name}.part")
    try:
        write(partial)
        partial.replace(place)
    finally:
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)


TASKS: Mapping[str, Callable[..., Any]] = {"taken": taken, "shown": shown, "thumb": thumb}
