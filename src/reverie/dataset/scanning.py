"""Scans of whole sets of photos, kept in a file: whoever runs one again goes on where it was."""

import contextlib
import time
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import PIL
import torch
from torch import nn

from reverie.dataset.database import Schema
from reverie.dataset.layer_tallies import Keeping, Seen, fresh
from reverie.dataset.layer_tallies import tallied as scanned
from reverie.dataset.manifest import About
from reverie.dataset.photo_batches import batches
from reverie.dataset.photo_sets import PhotoSet, photo_set
from reverie.dataset.store import SCAN, Scan, read_scan
from reverie.dataset.writer import Writer
from reverie.errors import OutputFailed, ScanRefused, printable
from reverie.models.main_line import LEAST
from reverie.models.model import Model
from reverie.models.sources import load
from reverie.paths import check_output, path_named
from reverie.record import versions
from reverie.runs import Event, Progress, finished
from reverie.settings.calling import called_with
from reverie.settings.scan import Scan as Asked

NAMED = 10  # photos that cannot be read and are named one by one
EVERY, SHARE = 10.0, 0.04  # least seconds between two transactions, and the most of all time that they may take


@dataclass(frozen=True)
class Passed:
    """How far a scan is.

    Attributes:
        path: of its file.
        done: photos looked at, those of earlier runs among them.
        total: photos in the set.
        failures: those of this batch that could not be read: name and reason.
    """

    path: Path
    done: int
    total: int
    failures: tuple[tuple[str, str], ...] = ()


class ScanRun:
    """The run of a scan: its events, and the file as far as it was filled.

    Args:
        output: the file, a .db; a scan that was ended goes on where it was.
        force: begin anew where the file holds another scan.
    """

    def __init__(
        self, model: Model | str | nn.Module, asked: Asked, output: str | Path = "scan.db", *, force: bool = False
    ) -> None:
        self.path = check_output(path_named(output), [".db"])
        self._passed = scanning(model, asked, self.path, force=force)
        self._failed = 0

    def events(self) -> Iterator[Event]:
        """Scans, a batch for each event; the first photos that cannot be read are named.

        Raises:
            UnsuitableImage: no photos there.
            UnknownName: no such layer.
            ScanRefused: the file holds a scan of other photos, another network, other settings or another version.
            OutputFailed: the file cannot be written.
        """
        with contextlib.closing(self._passed) as run:  # which then lets go of the file
            for passed in run:
                for name, reason in passed.failures:
                    self._failed += 1
                    if self._failed <= NAMED:
                        yield Event(passed.done, passed.total, self.path.name, f"{name}: passed over: {reason}")
                yield Event(passed.done, passed.total, self.path.name)

    def result(self) -> Scan:
        """The file, opened for reading."""
        return read_scan(self.path)


@called_with(Asked)
def scan(
    model: Model | str | nn.Module,
    asked: Asked,
    output: str | Path = "scan.db",
    *,
    force: bool = False,
    progress: Progress = None,
) -> Scan:
    """Reads a set of photos through a network, and keeps in one file what really excites each channel of its layers.

    Args:
        output, force: as of `ScanRun`.

    Raises:
        ReverieError: as `ScanRun.events`.
    """
    return finished(ScanRun(model, asked, output, force=force), progress)


@called_with(Asked)
def scanning(
    model: Model | str | nn.Module, asked: Asked, output: str | Path = "scan.db", *, force: bool = False
) -> Generator[Passed, None, None]:
    """Scans as `scan`, a batch at a time; to stop, stop reading: the next run goes on where the file is."""
    ready = load(model)
    found = asked.photos if isinstance(asked.photos, PhotoSet) else photo_set(asked.photos)
    keeping = Keeping(
        asked.extremes, not asked.several, asked.samples, asked.examples, not asked.no_embeddings, asked.seed
    )
    path = check_output(path_named(output), [".db"])
    about = about_scan(ready, found, asked.layers or main_layers(ready), keeping, asked.batch)
    if force:
        removed(path)
    yield from filled(ready, found, path, about, workers=asked.workers)


