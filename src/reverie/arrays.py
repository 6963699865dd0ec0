"""Arrays in NumPy's files, a stranger's data: nothing unpickles, and what is damaged is a ValueError."""

import io
import math
import tokenize
import zipfile
import zlib
from pathlib import Path

import numpy as np
from numpy.lib import format as npy

LARGEST = 4_000_000_000  # bytes that a file's arrays may unpack to
DAMAGE = (OSError, EOFError, LookupError, TypeError, SyntaxError, OverflowError, MemoryError, RecursionError,
          NotImplementedError, RuntimeError, tokenize.TokenError, zipfile.BadZipFile, zlib.error)  # fmt: skip


def stored_array(path: Path) -> np.ndarray:
    """The array of a `.npy` file.

    Raises:
        FileNotFoundError: there is none.
        ValueError: it is none, of objects, or damaged.
    """
    content = path.read_bytes() if path.is_file() else None
    if content is None:
        raise FileNotFoundError(path)
    return _array(content)


def stored_arrays(content: bytes) -> dict[str, np.ndarray]:
    """The arrays of a `.npz` file's bytes, by their names.

    Raises:
        ValueError: they are none, of objects, damaged, or unpack to too much.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as file:
            if sum(item.file_size for item in file.infolist()) > LARGEST:
                raise ValueError("it unpacks to too much")
            return {item.filename.removesuffix(".npy"): _array(file.read(item)) for item in file.infolist()}
    except DAMAGE as error:
        raise ValueError(f"it is damaged: {type(error).__name__}") from None


def _array(content: bytes) -> np.ndarray:
    """What the bytes of a `.npy` file hold, as many as its head says."""
    file = io.BytesIO(content)
    try:
        version = npy.read_magic(file)
        shape, fortran, kind = (npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0)(file)
        if kind.hasobject or math.prod(shape) * kind.itemsize != len(content) - file.tell():
            raise ValueError("its head and its length do not agree")
        values = np.frombuffer(content, kind, offset=file.tell())
        return values.reshape(shape[::-1]).T if fortran else values.reshape(shape)
    except DAMAGE as error:
        raise ValueError(f"it is damaged: {type(error).__name__}") from None
