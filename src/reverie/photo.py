"""Photo files: a stranger's data, decoded within the memory, upright, in sRGB, and one sentence for each bad one."""

import contextlib
import errno
import hashlib
import io
import os
import threading
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import ExifTags, Image, ImageOps, UnidentifiedImageError

from reverie import memory
from reverie.errors import OutOfMemory, ReverieError, UnsuitableImage
from reverie.paths import photo_path
from reverie.profiles import grey_curve, in_srgb

SPARE = 2  # a picture that is reduced as it is decoded stays so many times larger than is wanted
BAND = 2**18  # bytes of a few rows
WHITES = {"8 bits": 255.0, "16 bits": 65535.0}
UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180, 4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_270, 7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}  # fmt: skip
_OPENING = threading.Lock()


def photos_in(name: str) -> list[str]:
    """The photos that an argument names: itself, or all pictures of a folder in the order of their names.

    Raises:
        UnsuitableImage: a folder without a picture.
    """
    path = photo_path(name)
    if not path.is_dir():
        return [name]
    known = {ending for ending, kind in Image.registered_extensions().items() if kind in Image.OPEN}
    found = sorted(str(item) for item in path.iterdir() if item.is_file() and item.suffix.lower() in known)
    if not found:
        raise UnsuitableImage(
            f"the folder {path} holds no photo; allowed are JPEG, PNG, WebP and what else Pillow reads"
        )
    return found


@contextlib.contextmanager
def opened(file: Path | bytes, name: str | None = None) -> Iterator[Image.Image]:
    """A picture file, or the bytes of one, whose pixels are not unpacked yet.

    Args:
        name: how messages call it.

    Raises:
        UnsuitableImage: no such file, not a picture, or, where its pixels are asked for, cut off or damaged.
    """
    place = Path(name or "the picture") if isinstance(file, bytes) else file
    with reading(place):
        if isinstance(file, Path):
            check_regular(file)
        with _unlimited():
            picture = Image.open(io.BytesIO(file) if isinstance(file, bytes) else file)
        with picture:
            if picture.format == "EPS":  # Pillow would have another program run it
                raise UnidentifiedImageError
            yield picture


def check_regular(path: Path) -> None:
    """Refuses a named pipe or a device, for whose end one could wait for ever.

    Raises:
        UnsuitableImage: it is one.
    """
    if path.exists() and not path.is_file() and not path.is_dir():
        raise UnsuitableImage(f"{path} is a pipe or a device; save the picture as a file first")


@contextlib.contextmanager
def _unlimited() -> Iterator[None]:
    """Opens pictures of any size: what decides is the memory, which `unpacked` asks."""
    with _OPENING:
        kept, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
        try:
            yield
        finally:
            Image.MAX_IMAGE_PIXELS = kept


def loaded(picture: Image.Image) -> None:
    """Decodes a picture that is open; of what is wrong with it nobody but us speaks."""
    with _hushed() if picture.format == "TIFF" else contextlib.nullcontext():
        picture.load()


@contextlib.contextmanager
def _hushed() -> Iterator[None]:
    """Keeps libtiff's own lines off the standard error: what is wrong is told once, by us."""
    with _OPENING, contextlib.ExitStack() as kept:
        try:
            error, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
        except OSError:  # no standard error, or no descriptor left
            yield
            return
        for number in (error, nowhere):
            kept.callback(os.close, number)
        kept.callback(os.dup2, error, 2)
        os.dup2(nowhere, 2)
        yield


def unpacked(picture: Image.Image, name: str, enough: int | None = None) -> np.ndarray:
    """The pixels of a picture as `decoded` gives it: uint8 [H,W,3] or, of 16 bits and floats, float32 [H,W] in [0,1].

    Args:
        enough: pixels along the short side of which no more than twice as many are needed: a larger picture may come
            reduced, a JPEG while it is decoded.
    """
    return array(decoded(picture, name, enough))


def decoded(picture: Image.Image, name: str, enough: int | None = None, *, floats: bool = True) -> Image.Image:
    """A picture upright and in sRGB, RGB or, of 16 bits and floats, F in [0,1].

    Args:
        name: how messages call it.
        enough: as `unpacked`.
        floats: whether floats [3,H,W] will be made of all that comes.

    Raises:
        UnsuitableImage: floats whose white nobody says.
        OutOfMemory: it does not fit.
    """
    if enough is not None:
        picture.draft(None, (SPARE * enough, SPARE * enough))  # Pillow keeps both sides at least as long
    _check_room(picture, name, enough, floats=floats)
    loaded(picture)
    turn = UPRIGHT.get(picture.getexif().get(ExifTags.Base.Orientation, 1))
    if picture.mode.startswith("I") or picture.mode == "F":
        values = _deep(picture if turn is None else picture.transpose(turn), name)
        curve = grey_curve(picture.info.get("icc_profile") or None)
        return Image.fromarray(np.asarray(np.interp(values, np.linspace(0, 1, len(curve)), curve), np.float32))
    found = reduced(opaque(picture), enough)
    return found if turn is None else found.transpose(turn)


