"""Cells: points of the plane gathered in a grid, and what the activations in each have in common."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from reverie.dataset.layout import on_grid
from reverie.dataset.projection import directions
from reverie.settings.grid import NAMED

OUTLIERS = 1.0  # percent on either side that do not decide the extent
MARGIN = 0.1  # of the extent, beyond which a point is moved to the edge


@dataclass(frozen=True, eq=False)
class Gathered:
    """The points of one cell.

    Attributes:
        row, column: of the cell.
        members: numbers of its points, the one nearest to the cell's mean direction first.
        mean: [C], of their activations.
    """

    row: int
    column: int
    members: np.ndarray
    mean: np.ndarray


def gathered(points: np.ndarray, vectors: np.ndarray, cells: int, fewest: int) -> list[Gathered]:
    """The cells of a square grid that hold at least so many points, row by row.

    Source: lucid's `normalize_layout` and `grid` (Carter et al. 2019): percentiles, a margin, then even cells.

    Args:
        points: [M,2] as (x, y).
        vectors: [M,C], their activations.
        cells: along a side.
    """
    place = cell_of(points, cells)
    found = []
    for number in np.unique(place):
        members = np.flatnonzero(place == number)
        if len(members) >= fewest:
            mean = vectors[members].mean(0)
            near = directions(vectors[members]) @ mean
            found.append(Gathered(*divmod(int(number), cells), members[np.argsort(-near, kind="stable")], mean))
    return found


def cell_of(points: np.ndarray, cells: int) -> np.ndarray:
    """The cell [M] of each point, counted row by row."""
    low, high = (np.percentile(points, share, axis=0) for share in (OUTLIERS, 100 - OUTLIERS))
    margin = MARGIN * (high - low)
    clipped = np.clip(points, low - margin, high + margin)
    stretched = on_grid(clipped, (cells + 1, cells + 1)) - 0.5  # from 0 to the number of cells, both held by a point
    column, row = np.minimum(stretched.astype(int), cells - 1).T
    return np.asarray(row * cells + column)


def spoken_for(classes: np.ndarray, evidence: np.ndarray, names: Sequence[str]) -> tuple[tuple[str, float], ...]:
    """The classes that positions speak for most, with their mean evidence; what a photo is not taken for counts as 0.

    Args:
        classes, evidence: [m,K].
        names: of the classes.
    """
    if not classes.size:
        return ()
    total = np.bincount(classes.ravel(), evidence.ravel(), minlength=len(names)) / len(classes)
    best = np.argsort(-total, kind="stable")[:NAMED]
    return tuple((names[index], float(total[index])) for index in best if total[index] > 0)


def nearest_of_photos(members: np.ndarray, photos: np.ndarray, most: int) -> list[int]:
    """The first members, of different photos while there are any."""
    order: dict[int, list[int]] = {}
    for member in members:
        order.setdefault(int(photos[member]), []).append(int(member))
    firsts = [each[0] for each in order.values()]
    rest = [int(member) for member in members if int(member) not in set(firsts)]
    return [*firsts, *rest][:most]
