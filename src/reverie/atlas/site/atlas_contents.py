"""Reading an atlas file as what a site shows."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from reverie.atlas.atlas_file import Atlas
from reverie.atlas.entries import AtlasClass, AtlasLayer, AtlasLink, AtlasPicture, Score, Statistics
from reverie.atlas.patch_entries import AtlasPatch
from reverie.atlas.site.contents import (
    CellEntry,
    GridEntry,
    Kind,
    Layer,
    Link,
    Measure,
    Patch,
    Picture,
    SiteHistogram,
    UnitEntry,
)
from reverie.atlas.tables import ATLAS
from reverie.figures import board
from reverie.truth.assessment import LOW, NAMES

CHUNK = 64  # units that are read at a time
LOGITS = "logits"
NOTES = ("Made by climbing, and by descending, its activation", "; the views differ as far as they can")
KINDS = {
    "max": Kind(
        "max",
        "Real patches that excite it most",
        "Cut out at what the position sees; a frame shows where in a large one it fired.",
    ),
    "least": Kind("least", "Least"),
    "random": Kind("random", "By chance"),
}
PERCENTILE = "percentile"  # the one score that is stored in per cent
CHANCE = {"interpretability": 0.5, "label": 0.5}  # where scores say nothing, if not at 0; 1 is the best of all
KNOWN = (  # in this order, before those that have no name here
    *(
        Measure(name, name, f"{about[0].upper()}{about[1:]}.", scale=(CHANCE.get(name, 0.0), 1.0), wary=LOW.get(name))
        for name, about in NAMES.items()
    ),
    Measure(
        PERCENTILE, "beats photos", "The share of the photos whose best position its picture excites it more than.",
        percent=True, scale=(0.5, 1.0),
    ),
    Measure("best", "best photo", "Its largest value at any position of any photo."),
    Measure("firing", "fires at", "The share of all photos' positions at which it is above zero.", percent=True),
    Measure("fired", "fires in", "The share of photos in which it is above zero anywhere.", percent=True),
    Measure("mean", "mean", "Its mean over all positions of all photos."),
    Measure("deviation", "deviation", "The standard deviation over the same."),
)  # fmt: skip
MEASURES = {item.key: item for item in KNOWN}


@dataclass(frozen=True)
class AtlasContents:
    """What a site shows of an atlas file."""

    atlas: Atlas

    @property
    def title(self) -> str:
        """The network's name."""
        return self.atlas.about.title

    @property
    def facts(self) -> Sequence[tuple[str, str]]:
        """How the atlas was made."""
        about, photos = self.atlas.about, len(self.atlas.photos)
        facts = [("pictures", f"{about.job.size} px"), ("preset", about.job.preset)]
        weights = str(about.source.get("weights_sha256", ""))[:12]
        seen = [("photos", f"{photos:,}")] if photos else []
        return [*seen, *facts, *([("weights", weights)] if weights else [])]

    @cached_property
    def measures(self) -> Sequence[Measure]:
        """Those that any unit has."""
        with ATLAS.reading(self.atlas.path) as database:
            names = {str(row[0])[:100] for row in database.execute("SELECT DISTINCT name FROM scores")}
            counted = database.execute("SELECT count(*) FROM statistics").fetchone()[0]
        known = [item for key, item in MEASURES.items() if key in names or (counted and hasattr(Statistics, key))]
        return [*known, *(Measure(name, name) for name in sorted(names - MEASURES.keys()))]

    @cached_property
    def views(self) -> Sequence[Kind]:
        """Those that were made of any unit."""
        made = {batch.view for batch in self.atlas.batches() if batch.state == "done"}
        note = f"{NOTES[0]}{NOTES[1] if 'diverse' in made else ''}."
        single = {"max": Kind("max", "maximum activation", note), "min": Kind("min", "minimum activation", note)}
        found = [kind for view, kind in single.items() if view in made]
        if "diverse" in made:
            numbers = range(1, self.atlas.about.job.diversity + 1)
            found += [Kind(f"diverse-{number}", f"view {number}", note) for number in numbers]
        return found

    @cached_property
    def patches(self) -> Sequence[tuple[Kind, int]]:
        """Those of any unit."""
        with ATLAS.reading(self.atlas.path) as database:
            ranks = dict(database.execute("SELECT kind, max(rank) FROM patches GROUP BY kind").fetchall())
        return [(kind, min(int(ranks[key]) + 1, CHUNK)) for key, kind in KINDS.items() if key in ranks]

    @property
    def side(self) -> int:
        """The side of the pictures."""
        return self.atlas.about.job.size

    @property
    def recipes(self) -> Sequence[Mapping[str, Any]]:
        """What repeats the pictures, but for their units."""
        return [self.atlas.recipe(key) for key in self._keys]

    @cached_property
    def layers(self) -> Sequence[Layer]:
        """Those of which any unit is there."""
        found = [(layer, len(self.atlas.units(layer.layer))) for layer in self.atlas.layers]
        return [_layer(layer, units) for layer, units in found if units]

    def entries(self, layer: str) -> Iterator[UnitEntry]:
        """The layer's units in the order of their channels.

        Raises:
            AtlasRefused: a damaged file.
        """
        units = self.atlas.units(layer)
        for first in range(0, len(units), CHUNK):
            some = units[first : first + CHUNK]
            rows = _Rows(self.atlas, layer, range(some[0].unit, some[-1].unit + 1))
            for unit in some:
                yield self._entry(rows, layer, unit.unit, bool(unit.dead))

    def grid(self, layer: str) -> GridEntry | None:
        """The layer's activation atlas, where it has one.

        Raises:
            AtlasRefused: a damaged file.
        """
        found = self.atlas.grid(layer)
        if found is None:
            return None
        classes, patches = (_by_cell(rows) for rows in (self.atlas.cell_classes(layer), self.atlas.cell_patches(layer)))
        cells = [
            CellEntry(
                cell.row,
                cell.column,
                cell.count,
                cell.image,
                [(item.name, item.value) for item in classes.get((cell.row, cell.column), ())],
                [(item.image, item.photo) for item in patches.get((cell.row, cell.column), ())],
            )
            for cell in self.atlas.cells(layer)
            if cell.row < found.height and cell.column < found.width
        ]
        about = f"{found.positions:,} activations at places of {found.photos:,} photos; like lies beside like."
        return GridEntry(found.height, found.width, found.side, about, cells)

    @cached_property
    def _keys(self) -> Sequence[str]:
        return list(dict.fromkeys(batch.recipe for batch in self.atlas.batches() if batch.view != "facts"))

    def _entry(self, rows: "_Rows", layer: str, unit: int, dead: bool) -> UnitEntry:
        links, classes = rows.of(rows.links, unit), rows.of(rows.classes, unit)
        statistics = next(iter(rows.of(rows.statistics, unit)), None)
        pictures = rows.of(rows.pictures, unit)
        scores = [item for item in rows.of(rows.scores, unit) if item.view == "max"]
        return UnitEntry(
            unit,
            self._label(layer, unit),
            dead,
            _numbers(scores, statistics),
            {item.name: (item.low, item.high) for item in scores if item.low is not None and item.high is not None},
            self._pictures(pictures),
            [self._patch(item) for item in rows.of(rows.patches, unit)],
            None if statistics is None else self._histogram(statistics, pictures),
            [(item.name, item.value, item.photos or 0) for item in classes if item.kind == "photos"],
            [(item.name, item.value) for item in classes if item.kind == "network"],
            _ends(links, "fed by"),
            _ends(links, "feeds"),
            [*_ends(links, "nearest"), *_ends(links, "nearest across")],
            ["It never fired on the way: the pictures show nothing of it."] if any(p.silent for p in pictures) else [],
        )

    def _label(self, layer: str, unit: int) -> str:
        classes = self.atlas.about.classes
        return classes[unit] if layer == LOGITS and unit < len(classes) else ""

    def _pictures(self, pictures: Sequence[AtlasPicture]) -> list[Picture]:
        """One of each view: of several recipes' the last."""
        known = {kind.key for kind in self.views}
        found = {item.view: item for item in pictures if item.view in known and item.recipe in self._keys}
        places = {key: place for place, key in enumerate(self._keys)}
        return [Picture(item.view, item.image, item.activation, places[item.recipe]) for item in found.values()]

    def _patch(self, item: AtlasPatch) -> Patch:
        photos = self.atlas.photos
        if item.photo >= len(photos):
            raise self.atlas.damaged
        return Patch(item.kind, item.image, item.value, photos[item.photo], _within(item))

    def _histogram(self, found: Statistics, pictures: Sequence[AtlasPicture]) -> SiteHistogram:
        """A unit's values in photos, in even bars, with the places of the best photo and of the chief picture."""
        edges = self.atlas.edges(found)
        made = [("made picture", item.activation) for item in pictures if item.view == "max"][:1]
        bars = board.HistogramPlot(np.array(edges), np.array(found.histogram), (("best photo", found.best), *made))
        return SiteHistogram(*bars.span, bars.heights, bars.marks)


