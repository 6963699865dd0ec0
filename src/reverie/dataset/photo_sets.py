"""Sets of photos: a folder, tar shards read in memory, or a text file of paths."""

import hashlib
import os
import tarfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import torch
from PIL import Image
from torch import Tensor

from reverie.errors import UnsuitableImage
from reverie.files import file_digest
from reverie.image import Size, decode, read, resize
from reverie.paths import path_named, photo_path
from reverie.settings.calling import names_checked

LARGEST_FILE = 500_000_000  # bytes of a tar's member
FRAMING = "short side, centre"  # how `framed` brings a photo to a size; a scan remembers it


@dataclass(frozen=True)
class Member:
    """A photo inside a tar file: its bytes lie there unpacked, from `start` on."""

    archive: Path
    start: int
    length: int


@dataclass(frozen=True)
class PhotoSet:
    """Photos that are read one by one, in an order that stays.

    Attributes:
        place: the folder, tar file or text file that they come from.
        names: of each photo below its place, with `/` between the parts; each is there once.
    """

    place: Path
    names: tuple[str, ...]
    sources: tuple[Path | Member, ...]

    def __repr__(self) -> str:
        """Short: where they are, and how many."""
        return f"<PhotoSet {self.place}: {len(self)} photos>"

    def __len__(self) -> int:
        return len(self.names)

    def read(self, index: int, enough: int | None = None) -> Tensor:
        """A photo, RGB [3,H,W] in [0,1], which may come reduced where it is far larger than `enough`, see `image.read`.

        Raises:
            UnsuitableImage: it cannot be read any more, or is no picture.
        """
        source = self.sources[index]
        if isinstance(source, Path):
            return read(source, enough)[0]
        return decode(_content(source, self.names[index]), self.names[index], enough)[0]

    def framed(self, index: int, size: Size) -> Tensor:
        """A photo as a network of this native size is shown it, [3,*size] in steps of 1/255; see `framed`.

        Raises:
            UnsuitableImage: as `read`.
        """
        return framed(self.read(index, max(size)), size).float() / 255

    def stamp(self, index: int) -> tuple[int, int] | None:
        """A photo's size in bytes and when it was last written, in nanoseconds; None where it is gone."""
        source = self.sources[index]
        try:
            found = (source if isinstance(source, Path) else source.archive).stat()
        except OSError:
            return None
        return (found.st_size if isinstance(source, Path) else source.length), found.st_mtime_ns

    def digest(self, index: int) -> str:
        """SHA-256 of a photo's file.

        Raises:
            UnsuitableImage: it cannot be read any more.
        """
        source = self.sources[index]
        if isinstance(source, Path):
            return file_digest(source)
        return hashlib.sha256(_content(source, self.names[index])).hexdigest()

    def named(self, names: Sequence[str]) -> "PhotoSet":
        """The photos of these names, in this order; those that are not there cannot be read."""
        known = dict(zip(self.names, self.sources, strict=True))
        return PhotoSet(self.place, tuple(names), tuple(known.get(name, self.place / name) for name in names))

    def kind(self, index: int) -> str | None:
        """A photo's class: the folder that holds it, below the set's place; None without such a folder.

        A folder `images` stands for the one above it, as in Tiny ImageNet's `train/n01443537/images`.
        """
        parent = PurePosixPath(self.names[index]).parent
        if parent.name == "images" and parent.parent.name:
            parent = parent.parent
        return parent.name if parent.name and not parent.name.endswith(".tar") else None

    @property
    def sha256(self) -> str:
        """A hash of all names in their order."""
        return hashlib.sha256("\n".join(self.names).encode()).hexdigest()


