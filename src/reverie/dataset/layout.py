"""Layouts: points of the plane moved onto a grid, each to a cell of its own and as little as may be."""

import math

import numpy as np

from reverie.randomness import undisturbed

Shape = tuple[int, int]  # (rows, columns)

OPTIMAL = 2000  # points up to which the best of all assignments is looked for: it takes seconds
WINDOW = 20  # cells along the side of a window in which an assignment is made better
ENOUGH = 0.005  # share of the cost below which one more round of passes is not worth its time


def grid_shape(count: int) -> Shape:
    """(rows, columns) of the grid for so many points: as good as square, less than a row of it empty."""
    columns = math.isqrt(count - 1) + 1
    return -(-count // columns), columns


def on_grid(points: np.ndarray, shape: Shape) -> np.ndarray:
    """Points [N,2] as (x, y), stretched until they fill the grid; in cells, the first cell's centre at (0.5, 0.5)."""
    rows, columns = shape
    low, extent = points.min(0), np.ptp(points, axis=0)
    share = np.where(extent > 0, (points - low) / np.where(extent > 0, extent, 1), 0.5)
    return share * (columns - 1, rows - 1) + 0.5


def centres(cells: np.ndarray, shape: Shape) -> np.ndarray:
    """(x, y) of cells [N], which are counted row by row."""
    return np.stack([cells % shape[1], cells // shape[1]], 1) + 0.5


@undisturbed()
def snapped(places: np.ndarray, shape: Shape, *, optimal: int = OPTIMAL) -> np.ndarray:
    """A cell [N] for each point, each taken once, such that the sum of the squared ways is small.

    It is the least of all up to `optimal` points (linear sum assignment). Beyond, recursive slicing lays the points
    out, and windows that overlap are each assigned at their best, over and over, until that hardly helps any more.

    Args:
        places: [N,2] as (x, y), in cells, as `on_grid` gives them.
        shape: (rows, columns), with room for all points.
        optimal: points up to which the least sum is looked for.
    """
    if len(places) <= optimal:
        return _assigned(_ways(places, np.arange(shape[0] * shape[1]), shape))
    return refined(places, sliced(places, shape), shape)


def _ways(places: np.ndarray, cells: np.ndarray, shape: Shape) -> np.ndarray:
    """Squared ways [N,M] from points to cells."""
    return np.asarray(np.square(places[:, None] - centres(cells, shape)[None]).sum(2))


def _assigned(ways: np.ndarray) -> np.ndarray:
    """The cell [N] of each point that makes the sum of the ways [N,M] least."""
    from scipy.optimize import linear_sum_assignment  # sets warning filters as it is imported

    return np.asarray(linear_sum_assignment(ways)[1])


def cost(places: np.ndarray, cells: np.ndarray, shape: Shape) -> float:
    """The sum of the squared ways from points to their cells."""
    return float(np.square(places - centres(cells, shape)).sum())


def sliced(places: np.ndarray, shape: Shape) -> np.ndarray:
    """A cell [N] for each point by recursive slicing; the empty cells are the last ones of the last row.

    The grid is halved across its longer side, as many points go to either half as it has cells, by their order along
    that side, and so on with both halves. The time grows with N log N.
    """
    cells = np.empty(len(places), int)
    waiting = [(np.arange(len(places)), (0, 0, *shape))]
    while waiting:
        points, (top, left, bottom, right) = waiting.pop()
        if len(points) == 1:
            cells[points[0]] = top * shape[1] + left
        if len(points) < 2:
            continue
        across = int(bottom - top > right - left)  # of (x, y), what is cut
        middle = (top + bottom) // 2 if across else (left + right) // 2
        first = (top, left, middle, right) if across else (top, left, bottom, middle)
        second = (middle, left, bottom, right) if across else (top, middle, bottom, right)
        ordered = points[np.argsort(places[points, across], kind="stable")]
        share = _filled(first, shape, len(places))
        waiting += [(ordered[:share], first), (ordered[share:], second)]
    return cells


def _filled(part: tuple[int, int, int, int], shape: Shape, count: int) -> int:
    """How many of a rectangle's cells are among the first `count` of the grid."""
    top, left, bottom, right = part
    whole, rest = divmod(count, shape[1])
    full = max(0, min(bottom, whole) - top) * (right - left)
    return full + (max(0, min(right, rest) - left) if top <= whole < bottom else 0)


def refined(
    places: np.ndarray, cells: np.ndarray, shape: Shape, *, window: int = WINDOW, passes: int = 40
) -> np.ndarray:
    """A layout made better: each window's points go to its cells at the least sum of squared ways, pass after pass.

    No pass makes it worse. Every other pass is shifted by half a window, so that points wander across the borders.
    """
    holder = np.full(shape[0] * shape[1], -1)
    holder[cells] = np.arange(len(cells))
    holder = holder.reshape(shape)
    before = math.inf
    for number in range(passes):
        now = cost(places, cells, shape)
        if number % 4 == 0:  # the four shifts are one round
            if now > (1 - ENOUGH) * before:
                break
            before = now
        shift = (number % 4 in (1, 2)) * window // 2, (number % 4 in (1, 3)) * window // 2
        cells = _improved(places, holder, window, shift)
    return cells


def _improved(places: np.ndarray, holder: np.ndarray, window: int, shift: Shape) -> np.ndarray:
    """One pass over windows that tile the grid; writes into the grid of points, -1 where none is."""
    shape = holder.shape[0], holder.shape[1]
    every = np.arange(holder.size).reshape(shape)
    for top in range(-shift[0], shape[0], window):
        for left in range(-shift[1], shape[1], window):
            part = slice(max(0, top), top + window), slice(max(0, left), left + window)
            inside = holder[part].ravel()
            points = inside[inside >= 0]
            targets = every[part].ravel()
            taken = _assigned(_ways(places[points], targets, shape))
            fresh = np.full(len(targets), -1)
            fresh[taken] = points
            holder[part] = fresh.reshape(holder[part].shape)
    cells = np.empty(len(places), int)
    held = holder.ravel() >= 0
    cells[holder.ravel()[held]] = np.flatnonzero(held)
    return cells