class _Rows:
    """What the file holds of some units of a layer."""

    def __init__(self, atlas: Atlas, layer: str, units: range) -> None:
        self.pictures: Mapping[int, list[AtlasPicture]] = _by_unit(atlas.pictures(layer, units))
        self.patches: Mapping[int, list[AtlasPatch]] = _by_unit(atlas.patches(layer, units))
        self.statistics: Mapping[int, list[Statistics]] = _by_unit(atlas.statistics(layer, units))
        self.classes: Mapping[int, list[AtlasClass]] = _by_unit(atlas.classes(layer, units))
        self.links: Mapping[int, list[AtlasLink]] = _by_unit(atlas.links(layer, units))
        self.scores: Mapping[int, list[Score]] = _by_unit(atlas.scores(layer, units))

    @staticmethod
    def of(rows: Mapping[int, list[Any]], unit: int) -> list[Any]:
        """Those of one unit."""
        return rows.get(unit, [])


def _by_unit(rows: Sequence[Any]) -> Mapping[int, list[Any]]:
    found: dict[int, list[Any]] = {}
    for row in rows:
        found.setdefault(row.unit, []).append(row)
    return found


def _by_cell(rows: Sequence[Any]) -> Mapping[tuple[int, int], list[Any]]:
    found: dict[tuple[int, int], list[Any]] = {}
    for row in rows:
        found.setdefault((row.row, row.column), []).append(row)
    return found


