import itertools

import numpy as np
import pytest

from reverie.dataset.layout import centres, cost, grid_shape, on_grid, refined, sliced, snapped


def clusters(count, seed=0):
    """Points of six clusters, (x, y)."""
    random = np.random.default_rng(seed)
    middles = random.normal(size=(6, 2)) * 3
    return middles[random.integers(6, size=count)] + random.normal(size=(count, 2)) * 0.5


@pytest.mark.parametrize(
    ("count", "shape"), [(1, (1, 1)), (2, (1, 2)), (3, (2, 2)), (5, (2, 3)), (9, (3, 3)), (10, (3, 4)), (120, (11, 11))]
)
def test_the_grid_is_as_good_as_square_and_has_room(count, shape):
    assert grid_shape(count) == shape


@pytest.mark.parametrize("count", range(1, 400, 7))
def test_less_than_a_row_is_empty(count):
    rows, columns = grid_shape(count)
    assert 0 <= rows * columns - count < columns


def test_points_fill_the_grid():
    places = on_grid(np.array([[0.0, 5.0], [10.0, 7.0], [5.0, 6.0]]), (3, 5))
    assert places.tolist() == [[0.5, 0.5], [4.5, 2.5], [2.5, 1.5]]


def test_points_that_are_all_one_stand_in_the_middle():
    assert on_grid(np.zeros((4, 2)), (2, 2)).tolist() == [[1.0, 1.0]] * 4


def test_cells_are_counted_row_by_row():
    assert centres(np.array([0, 4, 5]), (2, 5)).tolist() == [[0.5, 0.5], [4.5, 0.5], [0.5, 1.5]]


def test_the_best_of_all_assignments_is_found():
    """Against every way to put five points on eight cells."""
    places = on_grid(clusters(5), (2, 4))
    least = min(cost(places, np.array(cells), (2, 4)) for cells in itertools.permutations(range(8), 5))
    assert cost(places, snapped(places, (2, 4)), (2, 4)) == pytest.approx(least)


@pytest.mark.parametrize("count", [1, 2, 3, 5, 50, 97, 100, 101, 613])
@pytest.mark.parametrize("layout", [sliced, snapped, lambda places, shape: snapped(places, shape, optimal=0)])
def test_every_point_has_a_cell_of_its_own(layout, count):
    shape = grid_shape(count)
    cells = layout(on_grid(clusters(count), shape), shape)
    assert cells.shape == (count,)
    assert len(np.unique(cells)) == count
    assert 0 <= cells.min() <= cells.max() < shape[0] * shape[1]


def test_a_grid_stays_a_grid():
    shape = (24, 24)
    cells = np.random.default_rng(0).permutation(576)
    places = centres(cells, shape)
    assert np.array_equal(sliced(places, shape), cells)
    assert np.array_equal(snapped(places, shape), cells)
    assert np.array_equal(snapped(places, shape, optimal=0), cells)


def test_the_fast_way_comes_near_the_best():
    shape = grid_shape(800)
    places = on_grid(clusters(800), shape)
    best, fast, rough = (
        cost(places, cells, shape)
        for cells in (snapped(places, shape), snapped(places, shape, optimal=0), sliced(places, shape))
    )
    assert best <= fast <= 1.05 * best
    assert rough > 1.1 * best


def test_no_pass_makes_it_worse():
    shape = grid_shape(300)
    places = on_grid(clusters(300), shape)
    start = np.random.default_rng(1).permutation(300)
    costs = [cost(places, refined(places, start, shape, window=6, passes=passes), shape) for passes in range(8)]
    assert all(after <= before + 1e-9 for before, after in itertools.pairwise(costs))
    assert costs[-1] < 0.3 * costs[0]


@pytest.mark.parametrize("optimal", [0, 10_000])
def test_copies_of_one_photo_take_cells_side_by_side(optimal):
    cells = snapped(np.full((100, 2), 5.0), (10, 10), optimal=optimal)
    assert sorted(cells) == list(range(100))
