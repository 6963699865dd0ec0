"""The atlas file, opened for reading: it may come from a stranger; nothing in it runs, and nothing is written."""

import io
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import numpy as np
from PIL import Image

from reverie.atlas.described import Described, about_in
from reverie.atlas.entries import (
    AtlasBatch,
    AtlasClass,
    AtlasLayer,
    AtlasLink,
    AtlasOutline,
    AtlasPicture,
    AtlasUnit,
    Score,
    Statistics,
)
from reverie.atlas.grid_entries import AtlasCell, AtlasEvidence, AtlasGrid, AtlasPiece
from reverie.atlas.patch_entries import AtlasPatch
from reverie.atlas.tables import ATLAS
from reverie.atlas.values import Entry, checked
from reverie.dataset.histograms import edges
from reverie.dataset.store import Scan, described, read_scan
from reverie.errors import AtlasRefused, ReverieError, UnknownName, nearest
from reverie.image import Size
from reverie.paths import path_named
from reverie.record import Record
from reverie.settings.atlas import SIDE
from reverie.settings.calling import names_checked

E = TypeVar("E", bound=Entry)
Which = int | range | None  # a unit, units from one to another, or all


@dataclass(frozen=True)
class Atlas:
    """An atlas file; every look opens it anew, so that one that is being built can be watched.

    Attributes:
        path: of the file.
        about: the network, and how pictures are made.
        layers: in the order of the data.
    """

    path: Path
    about: Described
    layers: tuple[AtlasLayer, ...]

    def __len__(self) -> int:
        """How many pictures there are."""
        with ATLAS.reading(self.path) as database:
            return int(database.execute("SELECT count(*) FROM pictures").fetchone()[0])

    def told(self, written: Sequence[Path]) -> list[str]:
        """What it holds."""
        units, failed = len(self.units()), sum(batch.state == "failed" for batch in self.batches())
        bad = f"; {failed} batches failed, the same command tries them again" if failed else ""
        layers = f"{len(self.layers)} layer{'s' if len(self.layers) > 1 else ''}"
        about = f"{self.about.title}, {layers}, {units} units, {len(self)} pictures"
        return [f"wrote {written[0]}: {about}{bad}"]

    @property
    def damaged(self) -> ReverieError:
        """The refusal of what it holds and cannot be believed."""
        return ATLAS.damaged(self.path)

    def layer(self, name: str) -> AtlasLayer:
        """The layer of this name.

        Raises:
            UnknownName: the atlas has no such layer.
        """
        known = {layer.layer: layer for layer in self.layers}
        if name not in known:
            raise UnknownName(f"{self.path} has no layer '{name}'; nearest: {nearest(name, known)}")
        return known[name]

    def units(self, layer: str | None = None) -> tuple[AtlasUnit, ...]:
        """The units, of a layer or of all in no order, by their numbers."""
        return self._entries(AtlasUnit, "SELECT * FROM units", layer, None, "unit")

    def batches(self, layer: str | None = None) -> tuple[AtlasBatch, ...]:
        """The batches that were tried: those to come are not in the file."""
        return self._entries(AtlasBatch, "SELECT * FROM batches", layer, None, "layer, view, first")

    def pictures(self, layer: str, unit: Which = None) -> tuple[AtlasPicture, ...]:
        """The pictures, of each unit max, min and the diverse ones."""
        return self._entries(AtlasPicture, "SELECT * FROM pictures", layer, unit, VIEWED)

    def outlines(self, layer: str, unit: Which = None) -> tuple[AtlasOutline, ...]:
        """What is said of the pictures, without them."""
        columns = "layer, unit, view, recipe, activation, silent, length(image)"
        return self._entries(AtlasOutline, f"SELECT {columns} FROM pictures", layer, unit, VIEWED)

    def patches(self, layer: str, unit: Which = None) -> tuple[AtlasPatch, ...]:
        """The parts of photos, of each unit the strongest, the weakest, and those by chance."""
        columns = "patches.*, top, bottom, left, right, image"
        order = "unit, kind = 'random', kind = 'least', rank"
        return self._entries(AtlasPatch, f"SELECT {columns} FROM patches {CROPPED}", layer, unit, order)

    def cropped(self, layer: str) -> int:
        """Bytes of all crops of a layer."""
        with ATLAS.reading(self.path) as database:
            query = "SELECT coalesce(sum(length(image)), 0) FROM crops WHERE layer = ?"
            return int(database.execute(query, (self.layer(layer).layer,)).fetchone()[0])

    def statistics(self, layer: str, unit: Which = None) -> tuple[Statistics, ...]:
        """What photos say of the units' values."""
        return self._entries(Statistics, "SELECT * FROM statistics", layer, unit, "unit")

    def classes(self, layer: str, unit: Which = None) -> tuple[AtlasClass, ...]:
        """The classes that go with the units."""
        return self._entries(AtlasClass, "SELECT * FROM classes", layer, unit, "unit, kind, rank")

    def links(self, layer: str, unit: Which = None) -> tuple[AtlasLink, ...]:
        """What feeds the units, what they feed, and which are alike, the strongest first."""
        return self._entries(AtlasLink, "SELECT * FROM links", layer, unit, "unit, kind, rank")

    def scores(self, layer: str, unit: Which = None) -> tuple[Score, ...]:
        """The scores of the units' pictures."""
        return self._entries(Score, "SELECT * FROM scores", layer, unit, "unit, view, name")

    def grid(self, layer: str) -> AtlasGrid | None:
        """The activation atlas of a layer, where it was made."""
        return next(iter(self._entries(AtlasGrid, "SELECT * FROM grids", layer, None, "layer")), None)

    def cells(self, layer: str) -> tuple[AtlasCell, ...]:
        """The cells of the activation atlas of a layer, row by row."""
        return self._entries(AtlasCell, "SELECT * FROM grid_cells", layer, None, CELLED)

    def cell_classes(self, layer: str) -> tuple[AtlasEvidence, ...]:
        """The classes that the cells speak for, of each the strongest first."""
        return self._entries(AtlasEvidence, "SELECT * FROM grid_classes", layer, None, f"{CELLED}, rank")

    def cell_patches(self, layer: str) -> tuple[AtlasPiece, ...]:
        """The real patches of the cells."""
        return self._entries(AtlasPiece, "SELECT * FROM grid_patches", layer, None, f"{CELLED}, rank")

    def edges(self, values: Statistics) -> tuple[float, ...]:
        """The edges of the bins that a unit's counts are of, one more than counts.

        Raises:
            AtlasRefused: counts that are none, or of bins that there are not.
        """
        every = edges()
        try:
            stop = values.first_bin + len(values.histogram) + 1
        except msgspec.MsgspecError:
            raise self.damaged from None
        if stop > len(every):
            raise self.damaged
        return tuple(np.asarray(every[values.first_bin : stop]).tolist())

    @cached_property
    def scan(self) -> Scan | None:
        """The scan of the photos, whose tables lie in this file; None where no photos were given."""
        with ATLAS.reading(self.path) as database:
            if not database.execute("SELECT count(*) FROM about").fetchone()[0]:
                return None
            return Scan(self.path, *described(database, self.path, ATLAS), ATLAS)

    @property
    def photos(self) -> tuple[str, ...]:
        """The photos' names, by their numbers."""
        return () if self.scan is None else self.scan.names

    def recipe(self, key: str) -> Mapping[str, Any]:
        """What repeats the pictures of a recipe: its arguments but for the units.

        Raises:
            AtlasRefused: there is none, or a damaged one.
        """
        with ATLAS.reading(self.path) as database:
            row = database.execute("SELECT record FROM recipes WHERE recipe = ?", (key,)).fetchone()
        try:
            return msgspec.json.decode(row[0], type=dict[str, Any])
        except (msgspec.MsgspecError, TypeError, RecursionError):
            raise self.damaged from None

    def record(self, picture: AtlasPicture) -> Record:
        """What repeats a picture, in the batch in which it was made; it is WebP here, and was none when it was made.

        Raises:
            AtlasRefused: a damaged file.
        """
        view, each = picture.view.partition("-")[0], self._each(picture.view)
        span = [item for item in self.batches(picture.layer) if item.view == view and item.recipe == picture.recipe]
        batch = next((item for item in span if item.first <= picture.unit < item.first + item.count), None)
        told = self.recipe(picture.recipe)
        if batch is None or not isinstance(told.get("arguments"), dict):
            raise self.damaged
        units = [f"{picture.layer}:{unit}" for unit in range(batch.first, batch.first + batch.count)]
        own = {**told["arguments"], "units": units, "batch": batch.count * each}
        place = int(picture.view.partition("-")[2] or 1) - 1
        facts = {"threads": self.about.threads, "device": self.about.device, "activation": picture.activation}
        index = (picture.unit - batch.first) * each + place
        return Record(str(told.get("recipe")), own, self.about.source, facts, index, self.about.versions)

    def _each(self, view: str) -> int:
        return self.about.job.diversity if view.startswith("diverse") else 1

    def _entries(self, kind: type[E], query: str, layer: str | None, unit: Which, order: str) -> tuple[E, ...]:
        values: list[Any] = []
        if layer is not None:
            query, values = f"{query} WHERE layer = ?", [self.layer(layer).layer]
        if unit is not None:
            span = unit if isinstance(unit, range) else range(unit, unit + 1)
            query, values = f"{query} AND unit >= ? AND unit < ?", [*values, span.start, span.stop]
        with ATLAS.reading(self.path) as database:  # all rows at once: a refusal would leave a cursor, and its lock
            rows = database.execute(f"{query} ORDER BY {order}", values).fetchall()
        return tuple(checked(kind, row, self.damaged) for row in rows)


