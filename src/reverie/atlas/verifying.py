"""Verifies an atlas: the file is whole, its pictures decode, and a sample of its batches is made again, bit for bit."""

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from reverie.atlas.atlas_file import Atlas, read_atlas, shown
from reverie.atlas.atlas_writer import Done
from reverie.atlas.entries import ENTRIES, FACTS, AtlasBatch, AtlasPicture
from reverie.atlas.plan import Batch
from reverie.atlas.tables import ATLAS
from reverie.atlas.values import checked
from reverie.atlas.worker import Painter
from reverie.errors import AtlasRefused, ReverieError
from reverie.models.model import Model
from reverie.recipes.recorded_networks import recorded_model
from reverie.record import Record, versions
from reverie.runs import Event

MOST = 20  # problems of a kind that are told


@dataclass(frozen=True)
class Verified:
    """What was found of an atlas.

    Attributes:
        problems: in sentences; none of one that is well.
        looked: what was looked at, in words.
    """

    problems: tuple[str, ...]
    looked: tuple[str, ...]

    def __len__(self) -> int:
        return 1

    def told(self, written: Sequence[Path]) -> list[str]:
        """What was looked at, and what was found."""
        del written
        end = [f"{len(self.problems)} problems" if len(self.problems) > 1 else "a problem"] if self.problems else []
        return [*self.looked, *self.problems, *(end or ["all is well"])]


class VerifyRun:
    """The run that verifies an atlas.

    Args:
        model: the user's own naming of the network, which wins.
        most: batches that are made again, evenly chosen; None for all, 0 for none.
        trust: load code and weight files that only the atlas names.
        threads: with which they are made; those that are stored unless given.

    Raises:
        AtlasRefused: it is no atlas.
        RecordRefused: the atlas names code or weights and nobody vouches for them, or the weights are others.
    """

    def __init__(
        self,
        path: str | Path,
        model: Model | nn.Module | str | None = None,
        *,
        most: int | None = 3,
        trust: bool = False,
        threads: int | None = None,
        **options: Any,
    ) -> None:
        self.atlas, self.most = read_atlas(path), most
        self.threads = self.atlas.about.threads if threads is None else threads
        self.problems: list[str] = []
        self.looked: list[str] = []
        self.model = None if most == 0 else network_of(self.atlas, model, trust=trust, **options)

    def events(self) -> Iterator[Event]:
        """Looks at the file, at each layer's rows and pictures, and at batches made again."""
        self._whole()
        yield Event(1, 1, "file")
        for done, layer in enumerate(self.atlas.layers, 1):
            self._noted(self._layer(layer.layer))
            yield Event(done, len(self.atlas.layers), "layers")
        self.looked.append(f"{len(self.atlas)} pictures decoded")
        if self.model is not None:
            yield from self._again(Painter(self.model, self.atlas.about.job))

    def result(self) -> Verified:
        """What was found by now."""
        return Verified(tuple(self.problems), tuple(self.looked))

    def _noted(self, found: Iterator[str]) -> None:
        several = list(found)
        rest = len(several) - MOST
        self.problems += [*several[:MOST], *([f"and {rest} more like these"] if rest > 0 else [])]

    def _whole(self) -> None:
        with ATLAS.reading(self.atlas.path) as database:
            told = [str(row[0]) for row in database.execute("PRAGMA integrity_check(10)")]
            loose = database.execute("PRAGMA foreign_key_check").fetchmany(10)
        self.problems += [f"SQLite: {line}" for line in told if line != "ok"]
        self.problems += [f"a row of {row[0]} is of what is not there ({row[2]})" for row in loose]
        self.looked.append("the file's pages and references looked at")

    def _layer(self, layer: str) -> Iterator[str]:
        """What is wrong of a layer."""
        atlas = self.atlas
        with ATLAS.reading(atlas.path) as database:
            for table, kind in ENTRIES.items():
                if table in ("layers", "recipes"):
                    continue
                for row in database.execute(f"SELECT * FROM {table} WHERE layer = ?", (layer,)):
                    try:
                        entry = checked(kind, row, atlas.damaged)
                        if hasattr(entry, "image"):
                            self._decoded(entry)
                    except AtlasRefused:
                        yield f"{table} of {' '.join(map(str, row[:3]))}: a value or a picture that cannot be"
        yield from self._missing(layer)

    def _decoded(self, entry: Any) -> None:
        channels, side = self.atlas.about.channels, self.atlas.about.job.size
        size = side, side * (1 if channels in (1, 3) else channels)  # others' channels are shown side by side
        shown(entry.image, self.atlas.damaged, size if isinstance(entry, AtlasPicture) else None)

    def _missing(self, layer: str) -> Iterator[str]:
        """Batches that are said to be done, and whose pictures are not all there."""
        try:
            there = {(item.unit, item.view) for item in self.atlas.outlines(layer)}
            batches = [batch for batch in self.atlas.batches(layer) if batch.state == "done" and batch.view != FACTS]
        except AtlasRefused:  # which was told row by row
            return
        for batch in batches:
            each = self.atlas.about.job.diversity
            views = [f"diverse-{n + 1}" for n in range(each)] if batch.view == "diverse" else [batch.view]
            wanted = {(unit, view) for unit in range(batch.first, batch.first + batch.count) for view in views}
            if not wanted <= there:
                yield f"{_named(batch)}: {len(wanted - there)} of its pictures are missing"

    def _again(self, painter: Painter) -> Iterator[Event]:
        """Makes batches again."""
        about, before = self.atlas.about, torch.get_num_threads()
        done = [batch for batch in self.atlas.batches() if batch.state == "done" and batch.view != FACTS]
        count = len(done) if self.most is None else min(self.most, len(done))
        chosen = [done[index * len(done) // count] for index in range(count)]
        here = versions()["torch"]
        torch.set_num_threads(self.threads)
        try:
            for number, batch in enumerate(chosen, 1):
                self._noted(self._compared(painter, batch))
                yield Event(number, count, "batches")
        finally:
            torch.set_num_threads(before)
        made = about.versions.get("torch")
        other = "" if made == here else f" (made with torch {made}, this is {here}: last bits may differ)"
        self.looked.append(f"{count} of {len(done)} batches made again{other}")

    def _compared(self, painter: Painter, batch: AtlasBatch) -> Iterator[str]:
        made: Done | None = None
        with closing(painter.draw(Batch(batch.layer, batch.view, batch.first, batch.count))) as steps:
            for step in steps:
                made = step or made
        assert made is not None
        if made.batch.state != "done":
            yield f"{_named(batch)}: made again it failed: {made.batch.sentence}"
            return
        units = range(batch.first, batch.first + batch.count)
        try:
            kept = {(item.unit, item.view): item for item in self.atlas.pictures(batch.layer, units)}
        except ReverieError as error:
            yield str(error)
            return
        for item in made.rows["pictures"]:
            assert isinstance(item, AtlasPicture)
            other = kept.get((item.unit, item.view))
            if other is not None and other.image != item.image:
                yield f"{item.layer}:{item.unit} {item.view}: made again it is another picture"


def network_of(
    atlas: Atlas, model: Model | nn.Module | str | None = None, *, trust: bool = False, **options: Any
) -> Model:
    """The network of an atlas, with the very weights.

    Raises:
        RecordRefused: as `VerifyRun`.
    """
    return recorded_model(Record("atlas", {}, atlas.about.source), model, trust=trust, **options)


def _named(batch: AtlasBatch) -> str:
    return f"{batch.layer}:{batch.first}-{batch.first + batch.count - 1} {batch.view}"
