"""Files that appear whole or not at all, pictures with their records among them."""

import contextlib
import hashlib
import os
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO

from PIL import Image, PngImagePlugin

from reverie.errors import OutputFailed, UnsuitableImage
from reverie.paths import FORMATS, check_output, path_named
from reverie.photo import check_regular, opaque, opened, reading
from reverie.profiles import srgb
from reverie.record import RECORD_KEY

LARGEST_RECORD = 1_000_000  # bytes beside a picture


def file_digest(path: str | Path) -> str:
    """SHA-256 of a file's bytes."""
    place = path_named(path)
    with reading(place):
        check_regular(place)
        with place.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()


def save(picture: Image.Image, path: Path, text: str | None = None) -> list[Path]:
    """Writes PNG, JPEG or WebP by the ending, tagged as sRGB; `text` goes into a PNG, else into `<name>.json`.

    Returns:
        What was written, the picture first.

    Raises:
        OutputFailed: an ending that is not known, no such folder, no right to write, no space.
    """
    kind = FORMATS[check_output(path).suffix.lower()]
    picture = opaque(picture) if kind == "JPEG" and picture.has_transparency_data else picture
    beside = [] if kind == "PNG" or text is None else [path.with_suffix(".json")]
    with together(beside), replacing(path) as file:
        if kind == "PNG":
            extra = PngImagePlugin.PngInfo()
            extra.add(b"sRGB", b"\0")
            if text is not None:
                extra.add_itxt(RECORD_KEY, text, zip=True)
            picture.save(file, kind, pnginfo=extra, compress_level=6)
        else:
            picture.save(file, kind, quality=94, icc_profile=srgb())
            file.flush()
            for record in beside:  # the picture is safe by now, and takes its place only after its record
                write_whole(record, str(text).encode())
    return [path, *beside]


def write_whole(path: Path, content: bytes) -> None:
    """Writes a small file whole or not at all."""
    with replacing(path) as file:
        file.write(content)


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[IO[bytes]]:
    """A temporary file beside `path` that takes its place at the end, and vanishes after any failure.

    Raises:
        OutputFailed: the disk is full, or refuses.
    """
    temporary: Path | None = None
    try:
        handle, name = tempfile.mkstemp(prefix=f".{path.stem[:32]}-", suffix=path.suffix, dir=path.parent)
        temporary = Path(name)
        with os.fdopen(handle, "wb") as file:
            yield file
        temporary.chmod(0o666 & ~_umask())
        temporary.replace(path)
    except OSError as error:
        raise OutputFailed(
            f"cannot write {path}: {error.strerror or error}; free some space or choose another folder"
        ) from error
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)


@contextlib.contextmanager
def together(paths: Iterable[Path]) -> Iterator[None]:
    """Files that are written all or not at all: after a failure those that were not there before vanish again."""
    fresh = [path for path in paths if not path.exists()]
    try:
        yield
    except BaseException:
        for path in fresh:
            path.unlink(missing_ok=True)
        raise


def record_text(path: Path) -> str | None:
    """The text of the record inside a PNG, or beside a JPEG or WebP; None where there is none."""
    beside = path.with_suffix(".json") if path.name else path
    with opened(path) as picture:
        text = getattr(picture, "text", {}).get(RECORD_KEY) if picture.format == "PNG" else None
    if text is None and beside.is_file() and path.suffix.lower() != ".png":
        if beside.stat().st_size > LARGEST_RECORD:
            raise UnsuitableImage(f"{beside} is too large for a record; only those that reverie wrote can be repeated")
        return beside.read_text(encoding="utf-8", errors="replace")
    return None if text is None else str(text)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
