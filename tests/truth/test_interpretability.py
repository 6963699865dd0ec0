import numpy as np
import pytest
import torch
from painted import coloured, drained, unit_vectors
from scipy.optimize import minimize_scalar

from reverie.dataset.photo_sets import photo_set
from reverie.errors import InvalidSetting
from reverie.settings.parts import DEFAULT
from reverie.truth.drawn import drawn
from reverie.truth.exemplars import exemplars, parted, responses
from reverie.truth.interpretability import (
    CONTROLS,
    Choice,
    beside,
    choice,
    choices,
    described,
    next_of,
    parts,
    temperature,
)
from reverie.truth.judge import _late, judge_of
from reverie.unit import Unit

OTHER = Unit("see", (1,))


def test_answers_are_those_of_the_paper():
    most, least, strong, weak = (unit_vectors(seed, count) for seed, count in enumerate((9, 7, 5, 4)))
    found = choice(most, least, strong, weak)

    def similarity(query, shown):
        return np.mean([float(query @ each) for each in shown])

    for row, up in enumerate(strong):
        for column, down in enumerate(weak):
            plus = similarity(up, most) - similarity(up, least)
            minus = similarity(down, most) - similarity(down, least)
            assert found.differences[row, column] == pytest.approx(plus - minus)
    told = [1 / (1 + np.exp(-d / 0.3)) for d in found.differences.ravel()]
    assert found.soft(0.3) == pytest.approx(np.mean(told))
    assert found.right == pytest.approx(np.mean(found.differences > 0))
    low, high = found.interval
    assert 0 <= low < found.right < high <= 1


def test_what_pictures_of_both_signs_share_cancels():
    most, least, strong, weak = (unit_vectors(seed, 5) for seed in range(4))
    look = 10 * unit_vectors(9, 1)
    plain, same = (choice(up, down, strong, weak) for up, down in ((most, least), (most + look, least + look)))
    assert np.allclose(plain.differences, same.differences)
    assert not np.allclose(choice(most + look, 0 * least, strong, weak).differences, plain.differences)


def test_a_tie_counts_half():
    assert Choice(np.array([[1.0, 0.0], [0.0, -1.0]])).right == 0.5


def test_the_temperature_is_the_likeliest():
    differences = np.random.default_rng(0).normal(0.2, 0.3, (20, 20))

    def loss(logarithm):
        return np.mean([np.log(1 + np.exp(-d / np.exp(logarithm))) for d in differences.ravel()])

    best = float(np.exp(minimize_scalar(loss, bounds=(-4, 1), method="bounded").x))
    assert temperature([Choice(differences[:10]), Choice(differences[10:])]) == pytest.approx(best, rel=0.03)


def test_what_is_shown_and_asked_shrinks_with_the_set():
    assert [parted(each) for each in (10, 11, 15, 29, 100)] == [(0, 0), (3, 8), (5, 10), (9, 20), (9, 20)]


def test_pictures_of_what_a_unit_wants_tell_and_those_of_the_contrary_mislead(model, judge, found):
    red, blue = coloured(1, 0, 0)[None], coloured(0, 0, 1)[None]
    unit = Unit("see", (0,))
    judged = parts(judge, exemplars(found, unit))
    shown = [described(judge, model, judged, each, picture) for each, picture in ((unit, red), (OTHER, blue))]
    right, wrong = choices(judged, *shown), choices(judged, *reversed(shown))
    assert right["natural"].right > 0.9
    assert right["synthetic"].right > 0.9
    assert right["both"].right > 0.9
    assert wrong["synthetic"].right < 0.1
    assert wrong["natural"].right == right["natural"].right
    assert list(choices(judged)) == ["natural"]


def test_nobody_judges_itself(model, monkeypatch):
    with pytest.raises(InvalidSetting, match="a network cannot judge its own pictures"):
        judge_of(model, model)
    assert judge_of(model, "none") is None
    monkeypatch.setattr("reverie.truth.judge.load", lambda name: {DEFAULT: model}[name])
    assert judge_of(model) is None


def test_a_judge_looks_with_layers_of_its_second_half():
    assert _late([*(f"block{number}" for number in range(1, 17)), "logits"]) == ("block11", "block15")
    assert _late(["see", "logits"]) == ("see",)


def test_photos_that_excite_a_unit_alike_stand_by_lot(model, painted):
    """A unit that is at one value in all photos but few: the first files of a folder are often of one class."""
    place = photo_set(painted)
    same = drawn("same", torch.stack([place.framed(number // 20 * 20, (32, 32)) for number in range(60)]))
    seen = exemplars(drained(responses(model, same, ["see"])), Unit("see", (0,)))
    weak, strong = seen.weak[:20], [photo for photo, _ in seen.strong[:20]]
    for ranked in (weak, strong):
        assert len({number // 20 for number in ranked}) == 1
        assert ranked != sorted(ranked)
    again = exemplars(drained(responses(model, same, ["see"])), Unit("see", (0,)))
    assert again.weak == seen.weak


def test_each_unit_has_others_of_its_layer(model, bundled):
    units = [Unit("mixed4a", (number,)) for number in (3, 5)]
    drawn = [*units, *beside(bundled, "mixed4a", units)]
    assert len(set(drawn)) == CONTROLS + 1
    for unit in units:
        rows = next_of(unit, [Unit("mixed3a", (0,)), *drawn])
        assert len({*rows}) == CONTROLS
        assert unit not in [[Unit("mixed3a", (0,)), *drawn][row] for row in rows]
    assert beside(model, "see", [OTHER]) == [Unit("see", (0,)), Unit("see", (2,))]
    assert next_of(OTHER, [OTHER]) == []
