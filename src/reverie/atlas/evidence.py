"""Evidence: what a scan of photos says of one unit."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from reverie.atlas.atlas_file import scan_in
from reverie.atlas.worker import CLASSES
from reverie.attribution.effective_field import fired
from reverie.dataset.histograms import edges
from reverie.dataset.store import Scan
from reverie.dataset.top_patches import Patch, extent, patch_record
from reverie.dataset.top_patches import patches as patches_of
from reverie.errors import ScanRefused, UnsuitableImage
from reverie.figures.board import Cell, HistogramPlot, Section
from reverie.figures.lettering import digits
from reverie.figures.overlay import framed
from reverie.image import to_pil
from reverie.models.model import Model
from reverie.models.sameness import difference
from reverie.unit import Unit

KINDS = {  # of patches: title, columns and side of their section
    "top": ("Real patches that excite it most", 12, 128),
    "least": ("Least", 6, 96),
    "random": ("By chance", 6, 96),
}
SMALLEST = 48  # side of a patch as it is shown, in pixels
FEWEST = 8  # positions or photos of which a correlation says anything


@dataclass(frozen=True, eq=False)
class Evidence:
    """What photos say of a unit.

    Attributes:
        edges, counts: histogram of the largest value in each photo.
        best: the largest of all.
        below: per cent of photos whose largest value lies below a value.
        fires: share of the positions that are above 0.
        mean, deviation: over all positions.
        photos: how many were looked at.
        positions: how many the correlations are of.
        patches: sections of real patches.
        similar: the nearest units by correlation.
        classes: (class, mean over its photos and their positions, photos) of the photos' folders, the strongest first.
        missing: what cannot be told, in sentences.
    """

    edges: np.ndarray
    counts: np.ndarray
    best: float
    fires: float
    mean: float
    deviation: float
    photos: int
    positions: int
    patches: tuple[Section, ...]
    similar: tuple[tuple[Unit, float], ...]
    classes: tuple[tuple[str, float, int], ...]
    missing: tuple[str, ...] = ()
    data: Mapping[str, Any] = field(default_factory=dict)

    def values(self, peak: float) -> Section:
        """The histogram, with the places of the made picture and of the best real patch."""
        marks = (("best photo", self.best), ("made picture", peak))
        note = f"The unit's largest value in each of {self.photos} photos."
        return Section("Values in photos", note, histogram=HistogramPlot(self.edges, self.counts, marks), width=5)

    def facts(self, peak: float) -> tuple[tuple[str, str], ...]:
        """Numbers for under the title."""
        share = f" (made: {peak / self.best:.2f}x)" if self.best > 0 else ""
        return (
            ("best photo", f"{self.best:.4g}{share}"),
            ("above 0", f"{self.fires:.1%} of positions"),
            ("mean ± deviation", f"{self.mean:.3g} ± {self.deviation:.3g}"),
        )


def correlations(values: np.ndarray, channel: int) -> np.ndarray:
    """Pearson's correlation [C] of a channel with all channels of [M,C]; 0 where one of both never changes."""
    centred = values.astype(np.float64) - values.mean(0, dtype=np.float64)
    lengths = np.sqrt((centred**2).sum(0))
    products = centred.T @ centred[:, channel]
    scale = lengths * lengths[channel]
    found: np.ndarray = np.divide(products, scale, out=np.zeros(len(scale)), where=scale > 0)
    return found


def nearest_units(values: np.ndarray, unit: Unit, most: int) -> tuple[tuple[Unit, float], ...]:
    """The channels of the same layer whose values [M,C] go most with the unit's, itself left out."""
    channel = int(unit.channels[0])
    if len(values) < FEWEST:
        return ()
    found = correlations(values, channel)
    order = [index for index in np.argsort(-found, kind="stable").tolist() if index != channel and found[index] > 0]
    return tuple((Unit(unit.layer, (index,)), float(found[index])) for index in order[:most])


def by_class(values: Sequence[float], kinds: Sequence[str | None], most: int) -> tuple[tuple[str, float, int], ...]:
    """The classes in which a value is largest on average, with that average and how many there were."""
    groups: dict[str, list[float]] = {}
    for value, kind in zip(values, kinds, strict=True):
        if kind is not None:
            groups.setdefault(kind, []).append(float(value))
    means = [(name, float(np.mean(group)), len(group)) for name, group in groups.items()]
    return tuple(sorted(means, key=lambda item: (-item[1], item[0]))[:most])