VIEWED = "unit, view LIKE 'diverse%', length(view), view, recipe"
CELLED = "row, column"
CROPPED = "JOIN crops USING (layer, photo, place)"


@names_checked
def read_atlas(path: str | Path) -> Atlas:
    """An atlas file, which may come from a stranger.

    Raises:
        AtlasRefused: there is no such file, or it is no atlas, a damaged one, or one of another version.
    """
    place = path_named(path)
    if not place.is_file():
        raise AtlasRefused(f"there is no atlas {place}; make it with 'reverie atlas build -o {place.name}'")
    with ATLAS.reading(place) as database:
        ATLAS.check(database, place)
        about = about_in(database.execute("SELECT name, value FROM network").fetchall(), ATLAS.damaged(place))
        rows = database.execute("SELECT * FROM layers ORDER BY position, layer").fetchall()
    return Atlas(place, about, tuple(checked(AtlasLayer, row, ATLAS.damaged(place)) for row in rows))


def scan_in(path: str | Path) -> Scan:
    """The scan of a scan file, or of an atlas, which may come from a stranger.

    Raises:
        ScanRefused: no scan, or a damaged one.
        AtlasRefused: a damaged atlas, or one without photos.
    """
    place = path_named(path)
    if not place.is_file() or not _is_atlas(place):
        return read_scan(place)
    found = read_atlas(place).scan
    if found is None:
        raise AtlasRefused(f"{place} was built without photos; build it with --photos, or make a scan of them")
    return found


def _is_atlas(path: Path) -> bool:
    with path.open("rb") as file:
        head = file.read(72)
    return int.from_bytes(head[68:72], "big") == ATLAS.application  # where SQLite keeps it


def shown(image: bytes, damaged: ReverieError, size: Size | None = None) -> Image.Image:
    """A WebP blob of an atlas as a picture; what is too large is not decoded.

    Args:
        size: (height, width) that it must have.

    Raises:
        AtlasRefused: it is none, too large, or of another size.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(image), formats=["WEBP"]) as found:
                fits = max(found.size) <= SIDE if size is None else found.size == size[::-1]
                if not fits or getattr(found, "n_frames", 1) != 1:
                    raise damaged
                return found.convert("RGB")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise damaged from None
