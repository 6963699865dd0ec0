"""Sprites: thousands of thumbnails in a few picture files, as a page and a large picture take them."""

import io
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from PIL import Image

from reverie.errors import RecordRefused

SIDE = 2048  # pixels of a file of sprites
QUALITY = 92  # of their WebP
LARGEST = 42_000_000  # pixels of all thumbnails together: 10,000 of 64x64
STEP = 8  # thumbnails' sides are multiples of it, so that a page may halve them without mixing neighbours


def thumbnail_side(count: int, wanted: int) -> int:
    """The side of so many thumbnails: the one wanted, or as much less as keeps all of them within LARGEST."""
    return max(STEP, int(min(wanted, math.sqrt(LARGEST / count))) // STEP * STEP)


@dataclass(frozen=True, eq=False)
class Sprites:
    """Thumbnails of one side, row by row in WebP files.

    Attributes:
        side: of each, pixels.
        files: WebP, each of at most `columns` thumbnails a row.
        counts: thumbnails in each file.
    """

    side: int
    files: tuple[bytes, ...] = field(default=(), repr=False)
    counts: tuple[int, ...] = ()

    def __len__(self) -> int:
        return sum(self.counts)

    @property
    def columns(self) -> int:
        """Thumbnails in a row of a file."""
        return max(1, SIDE // self.side)

    def adding(self, thumbnails: Sequence[np.ndarray]) -> "Sprites":
        """The sprites with one more file, of at most `columns` squared thumbnails uint8 [side,side,3]."""
        rows = -(-len(thumbnails) // self.columns)
        page = np.zeros((rows * self.side, min(len(thumbnails), self.columns) * self.side, 3), np.uint8)
        for index, thumbnail in enumerate(thumbnails):
            page[self._box(index)] = thumbnail
        buffer = io.BytesIO()
        Image.fromarray(page).save(buffer, "WEBP", quality=QUALITY, method=4)
        return replace(self, files=(*self.files, buffer.getvalue()), counts=(*self.counts, len(thumbnails)))

    def thumbnails(self) -> Iterator[np.ndarray]:
        """All of them, uint8 [side,side,3], a file's at a time in memory.

        Raises:
            RecordRefused: a file that is no picture of its thumbnails: files of sprites come from strangers too.
        """
        for file, count in zip(self.files, self.counts, strict=True):
            page = self._opened(file, count)
            for index in range(count):
                yield page[self._box(index)]

    def shrunk(self, side: int) -> "Sprites":
        """The same thumbnails of a smaller side."""
        if side >= self.side:
            return self
        sheets = SpriteSheets(Sprites(side))
        for thumbnail in self.thumbnails():
            small = Image.fromarray(thumbnail).resize((side, side), Image.Resampling.LANCZOS)
            sheets.add(np.asarray(small))
        return sheets.sprites

    def _opened(self, file: bytes, count: int) -> np.ndarray:
        size = min(count, self.columns) * self.side, -(-count // self.columns) * self.side
        try:
            with Image.open(io.BytesIO(file), formats=["WEBP"]) as picture:
                if picture.size != size:
                    raise ValueError
                return np.asarray(picture.convert("RGB"))
        except (OSError, ValueError, SyntaxError, EOFError, Image.DecompressionBombError):
            raise RecordRefused("the map's thumbnails are damaged; make the map anew") from None

    def _box(self, index: int) -> tuple[slice, slice]:
        top, left = index // self.columns * self.side, index % self.columns * self.side
        return slice(top, top + self.side), slice(left, left + self.side)


class SpriteSheets:
    """Takes thumbnails as they come, and packs a file as soon as it is full."""

    def __init__(self, start: Sprites) -> None:
        self._packed, self._loose = start, list[np.ndarray]()

    def add(self, thumbnail: np.ndarray) -> None:
        """One thumbnail uint8 [side,side,3]."""
        self._loose.append(thumbnail)
        if len(self._loose) == self._packed.columns**2:
            self._packed, self._loose = self._packed.adding(self._loose), []

    @property
    def sprites(self) -> Sprites:
        """All that were added, packed."""
        return self._packed.adding(self._loose) if self._loose else self._packed
