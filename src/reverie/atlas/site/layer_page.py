"""A layer of a site: its units' pictures in sheets, their numbers in scripts, written as the units come."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from reverie.atlas.site import plain
from reverie.atlas.site.contents import Contents, Layer, UnitEntry
from reverie.atlas.site.grid_page import write_grid
from reverie.atlas.site.plain import Names
from reverie.atlas.site.scripts import short, write_script
from reverie.atlas.site.tiles import LARGE, PATCH, Encoding, TileSheets, decoded, tile

SMALL = 32  # side of a wall's smallest tiles, in pixels; no tile is larger than its picture
ACROSS = {SMALL: 32, LARGE: 8}  # tiles in a row, and rows, of a sheet of chief pictures
SHARD = 64  # units of a script
ROWS = 8  # units of a sheet of views or of patches
FRONT, FRONT_SIDE = 12, 72  # units of each layer that stand for it on the first page, and their side


Placed = tuple[int, int, float | int | None, int]  # the layer's number, the unit's, a value, its rank there


class ClassIndex:
    """Which units stand for a class, which fire for it, and whose picture is taken for it, over all layers."""

    def __init__(self) -> None:
        self.names = Names()
        self.own: dict[int, tuple[int, int]] = {}
        self.firing: dict[int, list[Placed]] = {}
        self.taken: dict[int, list[Placed]] = {}

    def add(self, layer: int, index: int, entry: UnitEntry) -> None:
        """One more unit."""
        if entry.label:
            self.own.setdefault(self.names(entry.label), (layer, index))
        for rank, (name, value, _) in enumerate(entry.classes):
            self.firing.setdefault(self.names(name), []).append((layer, index, short(value), rank))
        for rank, (name, share) in enumerate(entry.likeliest):
            self.taken.setdefault(self.names(name), []).append((layer, index, short(share), rank))


class LayerFiles:
    """Writes a layer, unit by unit.

    Attributes:
        front: the places in the layer of the units that stand for it, with their pictures.
    """

    def __init__(
        self, folder: Path, number: int, contents: Contents, layer: Layer, classes: ClassIndex, encoding: Encoding
    ) -> None:
        self.folder, self.number, self.layer, self.classes, self.encoding = folder, number, layer, classes, encoding
        self.measures = [item.key for item in contents.measures]
        self.views = {kind.key: place for place, kind in enumerate(contents.views)}
        self.kinds = [(kind.key, most) for kind, most in contents.patches]
        self.side = min(contents.side, 4 * LARGE)
        self.count, self.grid = 0, contents.grid(layer.name)
        self.front: dict[int, tuple[int, np.ndarray]] = {}
        self.photos = Names()
        self.told: dict[str, list[Any]] = {
            name: [] for name in ("channels", "dead", "bare", "labels", "shown", "kinds")
        }
        self.columns: list[list[Any]] = [[] for _ in self.measures]
        self.waiting: list[UnitEntry] = []
        place = folder / "data" / str(number)
        place.mkdir(parents=True, exist_ok=True)
        self.chief = [
            TileSheets(place / f"s{side}", min(side, self.side), across, across, encoding)
            for side, across in ACROSS.items()
        ]
        self.apart = list(self.views)[self.side <= LARGE :]  # the chief one is whole in its own sheets
        self.seen = TileSheets(place / "views", self.side, len(self.apart), ROWS, encoding) if self.apart else None
        across = sum(most for _, most in self.kinds)
        self.real = TileSheets(place / "patches", PATCH, across, ROWS, encoding) if across else None

    def add(self, entry: UnitEntry) -> None:
        """The next unit, in the order of their channels."""
        name = f"{self.layer.name}:{entry.channel}"
        self._pictures(entry, name)
        self._patches(entry, name)
        self.classes.add(self.number, self.count, entry)
        self._numbers(entry)
        self.count += 1
        self.waiting.append(entry)
        if len(self.waiting) == SHARD:
            self._shard()

    def close(self) -> None:
        """Writes what is left, and what is told of all units together."""
        if self.waiting:
            self._shard()
        for sheets in (*self.chief, self.seen, self.real):
            if sheets is not None:
                sheets.close()
        told = self.told
        labels = told["labels"] if any(label is not None for label in told["labels"]) else None
        about = {"units": self.count, "dead": told["dead"], "bare": told["bare"], "labels": labels}
        self._script("layer", about)
        self._script("search", {"photos": self.photos.texts, "shown": told["shown"], "classes": told["kinds"]})
        for place, column in enumerate(self.columns):
            self._script(f"by-{place}", column)
        if self.grid is not None:
            write_grid(self.folder, self.number, self.layer.name, self.grid, self.encoding)

    @property
    def about(self) -> dict[str, Any]:
        """What the first page has to know of the layer, once it is written."""
        channels = self.told["channels"]
        return {
            **plain.layer(self.layer),
            "units": self.count,
            "numbered": None if channels == list(range(self.count)) else channels,
            "dead": len(self.told["dead"]),
            "grid": self.grid is not None and bool(self.grid.cells),
            "front": [index for index, _ in self.standing],
        }

    @property
    def standing(self) -> list[tuple[int, np.ndarray]]:
        """The units in front, in their order."""
        return [self.front[part] for part in sorted(self.front)]

    def _script(self, name: str, data: Any) -> None:
        write_script(self.folder, f"data/{self.number}/{name}", data)

    def _pictures(self, entry: UnitEntry, name: str) -> None:
        """The chief picture in both sizes, all views in a row, and one in front where it is the first of its part."""
        whole = {item.view: decoded(item.file, name) for item in entry.pictures}
        chief = next(iter(whole.values()), None)
        for sheets in self.chief:
            sheets.add([None if chief is None else tile(chief, sheets.side)])
        if self.seen is not None:
            self.seen.add([tile(whole[view], self.side) if view in whole else None for view in self.apart])
        part = self.count * FRONT // max(self.layer.units, 1)
        if chief is not None and not entry.dead and part not in self.front:
            self.front[part] = (self.count, tile(chief, FRONT_SIDE))

    def _patches(self, entry: UnitEntry, name: str) -> None:
        if self.real is None:
            return
        for kind, most in self.kinds:
            files = [patch.file for patch in entry.patches if patch.kind == kind][:most]
            shown: Iterable[np.ndarray | None] = [tile(decoded(file, name), PATCH, real=True) for file in files]
            self.real.add([*shown, *[None] * (most - len(files))])

    def _numbers(self, entry: UnitEntry) -> None:
        told, names = self.told, self.classes.names
        told["channels"].append(entry.channel)
        told["dead"] += [self.count] if entry.dead else []
        told["bare"] += [] if entry.pictures else [self.count]
        told["labels"].append(names(entry.label) if entry.label else None)
        told["shown"].append(list(dict.fromkeys(self.photos(patch.photo) for patch in entry.patches)))
        told["kinds"].append([names(name) for name, _, _ in entry.classes])
        for key, column in zip(self.measures, self.columns, strict=True):
            column.append(short(entry.numbers.get(key)))

    def _shard(self) -> None:
        """The units that wait, in a script."""
        entries, texts = self.waiting, Names()
        number = (self.count - 1) // SHARD
        units = [plain.unit(entry, self.classes.names, texts, self.views) for entry in entries]
        self._script(f"units-{number}", {"units": units, "texts": texts.texts})
        self.waiting = []