def reduced(picture: Image.Image, enough: int | None) -> Image.Image:
    """A picture of no more than about twice as many pixels along the short side as are wanted, by whole factors."""
    factor = _factor(picture, enough)
    return picture.reduce(factor) if factor > 1 else picture


def array(picture: Image.Image) -> np.ndarray:
    """The pixels of a picture that `decoded` gave."""
    if picture.mode == "F":
        return np.asarray(picture)
    found, top = np.empty((picture.height, picture.width, 3), np.uint8), 0
    for band in _bands(picture):
        found[top : top + band.height] = np.asarray(band)
        top += band.height
    return found


def hashed(picture: Image.Image) -> str:
    """SHA-256 of the size and the pixels of a picture of 8 bits."""
    found = hashlib.sha256(str((picture.height, picture.width, len(picture.getbands()))).encode())
    for band in _bands(picture):
        found.update(band.tobytes())
    return found.hexdigest()


def _bands(picture: Image.Image) -> Iterator[Image.Image]:
    """Rows that stay in the processor's cache: to copy a picture all at once takes thrice as long."""
    rows = max(1, BAND // (3 * picture.width))
    for top in range(0, picture.height, rows):
        yield picture.crop((0, top, picture.width, min(top + rows, picture.height)))


def opaque(picture: Image.Image) -> Image.Image:
    """RGB in sRGB, transparent parts before white."""
    found = in_srgb(picture)
    if found.mode == "RGB":
        return found
    return Image.alpha_composite(Image.new("RGBA", found.size, "white"), found).convert("RGB")


def opacity(picture: Image.Image) -> np.ndarray | None:
    """The opacity uint8 [H,W] of a picture that may be transparent, upright; None of another one."""
    if not picture.has_transparency_data:
        return None
    return np.asarray(ImageOps.exif_transpose(picture).convert("RGBA").getchannel("A"))


def _factor(picture: Image.Image, enough: int | None) -> int:
    return 1 if enough is None else max(1, min(picture.size) // (SPARE * enough))


def _check_room(picture: Image.Image, name: str, enough: int | None, *, floats: bool) -> None:
    """Counts the bytes of the decoded picture and of its RGB, 4 a pixel, and of the floats [3,H,W] made of it."""
    pixels = picture.width * picture.height
    made = 15 * pixels // _factor(picture, enough) ** 2 if floats else 0
    remedy = "shrink it first" if enough is None else "shrink it first, or ask for a smaller picture"
    memory.require(8 * pixels + made, f"{name}, unpacked to {pixels / 1e6:.0f} million pixels,", remedy)


def _deep(picture: Image.Image, name: str) -> np.ndarray:
    """Greys of more than 8 bits, float32 [H,W] in [0,1].

    Whole numbers are of 8 bits where none is over 255, unless the file says 16, else of 16. Of floats 1 is white, and
    what is brighter is cut off, unless most of the picture is.
    """
    values = np.asarray(picture, dtype=np.float32)
    top = float(values.max(initial=0))
    if ";16" in picture.mode:
        white = WHITES["16 bits"]
    elif picture.mode == "F" and (top <= 1 or not np.array_equal(values, np.round(values))):
        white = 1.0
    else:
        white = next((white for white in WHITES.values() if top <= white), 0.0)
    if not np.isfinite(values).all() or not white or np.median(values) > white:
        raise UnsuitableImage(
            f"{name} holds numbers from {float(values.min()):g} to {top:g}, and nobody says which is white; "
            "save it with floats in [0,1], or as 8 or 16 bits"
        )
    return np.asarray(np.clip(values / white, 0, 1))


@contextlib.contextmanager
def reading(path: Path) -> Iterator[None]:
    """Turns all that Pillow raises on a bad file into one sentence."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # damaged metadata is no reason to refuse good pixels
            yield
    except FileNotFoundError:
        raise UnsuitableImage(
            f"there is no file {path}; name a photo, a folder of photos, or 'sample:flower'"
        ) from None
    except UnidentifiedImageError:
        raise UnsuitableImage(f"{path} is not a picture that can be read; save it as JPEG or PNG first") from None
    except IsADirectoryError:
        raise UnsuitableImage(f"{path} is a folder; name a photo in it") from None
    except PermissionError:
        raise UnsuitableImage(f"{path} may not be read; give yourself the right to, or copy it") from None
    except ReverieError:
        raise
    except MemoryError:
        raise OutOfMemory(f"the memory was not enough for {path}; shrink it first") from None
    except Exception as error:  # of a stranger's file a decoder may raise what it likes
        if isinstance(error, OSError) and error.errno in (errno.EMFILE, errno.ENFILE):
            raise  # the photo is good
        cut = "truncated" in str(error)
        what = "cut off before its end; fetch it again" if cut else f"damaged ({error}); save it anew as JPEG or PNG"
        raise UnsuitableImage(f"{path} is {what}") from None
