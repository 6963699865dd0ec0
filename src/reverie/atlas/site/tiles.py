"""Tiles: small pictures of one side, packed row by row into files that a page loads whole."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, features

from reverie.atlas.atlas_file import shown
from reverie.errors import AtlasRefused, InvalidSetting

KINDS = {"webp": {"method": 4}, "avif": {"speed": 6}}  # how each is written; by its ending
QUALITIES = {"webp": 70, "avif": 50}  # unless one is asked for
LARGE, PATCH = 128, 64  # sides of the largest chief pictures and of patches, in pixels
COARSE = 3  # times from which on an enlarged patch shows its pixels


@dataclass(frozen=True)
class Encoding:
    """How files of tiles are written: `webp` or `avif`, and how well, 1 to 100."""

    kind: str
    quality: int

    def write(self, pixels: np.ndarray, path: Path) -> Path:
        """A file of pixels uint8 [H,W,4], with the ending of its kind."""
        target = path.with_name(f"{path.name}.{self.kind}")
        opaque = bool((pixels[..., 3] == 255).all())
        picture = Image.fromarray(pixels[..., :3] if opaque else pixels)
        picture.save(target, self.kind.upper(), quality=self.quality, **KINDS[self.kind])
        return target


def encoding(kind: str, quality: int | None = None) -> Encoding:
    """How files are written.

    Args:
        quality: 1 to 100; the kind's own unless given.

    Raises:
        InvalidSetting: this Pillow cannot write the kind.
    """
    if not features.check(kind):
        raise InvalidSetting(f"this Pillow writes no {kind}; take --format webp, or install pillow>=11.3")
    return Encoding(kind, QUALITIES[kind] if quality is None else quality)


def decoded(file: bytes, name: str) -> Image.Image:
    """A picture file's bytes as a picture.

    Raises:
        AtlasRefused: no picture, or a huge one: an atlas may be a stranger's.
    """
    return shown(file, AtlasRefused(f"a picture of {name} is damaged; build the atlas anew"))


def tile(whole: Image.Image, side: int, *, real: bool = False) -> np.ndarray:
    """A picture as a tile uint8 [side,side,4]; beside what is not square it is transparent.

    Args:
        real: a part of a photo, which shows its pixels where it is much enlarged.
    """
    longest = max(whole.size)
    width, height = (max(1, round(side * length / longest)) for length in whole.size)
    coarse = real and longest * COARSE < side
    shown = whole.resize((width, height), Image.Resampling.NEAREST if coarse else Image.Resampling.LANCZOS)
    ground = np.zeros((side, side, 4), np.uint8)
    top, left = (side - height) // 2, (side - width) // 2
    ground[top : top + height, left : left + width] = np.asarray(shown.convert("RGBA"))
    return ground


class TileSheets:
    """Takes tiles as they come, and writes a file `stem-0`, `stem-1` ... whenever one is full.

    Args:
        stem: where the files go, and how their names begin.
        across, rows: tiles of a file.
    """

    def __init__(self, stem: Path, side: int, across: int, rows: int, encoding: Encoding) -> None:
        self.stem, self.side, self.across, self.rows, self.encoding = stem, side, across, rows, encoding
        self.count = 0
        self._page = self._blank(rows)

    def add(self, tiles: Sequence[np.ndarray | None]) -> None:
        """The next tiles uint8 [side,side,4]; None leaves a place blank."""
        for one in tiles:
            place = self.count % (self.across * self.rows)
            if one is not None:
                top, left = place // self.across * self.side, place % self.across * self.side
                self._page[top : top + self.side, left : left + self.side] = one
            self.count += 1
            if place + 1 == self.across * self.rows:
                self._write(self.rows)

    def close(self) -> None:
        """Writes what is left."""
        left = self.count % (self.across * self.rows)
        if left:
            self._write(-(-left // self.across))

    def _write(self, rows: int) -> None:
        number = (self.count - 1) // (self.across * self.rows)
        self.encoding.write(self._page[: rows * self.side], self.stem.with_name(f"{self.stem.name}-{number}"))
        self._page = self._blank(self.rows)

    def _blank(self, rows: int) -> np.ndarray:
        return np.zeros((rows * self.side, self.across * self.side, 4), np.uint8)
