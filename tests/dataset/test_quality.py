import numpy as np
import pytest

from reverie.dataset import quality as module
from reverie.dataset.quality import nearest_neighbours, quality


def measured(vectors, places, cells, classes, k=10):
    return quality(nearest_neighbours(vectors, min(k, len(vectors) - 1)), places, cells, classes)


def plain_share(first, second, k):
    """Of the k nearest in one set those that are among the k nearest in the other: slowly, without ties."""
    shares = []
    for row in range(len(first)):
        near = []
        for points in (first, second):
            ways = {other: np.linalg.norm(points[other] - points[row]) for other in range(len(first)) if other != row}
            near.append(set(sorted(ways, key=ways.get)[:k]))
        shares.append(len(near[0] & near[1]) / k)
    return np.mean(shares)


@pytest.fixture
def points():
    random = np.random.default_rng(0)
    return random.normal(size=(60, 5)), random.normal(size=(60, 2)), random.normal(size=(60, 2))


@pytest.mark.parametrize("k", [1, 4, 10])
def test_neighbours_are_kept_as_a_plain_count_says(points, k):
    found = measured(*points, [None] * 60, k)
    assert found.kept == pytest.approx(plain_share(points[0], points[1], k))
    assert found.kept_on_grid == pytest.approx(plain_share(points[0], points[2], k))
    assert found.chance == pytest.approx(k / 59)
    assert found.moved == pytest.approx(np.linalg.norm(points[1] - points[2], axis=1).mean())
    assert found.alike is None


def test_the_plane_keeps_itself(points):
    found = measured(points[1], points[1], points[1], ["a", "b"] * 30)
    assert (found.kept, found.kept_on_grid, found.moved) == (1, 1, 0)
    assert found.alike.plane == found.alike.grid


def test_neighbours_at_one_distance_count_by_their_share():
    """On a line of three the middle one has two neighbours at 1: each is half of its nearest one."""
    line = np.array([[0.0, 0], [1, 0], [2, 0]])
    vectors = np.array([[0.0], [1], [3]])
    found = measured(vectors, line, line, [None] * 3, 1)
    assert found.kept == pytest.approx((1 + 0.5 + 1) / 3)


def test_the_share_of_the_same_class():
    """Two far groups of a and b, and one photo of no class, that is a neighbour of neither."""
    vectors = np.array([[0.0], [1], [2], [100], [101], [102], [1000]])
    mixed = np.array([[0.0, 0], [10, 0], [20, 0], [1, 0], [11, 0], [21, 0], [1000, 0]])
    grouped = np.stack([vectors[:, 0], 0 * vectors[:, 0]], 1)
    found = measured(vectors, mixed, grouped, ["a", "a", "a", "b", "b", "b", None], 1)
    assert (found.alike.embedding, found.alike.plane, found.alike.grid, found.alike.most) == (1, 0, 1, 1)
    assert found.alike.chance == pytest.approx(2 / 6)


def test_a_small_class_has_few_neighbours_to_give():
    """Of four neighbours a class of two gives one, one of six four."""
    vectors = np.arange(8.0)[:, None]
    places = np.concatenate([vectors, 0 * vectors], 1)
    assert measured(vectors, places, places, ["a"] * 2 + ["b"] * 6, 4).alike.most == (2 * 1 / 4 + 6) / 8


def test_only_some_are_asked_where_there_are_many(points, monkeypatch):
    every = measured(*points, ["a", "b", "c"] * 20, 5)
    monkeypatch.setattr(module, "CHUNK", 100)  # one at a time
    assert measured(*points, ["a", "b", "c"] * 20, 5) == every
    monkeypatch.setattr(module, "ASKED", 30)
    some = measured(*points, ["a", "b", "c"] * 20, 5)
    assert some.kept != every.kept
    assert some.kept == pytest.approx(every.kept, abs=0.1)


def test_neighbours_are_the_nearest_first_and_not_oneself():
    assert nearest_neighbours(np.array([[0.0], [1], [3]]), 2).tolist() == [[1, 2], [0, 2], [1, 0]]
    assert nearest_neighbours(np.zeros((1, 3)), 0).shape == (1, 0)


def test_the_line_says_all_of_it(points):
    assert str(measured(*(item[:1] for item in points), ["a"])) == "one photo has no neighbours"
    vectors = np.array([[0.0], [1], [3], [4]])
    places = np.concatenate([vectors, 0 * vectors], 1)
    assert str(measured(vectors, places, places + np.array([0, 0.5]), ["a", "a", "b", "b"], 1)) == (
        "of the 1 nearest neighbours 100% are kept in the plane and 100% on the grid (by chance 33.3%); "
        "a photo moved 0.50 cells to the grid on the mean; 100% of the neighbours are of the same class in the "
        "embedding, 100% in the plane, 100% on the grid (by chance 33.3%, at most 100%)"
    )