def _layer(layer: AtlasLayer, units: int) -> Layer:
    tall, wide = layer.field_height, layer.field_width
    sees = None if tall is None or wide is None else (tall, wide)
    return Layer(layer.layer, layer.kind, units, layer.channels, layer.size, sees)


def _within(item: AtlasPatch) -> tuple[float, float, float, float] | None:
    """Where the unit fired, in the square in whose middle the patch is shown."""
    if item.fired is None:
        return None
    height, width = item.bottom - item.top, item.right - item.left
    side, ((top, bottom), (left, right)) = max(height, width), item.fired
    x, y = left - item.left + (side - width) / 2, top - item.top + (side - height) / 2
    return x / side, y / side, (right - left) / side, (bottom - top) / side


def _numbers(scores: Sequence[Score], found: Statistics | None) -> dict[str, float]:
    numbers = {item.name: item.value / 100 if item.name == PERCENTILE else item.value for item in scores}
    if found is not None:
        numbers |= {key: getattr(found, key) for key in ("best", "firing", "fired", "mean", "deviation")}
    return numbers


def _ends(links: Sequence[AtlasLink], kind: str) -> list[Link]:
    return [
        Link(
            item.other_layer if item.other_unit is None else f"{item.other_layer}:{item.other_unit}",
            item.value,
            item.through,
        )
        for item in links
        if item.kind == kind
    ]
