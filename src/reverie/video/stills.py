"""Pictures that are footage: a folder of numbered frames, or an animation that Pillow reads."""

import hashlib
import re
from collections.abc import Iterator
from itertools import accumulate
from pathlib import Path

from PIL import Image
from torch import Tensor

from reverie.errors import UnsuitableImage
from reverie.files import file_digest
from reverie.image import photos_in, read
from reverie.photo import opened
from reverie.video.pacing import USUAL, Pace, pace

ANIMATED = (".gif", ".webp", ".png", ".apng", ".avif")
UNSAID = 0.1  # seconds that browsers show a frame whose duration is none to speak of


class Numbered:
    """A folder's pictures in natural order: 9 before 10.

    Attributes:
        rate, count, first: as of `Footage`.

    Raises:
        UnsuitableImage: there is none, or one that cannot be read.
    """

    def __init__(self, folder: Path, rate: float | None = None) -> None:
        self.folder, self.rate = folder, rate or USUAL
        self.names = sorted(photos_in(str(folder)), key=natural)
        self.count, self.first = len(self.names), read(self.names[0])

    @property
    def described(self) -> dict[str, str]:
        """The folder's name, and a hash of the names and files in it."""
        found = hashlib.sha256()
        for name in self.names:
            found.update(f"{Path(name).name} {file_digest(name)}\n".encode("utf-8", "surrogateescape"))
        return {"film": self.folder.resolve().name, "sha256": found.hexdigest()}

    def pictures(self) -> Iterator[Tensor]:
        """[1,3,H,W] in [0,1], one at a time.

        Raises:
            UnsuitableImage: one that cannot be read, or is of another size than the first.
        """
        for name in self.names:
            image = read(name)
            if image.shape != self.first.shape:
                sizes = [f"{each.shape[-1]}x{each.shape[-2]}" for each in (image, self.first)]
                raise UnsuitableImage(f"{name} is {sizes[0]} and the first frame {sizes[1]}; bring all to one size")
            yield image


class Animation:
    """An animated GIF, WebP, PNG or AVIF, each of its pictures held for its time.

    Attributes:
        rate, count, first: as of `Footage`.

    Raises:
        UnsuitableImage: a file that cannot be read.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        lasting = [seconds for seconds, _ in self._frames()]
        begun = list(accumulate(lasting, initial=0.0))
        self.pace: Pace = pace(begun[:-1], begun[-1])
        self.rate, self.count, self.first = self.pace.rate, self.pace.count, next(self.pictures())

    @property
    def described(self) -> dict[str, str]:
        """Its name and the SHA-256 of its file."""
        return {"film": self.path.name, "sha256": file_digest(self.path)}

    def pictures(self) -> Iterator[Tensor]:
        """[1,3,H,W] in [0,1] at a constant rate, one at a time, transparent parts before white."""
        return self.pace.shown(self._begun())

    def _begun(self) -> Iterator[tuple[float, Tensor]]:
        begun = 0.0
        for seconds, picture in self._frames():
            yield begun, read(picture)
            begun += seconds

    def _frames(self) -> Iterator[tuple[float, Image.Image]]:
        """Each frame with the seconds that it is held."""
        with opened(self.path) as picture:
            for number in range(getattr(picture, "n_frames", 1)):
                picture.seek(number)
                picture.load()
                milliseconds = float(picture.info.get("duration") or 0)
                yield (milliseconds / 1000 if milliseconds > 10 else UNSAID), picture


def animated(path: Path) -> bool:
    """Whether a file holds several pictures that Pillow shows one after the other."""
    if path.suffix.lower() not in ANIMATED or not path.is_file():
        return False
    with opened(path) as picture:
        return bool(getattr(picture, "is_animated", False))


def natural(name: str) -> list[tuple[int, int, str]]:
    """What to sort by such that numbers count as numbers."""
    parts = re.split(r"(\d+)", Path(name).name)
    return [(1, int(part), "") if part.isdecimal() else (0, 0, part.casefold()) for part in parts if part]