def evidence(
    model: Model, unit: Unit, scan: str | Path, *, photos: str | Path | None = None, patches: int = 9, similar: int = 8
) -> Evidence:
    """What a scan says of a unit.

    Args:
        photos: where the photos are now; where they were scanned unless given.
        patches: of the strongest; two thirds as many of the others.
        similar: how many of the nearest units.

    Raises:
        ScanRefused: no scan, or one of another network.
        UnknownName: the scan has no such layer.
    """
    found, channel = scan_in(scan), int(unit.channels[0])
    _check(model, found)
    tallies = found.tallies(unit.layer)
    sections, missing = _patches(model, found, unit, photos, patches)
    classes = _classes(found, unit)
    if not classes:
        missing.append(
            "The photos have no classes: they lie in no folders of their own, or were scanned without means."
        )
    if not found.complete:
        missing.append(f"The scan is not finished: {found.position} of {found.about.total} photos.")
    moments = tallies.moments
    near = nearest_units(tallies.samples.values[: len(tallies.samples)], unit, similar)
    best = float(tallies.top.values[channel, 0])
    return Evidence(
        edges(),
        tallies.maxima.counts[channel],
        best,
        float(moments.density[channel]),
        float(moments.mean[channel]),
        float(moments.deviation[channel]),
        int(moments.photos[0]),
        len(tallies.samples),
        sections,
        near,
        classes,
        tuple(missing),
        {
            "photos": int(moments.photos[0]),
            "best_photo": round(best, 6),
            "photo_classes": [[name, round(value, 6), number] for name, value, number in classes],
            "nearest": [[str(other), round(value, 4)] for other, value in near],
        },
    )


def _check(model: Model, scan: Scan) -> None:
    """That a scan is of this network, by its weights and its normalisation."""
    what = difference(scan.about.model, model.source)
    if what:
        raise ScanRefused(
            f"{scan.path} was made with other {what} than {model.name}; name its network with --model, or scan anew"
        )


def _patches(
    model: Model, scan: Scan, unit: Unit, place: str | Path | None, most: int
) -> tuple[tuple[Section, ...], list[str]]:
    """Sections of real patches; or why there are none."""
    try:
        photos = scan.photos(place)
        made = []
        for kind, (title, width, side) in KINDS.items():
            count = most if kind == "top" else math.ceil(2 * most / 3)
            found = patches_of(model, scan, photos, unit.layer, int(unit.channels[0]), kind=kind, most=count)
            cells = tuple(_cell(model, scan, unit, patch) for patch in found)
            made.append((Section(title, "", cells, width=width, side=side), found))
    except (UnsuitableImage, ScanRefused) as error:
        return (), [f"No real patches: {error}."]
    doubts = [patch.doubt for _, found in made for patch in found if patch.doubt]
    sentences = [f"Of {doubts.count(doubt)} patches: {doubt}." for doubt in dict.fromkeys(doubts)]
    where = "; a frame shows where in a large patch it fired" if model.layer(unit.layer).placed else ""
    note = f"Cut out at what the position sees, {extent(model, unit)}{where}."
    first = replace(made[0][0], note=note)
    return (first, *(section for section, _ in made[1:])), sentences


def _cell(model: Model, scan: Scan, unit: Unit, patch: Patch) -> Cell:
    larger = math.ceil(SMALLEST / max(patch.crop.shape[1:]))
    crop = patch.crop.repeat_interleave(larger, 1).repeat_interleave(larger, 2)
    box = fired(model, patch.picture, unit, patch.place, patch.box) if patch.value > 0 else None
    if box is not None:
        rows, columns = (
            ((first - start) * larger, (last - start) * larger)
            for (first, last), (start, _) in zip(box, patch.box, strict=True)
        )
        crop = framed(crop, rows, columns)
    record = patch_record(model, scan, unit, patch)
    return Cell(to_pil(crop), patch.title, digits(patch.value), str(record))


def _classes(scan: Scan, unit: Unit) -> tuple[tuple[str, float, int], ...]:
    if not scan.about.keeping.embeddings or not any(scan.kinds):
        return ()
    numbers, values = scan.embeddings(unit.layer)
    kinds = [scan.kinds[number] for number in numbers.tolist()]
    return by_class(values[:, int(unit.channels[0])].tolist(), kinds, CLASSES)
