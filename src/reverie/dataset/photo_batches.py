"""Photos of a set in batches, decoded by other processes beside the network."""

import errno
import os
import signal
import sys
import warnings
from collections.abc import Iterator, Sequence
from types import TracebackType
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from reverie.dataset.photo_sets import PhotoSet, framed
from reverie.errors import InvalidSetting, OutOfMemory, ReverieError, UnsuitableImage, count
from reverie.image import Size

CROWDED = "too many files are open at once; allow more with 'ulimit -n 4096', or say --workers 0"


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
        if any(reason == CROWDED for _, reason in failures):
            raise ReverieError(CROWDED)
        yield Batch(tuple(indices), torch.from_numpy(images).float().div_(255), tuple(failures), span[-1] + 1)


_Frame = tuple[int, Tensor | None, str]
_Frames = tuple[list[int], np.ndarray, list[tuple[int, str]]]


class _Framed(Dataset[_Frame]):
    """(index, uint8 [3,H,W], "") of a photo, or (index, None, what is wrong)."""

    def __init__(self, photos: PhotoSet, size: Size) -> None:
        self.photos, self.size = photos, size

    def __getitem__(self, index: int) -> _Frame:
        try:
            return index, framed(self.photos.read(index, max(self.size)), self.size), ""
        except (UnsuitableImage, OutOfMemory) as error:
            return index, None, str(error)
        except OSError as error:
            if error.errno not in (errno.EMFILE, errno.ENFILE):
                raise
            return index, None, CROWDED
        except Exception as error:  # whatever a decoder stumbles over must not end a pass over a million photos
            return index, None, f"{self.photos.names[index]} cannot be decoded ({type(error).__name__}: {error})"


def _decoded(photos: PhotoSet, size: Size, plan: Sequence[list[int]], workers: int) -> Iterator[_Frames]:
    """What the workers decode; they end with the generator."""
    try:
        yield from _loaded(photos, size, plan, workers)
    except RuntimeError as error:
        if "DataLoader worker" not in str(error):
            raise
        raise ReverieError(
            "a process that decodes photos was ended, perhaps for want of memory; try --workers 0 or a smaller --batch"
        ) from None
    except OSError as error:
        if error.errno not in (errno.EMFILE, errno.ENFILE):
            raise
        raise ReverieError(CROWDED) from None


def _loaded(photos: PhotoSet, size: Size, plan: Sequence[list[int]], workers: int) -> Iterator[_Frames]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # more workers than cores may be wanted: reading a slow disk is mostly waiting
        frames = iter(
            DataLoader(
                _Framed(photos, size), batch_sampler=plan, num_workers=workers, collate_fn=_Gathering(size),
                worker_init_fn=_deaf_to_interrupts, generator=torch.Generator(),
            )
        )  # fmt: skip
    yield from frames


class _Gathering:
    """A batch as one array, which goes through a pipe: a tensor would keep a file open for each photo."""

    def __init__(self, size: Size) -> None:
        self.size = size

    def __call__(self, frames: Sequence[_Frame]) -> _Frames:
        good = [(index, image.numpy()) for index, image, _ in frames if image is not None]
        bad = [(index, reason) for index, image, reason in frames if image is None]
        images = np.stack([image for _, image in good]) if good else np.empty((0, 3, *self.size), np.uint8)
        return [index for index, _ in good], images, bad


def _deaf_to_interrupts(_: int) -> None:
    """Ctrl-C goes to every process of the terminal; only the one that reads the batches answers it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
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