def filled(
    model: Model, photos: PhotoSet, path: Path, about: About, *, workers: int | None = None, schema: Schema = SCAN
) -> Generator[Passed, None, None]:
    """Scans into the tables of a file of this kind, from where they are; to stop, stop reading.

    Raises:
        ScanRefused: the file holds a scan of something else.
        OutputFailed: it cannot be written.
    """
    layers, seed = list(about.layers), about.keeping.seed
    with Writer(path, about, schema) as writer:
        _check_unchanged(writer, photos, path)
        tallies = writer.tallies() or fresh(model, layers, about.keeping)
        yield Passed(path, writer.position, about.total)
        images = batches(photos, model.size, about.batch, writer.position, workers=workers)
        due = time.monotonic() + EVERY
        for seen in scanned(model, images, layers, tallies, seed=seed):
            _enter(writer, photos, seen)
            begun = time.monotonic()
            if begun >= due or seen.batch.stop == about.total:
                writer.commit(tallies, seen.batch.stop)
                ended = time.monotonic()
                due = ended + max(EVERY, (ended - begun) / SHARE)
            failures = tuple((photos.names[index], reason) for index, reason in seen.batch.failures)
            yield Passed(path, seen.batch.stop, about.total, failures)


def _check_unchanged(writer: Writer, photos: PhotoSet, path: Path) -> None:
    """Refuses to go on where photos that were looked at are others by now; a copied folder's times are others."""
    moved = str(photos.place.resolve()) != writer.begun.place
    changed = [
        photos.names[number]
        for number, (size, time_ns) in enumerate(writer.stamps())
        if (now := photos.stamp(number) or (None, None)) != (size, time_ns) and not (moved and now[0] == size)
    ]
    if changed:
        raise ScanRefused(
            f"{len(changed)} photos of {path} were changed since they were scanned, '{printable(changed[0])}' first; "
            "say --force to begin it anew"
        )


def _enter(writer: Writer, photos: PhotoSet, seen: Seen) -> None:
    reasons = dict(seen.batch.failures)
    numbers = sorted([*seen.batch.indices, *reasons])
    rows = [
        (
            number,
            photos.names[number],
            photos.kind(number),
            reasons.get(number),
            *(photos.stamp(number) or (None, None)),
        )
        for number in numbers
    ]
    writer.enter(rows, seen.embeddings, numbers[0])


def about_scan(
    model: Model, photos: PhotoSet, layers: Sequence[str], keeping: Keeping, batch: int | None = None
) -> About:
    """What a scan of these photos is of."""
    found = [model.layer(name) for name in dict.fromkeys(layers)]
    known = versions()
    return About(
        model=dict(model.described),
        size=model.size,
        layers={layer.name: (layer.channels, layer.size or (1, 1)) for layer in found},
        keeping=keeping,
        batch=model.together(model.size) if batch is None else batch,
        place=str(photos.place.resolve()),
        total=len(photos),
        names=photos.sha256,
        device=model.device.type,
        threads=torch.get_num_threads(),
        versions={"reverie": known["reverie"], "torch": known["torch"], "pillow": PIL.__version__},
    )


def main_layers(model: Model) -> list[str]:
    """The layers that are scanned unless others are named: the blocks that the network is made of, and its output.

    Blocks are the modules at the top level that hold others and return a map, else those of the main line; a plain
    sequence of layers has none, and is scanned at its convolutions.
    """
    grids = [layer for layer in model.layers.values() if layer.size is not None and max(layer.size) > 1]
    inside = {name.rpartition(".")[0] for name in model.layers}
    blocks = [layer for layer in grids if "." not in layer.name and layer.name in inside]
    if len(blocks) < 2:
        line = model.blocks if len(model.blocks) >= LEAST else ()
        blocks = [model.layers[name] for name in line] or [layer for layer in grids if layer.kind == "Conv2d"]
    return [layer.name for layer in blocks or grids] + ["logits"]


def removed(path: Path) -> None:
    """Takes away a file that is to be begun anew, with its journal.

    Raises:
        OutputFailed: it cannot be taken away.
    """
    try:
        path.unlink(missing_ok=True)
        path.with_name(f"{path.name}-journal").unlink(missing_ok=True)
    except OSError as error:
        raise OutputFailed(f"cannot replace {path} ({error.strerror}); name another file with --output") from None
