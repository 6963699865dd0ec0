import numpy as np

from reverie.atlas.evidence import by_class, correlations, nearest_units
from reverie.unit import Unit


def test_correlations_are_pearsons():
    values = np.random.default_rng(1).normal(size=(40, 6)).astype(np.float32)
    values[:, 4] = 3.0
    found = correlations(values, 2)
    wanted = np.corrcoef(values[:, [0, 1, 2, 3, 5]].T.astype(np.float64))[2]
    assert np.allclose(found[[0, 1, 2, 3, 5]], wanted)
    assert found[4] == 0
    assert not correlations(values, 4).any()


def test_the_nearest_units_go_with_it_most():
    rng = np.random.default_rng(2)
    one = rng.normal(size=200)
    values = np.stack([-one, one + rng.normal(size=200), one, one + 0.1 * rng.normal(size=200)], 1)
    found = nearest_units(values, Unit("a", (2,)), 5)
    assert [str(unit) for unit, _ in found] == ["a:3", "a:1"]
    assert nearest_units(values[:5], Unit("a", (2,)), 5) == ()


def test_classes_stand_by_their_mean():
    values, kinds = [1.0, 3.0, 9.0, 0.0, 5.0], ["owl", "owl", None, "bee", "ant"]
    assert by_class(values, kinds, 2) == (("ant", 5.0, 1), ("owl", 2.0, 2))
