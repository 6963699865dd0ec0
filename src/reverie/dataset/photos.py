"""Sets of photos: a folder, tar shards read in memory, or a text file of paths; decoded beside the network."""

import hashlib
import os
import signal
import sys
import tarfile
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from types import TracebackType
from typing import NamedTuple

import torch
from PIL import Image
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from reverie.errors import InvalidSetting, ReverieError, UnsuitableImage, count
from reverie.image import Size, decode, photo_path, read, resize
from reverie.paths import path_named

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
    sources: tuple[Path | Member, ...] = field(repr=False)

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


class Batch(NamedTuple):
    """Consecutive photos of a set.

    Attributes:
        indices: of those that could be read.
        images: [n,3,H,W] in [0,1], one for each index; n is 0 where none could be read.
        failures: (index, what was wrong) of the others.
        stop: the index after the batch, where the next one starts.
    """

    indices: tuple[int, ...]
    images: Tensor
    failures: tuple[tuple[int, str], ...]
    stop: int


def batches(
    photos: PhotoSet, size: Size, batch: int, start: int = 0, stop: int | None = None, *, workers: int | None = None
) -> Iterator[Batch]:
    """The photos in their order, decoded by other processes while the caller computes.

    Batches are cut from `start` on, and a photo that cannot be read leaves its batch smaller: whoever goes on from a
    batch's `stop` gets the batches that an unbroken run gets.

    Args:
        size: (height, width) that every photo is brought to, by `framed`.
        batch: photos in a batch, those that cannot be read among them.
        start: index of the first photo.
        stop: index after the last one; the end of the set by default.
        workers: processes that decode; 0 decodes in this one; half of the processor's cores, at most 4, by default.

    Raises:
        ReverieError: a worker died.
    """
    count("batch", batch)
    stop = len(photos) if stop is None else min(stop, len(photos))
    if not 0 <= start <= stop:
        raise InvalidSetting(f"start must be 0 to {stop}, not {start}")
    plan = [list(range(first, min(first + batch, stop))) for first in range(start, stop, batch)]
    return _batches(photos, size, plan, _workers(workers, len(plan)))


def _batches(photos: PhotoSet, size: Size, plan: Sequence[list[int]], workers: int) -> Iterator[Batch]:
    for span, (indices, images, failures) in zip(plan, _decoded(photos, size, plan, workers), strict=True):
        stacked = torch.stack(images) if images else torch.empty((0, 3, *size), dtype=torch.uint8)
        yield Batch(tuple(indices), stacked.float().div_(255), tuple(failures), span[-1] + 1)


_Frame = tuple[int, Tensor | None, str]
_Frames = tuple[list[int], list[Tensor], list[tuple[int, str]]]


class _Framed(Dataset[_Frame]):
    """(index, uint8 [3,H,W], "") of a photo, or (index, None, what is wrong)."""

    def __init__(self, photos: PhotoSet, size: Size) -> None:
        self.photos, self.size = photos, size

    def __getitem__(self, index: int) -> _Frame:
        try:
            return index, framed(self.photos.read(index, max(self.size)), self.size), ""
        except UnsuitableImage as error:
            return index, None, str(error)
        except Exception as error:  # whatever a decoder stumbles over must not end a pass over a million photos
            return index, None, f"{self.photos.names[index]} cannot be decoded ({type(error).__name__}: {error})"


def _decoded(photos: PhotoSet, size: Size, plan: Sequence[list[int]], workers: int) -> Iterator[_Frames]:
    """What the workers decode; they end with the generator."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # more workers than cores may be wanted: reading a slow disk is mostly waiting
        loader = DataLoader(
            _Framed(photos, size), batch_sampler=plan, num_workers=workers, collate_fn=_gathered,
            worker_init_fn=_deaf_to_interrupts,
        )  # fmt: skip
        frames = iter(loader)
    try:
        yield from frames
    except RuntimeError as error:
        if "DataLoader worker" not in str(error):
            raise
        raise ReverieError(
            "a process that decodes photos was ended, perhaps for want of memory; try --workers 0 or a smaller --batch"
        ) from None


def _gathered(frames: Sequence[_Frame]) -> _Frames:
    good = [(index, image) for index, image, _ in frames if image is not None]
    bad = [(index, reason) for index, image, reason in frames if image is None]
    return [index for index, _ in good], [image for _, image in good], bad


def _deaf_to_interrupts(_: int) -> None:
    """Ctrl-C goes to every process of the terminal; only the one that reads the batches answers it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    sys.excepthook = _unless_left_alone


def _unless_left_alone(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """What a worker's own threads say, but for the end of the process that they were to hand pictures to."""
    if not issubclass(kind, ConnectionError | EOFError):
        sys.__excepthook__(kind, error, trace)


def _workers(asked: int | None, plan: int) -> int:
    if asked is not None:
        count("workers", asked, 0, 256)
        return asked
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(4, max(1, cores // 2)) if plan > 1 else 0


def _endings() -> set[str]:
    return {ending for ending, kind in Image.registered_extensions().items() if kind in Image.OPEN}


def _in_folder(folder: Path) -> Iterator[tuple[str, Path | Member]]:
    endings = _endings()
    for parent, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(name for name in files if not name.startswith(".")):
            path = Path(parent, name)
            below = path.relative_to(folder).as_posix()
            if path.suffix.lower() == ".tar":
                yield from _in_tar(path, f"{below}/")
            elif path.suffix.lower() in endings:
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