@names_checked
def photo_set(place: str | Path) -> PhotoSet:
    """The photos of a folder and all folders below it, of a tar file, or of a text file that names one path a line.

    Tar files inside a folder are shards of it: their members are read in memory and never unpacked. Hidden files are
    passed over. Paths in a text file are taken from the text file's folder. Folders are sorted by name, tar and text
    files keep their own order.

    Raises:
        UnsuitableImage: there is nothing at this place, no photo in it, or a tar file that cannot be read.
    """
    path = photo_path(place)
    if path.is_dir():
        found = list(_in_folder(path))
    elif not path.is_file():
        raise UnsuitableImage(
            f"there is no folder {path}; name a folder of photos, a .tar file or a .txt file of paths"
        )
    elif path.suffix.lower() == ".tar":
        found = list(_in_tar(path, ""))
    elif path.suffix.lower() == ".txt":
        found = list(_in_list(path))
    else:
        raise UnsuitableImage(f"{path} is no set of photos; name a folder, a .tar file or a .txt file of paths")
    unique: dict[str, Path | Member] = {}
    for name, source in found:
        unique.setdefault(_printable(name), source)
    if not unique:
        raise UnsuitableImage(f"{path} holds no photo; allowed are JPEG, PNG, WebP and what else Pillow reads")
    return PhotoSet(path, tuple(unique), tuple(unique.values()))


def framed(photo: Tensor, size: Size) -> Tensor:
    """A photo [3,H,W] in [0,1] as uint8 [3,*size]: the largest part of this aspect at its centre, resized.

    Eight bits, so that a patch that is shown or saved is the very one that the network saw.
    """
    height, width = photo.shape[-2:]
    scale = min(height / size[0], width / size[1])
    part = min(height, max(1, round(size[0] * scale))), min(width, max(1, round(size[1] * scale)))
    top, left = (height - part[0]) // 2, (width - part[1]) // 2
    centre = photo[None, :, top : top + part[0], left : left + part[1]]
    return resize(centre, size)[0].clamp(0, 1).mul(255).round().to(torch.uint8)


def _endings() -> set[str]:
    return {ending for ending, kind in Image.registered_extensions().items() if kind in Image.OPEN}


def _in_folder(folder: Path) -> Iterator[tuple[str, Path | Member]]:
    endings = _endings()
    for parent, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(name for name in files if not name.startswith(".")):
            path = Path(parent, name)
            below = path.relative_to(folder).as_posix()
            if path.suffix.lower() == ".tar" and path.is_file():
                yield from _in_tar(path, f"{below}/")
            elif path.suffix.lower() in endings and path.is_file():  # a named pipe would be waited for
                yield below, path


def _in_tar(path: Path, prefix: str) -> Iterator[tuple[str, Path | Member]]:
    endings = _endings()
    try:
        with tarfile.open(path, "r:") as archive:
            for item in archive:
                name = PurePosixPath(item.name)
                hidden = name.name.startswith(".")
                if item.isreg() and not item.issparse() and not hidden and name.suffix.lower() in endings:
                    yield f"{prefix}{item.name}", Member(path, item.offset_data, item.size)
    except (OSError, tarfile.TarError, ValueError) as error:
        raise UnsuitableImage(
            f"{path} is no tar file that can be read ({error}); packed ones (.tar.gz) must be unpacked to .tar first"
        ) from None


def _in_list(path: Path) -> Iterator[tuple[str, Path | Member]]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UnsuitableImage(f"{path} cannot be read as text ({error}); give a path a line, in UTF-8") from None
    for line in lines:
        if line.strip():
            yield PurePosixPath(line.strip()).as_posix(), path.parent / path_named(line.strip())


def _content(member: Member, name: str) -> bytes:
    if member.length > LARGEST_FILE:
        raise UnsuitableImage(f"{name} takes over {LARGEST_FILE // 10**6} MB; shrink it first")
    try:
        with member.archive.open("rb") as file:
            file.seek(member.start)
            content = file.read(member.length)
    except OSError as error:
        raise UnsuitableImage(f"{member.archive} cannot be read any more ({error.strerror or error})") from None
    if len(content) < member.length:
        raise UnsuitableImage(f"{name} is cut off: {member.archive} ends before it; fetch the shard again")
    return content


def _printable(name: str) -> str:
    """A name as text that every file can hold: bytes that are no UTF-8 are spelt out."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
