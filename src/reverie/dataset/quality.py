"""What a layout kept: who was near whom before, and still is."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from reverie.randomness import undisturbed

ASKED = 2000  # points that are asked for their neighbours, evenly spread; the time grows with their number times all
CHUNK = 20_000_000  # distances that are held at once


@dataclass(frozen=True)
class Quality:
    """How good a map is, in shares of 1.

    Attributes:
        neighbours: how many nearest neighbours were asked for, k.
        kept: of the k nearest in the embedding those that are among the k nearest in the plane, on the mean.
        kept_on_grid: the same on the grid.
        chance: what a map drawn by chance would keep.
        moved: how far a photo went from its place in the plane to its cell, on the mean, in cells.
        alike: of the k nearest those of the photo's own class; None without classes.
    """

    neighbours: int
    kept: float
    kept_on_grid: float
    chance: float
    moved: float
    alike: "Alike | None" = None

    def __str__(self) -> str:
        if not self.neighbours:
            return "one photo has no neighbours"
        said = [
            f"of the {self.neighbours} nearest neighbours {self.kept:.0%} are kept in the plane and "
            f"{self.kept_on_grid:.0%} on the grid (by chance {self.chance:.1%})",
            f"a photo moved {self.moved:.2f} cells to the grid on the mean",
        ]
        if self.alike is not None:
            said.append(str(self.alike))
        return "; ".join(said)


@dataclass(frozen=True)
class Alike:
    """The share of the nearest neighbours that is of the photo's own class, over the photos whose class is known.

    Attributes:
        embedding, plane, grid: where the neighbours are taken from.
        chance: what a map drawn by chance would show.
        most: what the best map would show: a class of five has no more than four neighbours to give.
    """

    embedding: float
    plane: float
    grid: float
    chance: float
    most: float

    def __str__(self) -> str:
        return (
            f"{self.embedding:.0%} of the neighbours are of the same class in the embedding, {self.plane:.0%} in the "
            f"plane, {self.grid:.0%} on the grid (by chance {self.chance:.1%}, at most {self.most:.0%})"
        )


@undisturbed()
def quality(
    nearest: np.ndarray, places: np.ndarray, centres: np.ndarray, classes: Sequence[str | None], neighbours: int = 10
) -> Quality:
    """Measures a map of N photos.

    Neighbours at the same distance, of which there are many on a grid, count by their share.

    Args:
        nearest: [N,k or more], the nearest neighbours in the embedding, the nearest first.
        places: [N,2], in cells.
        centres: [N,2], of the cells that the photos went to.
        classes: [N], None where it is not known.
        neighbours: k; fewer where fewer are given.
    """
    count = len(nearest)
    k = min(neighbours, nearest.shape[1])
    if k < 1:
        return Quality(0, 1.0, 1.0, 1.0, 0.0)
    asked = np.unique(np.linspace(0, count - 1, min(count, ASKED)).astype(int))
    nearest = nearest[:, :k]
    kept, kept_on_grid = (kept_share(points, nearest, asked, k) for points in (places, centres))
    moved = float(np.linalg.norm(places - centres, axis=1).mean())
    return Quality(k, kept, kept_on_grid, k / (count - 1), moved, _alike(nearest, places, centres, classes, asked, k))


@undisturbed()
def nearest_neighbours(vectors: np.ndarray, k: int) -> np.ndarray:
    """The k nearest others [N,k] of each vector, the nearest first; exact, by the Euclidean distance."""
    from sklearn.neighbors import NearestNeighbors

    if k < 1:
        return np.empty((len(vectors), 0), int)
    found: np.ndarray = NearestNeighbors(n_neighbors=k, algorithm="brute").fit(vectors).kneighbors()[1]
    return found


def kept_share(points: np.ndarray, nearest: np.ndarray, asked: np.ndarray, k: int) -> float:
    """The share of the nearest neighbours [N,k] that is among the k nearest of points [N,2], over the asked ones."""
    shares = [np.take_along_axis(near, nearest[rows], 1).sum(1) / k for rows, near in _nearness(points, asked, k)]
    return float(np.concatenate(shares).mean())


def _alike(
    nearest: np.ndarray,
    places: np.ndarray,
    centres: np.ndarray,
    classes: Sequence[str | None],
    asked: np.ndarray,
    k: int,
) -> Alike | None:
    known = np.array([kind is not None for kind in classes])
    labels = np.unique([kind or "" for kind in classes], return_inverse=True)[1]
    asked = asked[known[asked]]
    if not len(asked) or len(set(classes) - {None}) < 2:
        return None
    same = (labels[nearest[asked]] == labels[asked, None]) & known[nearest[asked]]
    others = np.bincount(labels[known], minlength=labels.max() + 1)[labels[asked]] - 1
    shares = []
    for points in (places, centres):
        found = [
            (near * ((labels[None] == labels[rows, None]) & known)).sum(1) / k
            for rows, near in _nearness(points, asked, k)
        ]
        shares.append(float(np.concatenate(found).mean()))
    chance, most = float((others / (len(labels) - 1)).mean()), float((np.minimum(others, k) / k).mean())
    return Alike(float(same.mean()), shares[0], shares[1], chance, most)


def _nearness(points: np.ndarray, asked: np.ndarray, k: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """For some of the asked points at a time [n], how much every point counts among their k nearest, [n,N] in [0,1]."""
    for rows in np.array_split(asked, -(-len(asked) * len(points) // CHUNK)):
        ways = np.square(points[rows, None, 0] - points[None, :, 0])
        ways += np.square(points[rows, None, 1] - points[None, :, 1])
        ways[np.arange(len(rows)), rows] = np.inf
        last = np.partition(ways, k - 1, axis=1)[:, k - 1 : k]
        nearer, equal = ways < last, ways == last
        share = (k - nearer.sum(1, keepdims=True)) / equal.sum(1, keepdims=True)
        yield rows, nearer + equal * share
