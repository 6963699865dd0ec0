import sys
import types

import numpy as np
import pytest

from reverie.dataset.projection import (
    FEWEST,
    chosen_method,
    directions,
    ensure,
    made_by,
    placed,
    principal_components,
    projected,
    projecting,
)
from reverie.dataset.quality import nearest_neighbours
from reverie.errors import InvalidSetting, MissingExtra


def groups(count=60, seed=0):
    """Vectors around four far directions, and which each is of."""
    random = np.random.default_rng(seed)
    kinds = np.arange(count) % 4
    return (np.eye(4, 12)[kinds] * 4 + random.normal(size=(count, 12)) * 0.3).astype(np.float32), kinds


def alike(points, kinds):
    return (kinds[nearest_neighbours(points, 5)] == kinds[:, None]).mean()


def test_directions_have_length_one_and_nothing_stays_nothing():
    found = directions(np.array([[3.0, 4], [0, 0]]))
    assert found.tolist() == [[0.6, 0.8], [0, 0]]


def test_principal_components_keep_the_distances_of_directions():
    vectors, _ = groups()
    units = directions(vectors)
    basis = principal_components(vectors)
    reduced = basis.reduced(vectors)
    assert np.allclose(basis.axes @ basis.axes.T, np.eye(len(basis.axes)), atol=1e-5)
    for points in (units, reduced):
        assert np.linalg.norm(points[0] - points[1]) == pytest.approx(np.linalg.norm(units[0] - units[1]), rel=1e-4)
    assert np.all(np.diff(reduced.var(0)) <= 1e-6)


@pytest.mark.parametrize("count", [1, 2, 5])
def test_copies_have_no_directions_to_tell_apart(count):
    basis = principal_components(np.ones((count, 7), np.float32))
    assert np.allclose(basis.reduced(np.ones((count, 7))), 0, atol=1e-6)


@pytest.mark.parametrize("method", ["tsne", "pca"])
def test_like_lies_beside_like_and_the_same_again(method):
    if method == "tsne":
        pytest.importorskip("openTSNE")
    vectors, kinds = groups()
    reduced = principal_components(vectors).reduced(vectors)
    first, again = (projected(reduced, method, 10.0 if method == "tsne" else None, seed=3) for _ in range(2))
    assert first.dtype == np.float32
    assert np.array_equal(first, again)
    assert alike(first, kinds) > 0.9


def test_tsne_tells_its_steps():
    pytest.importorskip("openTSNE")
    vectors, _ = groups(12)
    assert list(projecting(vectors, "tsne", 3.0)) == [(step, 750) for step in range(50, 751, 50)]


@pytest.mark.parametrize("count", [FEWEST, 7, 13])
def test_few_photos_are_laid_out_too(count):
    pytest.importorskip("openTSNE")
    vectors, _ = groups(count)
    method, perplexity, note = chosen_method("tsne", count, None)
    assert method == "tsne"
    assert note == f"perplexity {(count - 1) / 3:.3g} in place of 30, for {count} photos"
    assert np.isfinite(projected(vectors, method, perplexity)).all()


def test_copies_among_others_do_no_harm():
    pytest.importorskip("openTSNE")
    vectors, _ = groups(10)
    assert np.isfinite(projected(np.repeat(vectors, 4, 0), "tsne", 10.0)).all()
    assert not projected(np.ones((20, 1), np.float32) * 0, "tsne", 5.0).any()


@pytest.mark.parametrize("method", ["tsne", "pca", "umap"])
def test_new_ones_are_placed_among_their_like(method):
    if method != "pca":
        pytest.importorskip("openTSNE")
    vectors, kinds = groups(80)
    reduced = principal_components(vectors).reduced(vectors)
    old, new = reduced[:60], reduced[60:]
    perplexity = 10.0 if method != "pca" else None
    points = projected(old, "pca" if method == "pca" else "tsne", perplexity)
    first, again = (placed(new, old, points, method, perplexity, seed=1) for _ in range(2))
    assert np.array_equal(first, again)
    nearest = np.linalg.norm(first[:, None] - points[None], axis=2).argmin(1)
    assert (kinds[:60][nearest] == kinds[60:]).mean() > 0.9


@pytest.mark.parametrize("method", ["tsne", "umap"])
def test_a_copy_lands_on_its_twin(method):
    if method == "tsne":
        pytest.importorskip("openTSNE")
    vectors, _ = groups(40)
    points = np.random.default_rng(0).normal(size=(40, 2)).astype(np.float32) * 10
    if method == "tsne":
        points = projected(vectors, "tsne", 8.0)
    found = placed(vectors[:3], vectors, points, method, 8.0)
    spread = np.linalg.norm(points - points.mean(0), axis=1).mean()
    assert np.linalg.norm(found - points[:3], axis=1).max() < 0.1 * spread


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (("pca", 100, 5.0), InvalidSetting, "perplexity is t-SNE's; leave it out with 'pca'"),
        (("tsne", 100, 50.0), InvalidSetting, "a perplexity of 50 needs 151 photos, there are 100; take at most 33, "
                                              "or leave it out"),
    ],
)  # fmt: skip
def test_what_does_not_go_is_refused(arguments, error, message):
    with pytest.raises(error) as caught:
        chosen_method(*arguments)
    assert str(caught.value) == message


def test_a_perplexity_that_fits_is_kept():
    assert chosen_method("tsne", 100, 33.0) == ("tsne", 33.0, "")
    assert chosen_method("tsne", 100, None) == ("tsne", 30.0, "")
    assert chosen_method("umap", 100, None) == ("umap", None, "")
    assert chosen_method("tsne", 3, 20.0) == (
        "pca", None, "3 photos are too few for tsne: laid out by their principal components",
    )  # fmt: skip


def test_a_library_that_is_missing_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "umap", None)
    with pytest.raises(MissingExtra) as caught:
        ensure("umap")
    assert str(caught.value).endswith("the extra 'umap' in the folder of reverie's source: pip install -e '.[umap]'")
    ensure("pca")


def test_without_opentsne_maps_are_made_and_said_to_be_scikit_learns(monkeypatch):
    monkeypatch.setitem(sys.modules, "openTSNE", None)
    vectors, kinds = groups()
    reduced = principal_components(vectors, 0).reduced(vectors)
    ensure("tsne")
    points = projected(reduced, "tsne", 10.0)
    assert points.dtype == np.float32
    assert np.array_equal(points, projected(reduced, "tsne", 10.0))
    assert alike(points, kinds) > 0.9
    again = placed(reduced[:3], reduced, points, "tsne", 10.0)
    assert np.abs(again - points[:3]).max() < 0.05 * np.ptp(points)
    assert made_by("tsne").endswith("pip install -e '.[map]'")
    assert made_by("pca") == ""


def test_umap_is_asked_as_it_wants(monkeypatch):
    """umap-learn need not be installed for the tests: what it is asked is what counts."""
    asked = {}

    class Umap:
        def __init__(self, **settings):
            asked.update(settings)

        def fit_transform(self, vectors):
            return np.asarray(asked["init"]) * 2

    monkeypatch.setitem(sys.modules, "umap", types.SimpleNamespace(UMAP=Umap))
    vectors, _ = groups(10)
    found = projected(vectors, "umap", seed=4)
    assert (asked["n_neighbors"], asked["random_state"], asked["n_jobs"]) == (9, 4, 1)
    assert np.abs(found).max() == pytest.approx(20)


def test_umap_itself_keeps_like_beside_like():
    pytest.importorskip("umap")
    vectors, kinds = groups()
    assert alike(projected(vectors, "umap"), kinds) > 0.9
