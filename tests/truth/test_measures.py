"""Each measure's formula written a second time, and a case in which it must fall."""

import itertools

import numpy as np
import pytest
import torch
from painted import coloured, unit_vectors
from scipy.stats import mannwhitneyu, spearmanr

from reverie.image import read_at
from reverie.paths import sample
from reverie.truth.agreement import agreement
from reverie.truth.clarity import clarity
from reverie.truth.exemplars import exemplars
from reverie.truth.interpretability import Others
from reverie.truth.intervals import area, area_interval, jackknife
from reverie.truth.label import label
from reverie.truth.layer_path import Ways
from reverie.truth.naturalness import compared, distance, naturalness, spectrum
from reverie.truth.reach import reach
from reverie.unit import Unit

RED = Unit("see", (0,))


def test_areas_are_the_mann_whitney_statistic_and_their_intervals_shrink():
    positive, negative = (
        np.random.default_rng(0).normal(0.5, 1, 30).round(1),
        np.random.default_rng(1).normal(size=20).round(1),
    )
    found = area(positive, negative)
    assert found == pytest.approx(mannwhitneyu(positive, negative).statistic / 600)
    few, many = area_interval(found, 8, 8), area_interval(found, 200, 200)
    assert few[0] < many[0] < found < many[1] < few[1]
    low, high = area_interval(1.0, 8, 8)
    assert 0.5 < low < 0.9  # all right of a few is no certainty
    assert high == 1


def test_the_jackknife_of_a_mean_is_its_standard_error():
    values = np.random.default_rng(0).normal(size=25)
    low, high = jackknife(lambda kept: float(values[kept].mean()), 25)
    assert high - low == pytest.approx(2 * 1.96 * values.std(ddof=1) / 5)
    assert (low + high) / 2 == pytest.approx(values.mean())


def test_clarity_is_the_mean_cosine_of_two_patches_and_falls_for_two_concepts():
    one, other = unit_vectors(1, 1, 40), unit_vectors(2, 1, 40)

    def near(centre, seed, count):
        values = centre + 0.3 * unit_vectors(seed, count, 40)
        return values / np.linalg.norm(values, axis=1, keepdims=True)

    clear, mixed = near(one, 3, 12), np.concatenate([near(one, 4, 6), near(other, 5, 6)])
    found, several, none = clarity(clear), clarity(mixed), clarity(unit_vectors(6, 12, 40))
    pairs = [float(a @ b) for a, b in itertools.combinations(clear, 2)]
    assert found.value == pytest.approx(np.mean(pairs))
    assert found.interval[0] < found.value < found.interval[1]
    assert found.value > 0.8 > several.value > none.value
    assert several.polysemy > 0.5 > 0.3 > found.polysemy


def test_a_label_is_found_with_its_formula_and_falls_for_shuffled_classes():
    chance = np.random.default_rng(0)
    kinds = [("owl", "tiger", "beetle", "pagoda")[number % 4] for number in range(80)]
    values = chance.normal(size=80) + 4 * np.array([kind in ("owl", "beetle") for kind in kinds])
    found = label(values, kinds)
    where = np.array([kind in ("owl", "beetle") for kind in kinds])
    assert found.formula in ("owl OR beetle", "beetle OR owl", "NOT tiger AND NOT pagoda", "NOT pagoda AND NOT tiger")
    assert found.area == pytest.approx(mannwhitneyu(values[where], values[~where]).statistic / 1600)
    assert found.effect == pytest.approx((values[where].mean() - values[~where].mean()) / values[~where].std())
    assert found.photos == (40, 80)
    assert found.real
    assert found.chance < 0.8
    lost = label(chance.permutation(values), kinds)
    assert lost.area < found.area - 0.2
    assert not lost.real
    assert label(values, [None] * 80) is None
    assert label(values, ["owl"] * 80) is None


def test_classes_whose_names_hold_one_another_are_joined():
    chance = np.random.default_rng(0)
    kinds = [("cat", "tiger cat", "beetle", "NOT AND")[number % 4] for number in range(80)]
    where = np.array([kind in ("cat", "tiger cat") for kind in kinds])
    found = label(chance.normal(size=80) + 4 * where, kinds)
    assert found.formula in ("cat OR tiger cat", "tiger cat OR cat")
    assert found.photos == (40, 80)


def test_reach_falls_with_the_picture(model, found):
    seen = exemplars(found, RED)
    full, half = (reach(model, RED, coloured(value, 0, 0), seen) for value in (1.0, 0.3))
    assert full.activation == pytest.approx(1.0)
    assert full.ratio == pytest.approx(1 / seen.best)
    assert full.percentile == 100
    assert half.ratio == pytest.approx(0.3 * full.ratio)
    assert half.percentile == pytest.approx(100 * float((seen.values < 0.3).mean()))


def test_paths_are_choices_by_rank_correlation():
    counts = enumerate((1, 3, 5, 4))
    own, others, strong, weak = (np.random.default_rng(seed).random((count, 12)) for seed, count in counts)
    unit = Unit("see", (0,))
    ways = Ways(None, unit, ("first",), {"first": strong}, {"first": weak})
    found = ways._choice("first", {"first": own}, [{"first": each[None]} for each in others])

    def near(photo):
        return spearmanr(photo, own[0]).statistic - np.mean([spearmanr(photo, each).statistic for each in others])

    right = [near(up) > near(down) for up, down in itertools.product(strong, weak)]
    assert found.right == pytest.approx(np.mean(right))


def test_the_path_falls_for_a_picture_that_goes_another_way(model, found):
    ways = Ways.of(model, exemplars(found, RED))
    assert ways.layers == ("first",)
    red, blue = coloured(0.8, 0.05, 0.1), coloured(0.1, 0.05, 0.8)
    other = Unit("see", (1,))
    right = ways.path(red, Others((other,), blue[None, None]))
    wrong = ways.path(blue, Others((other,), red[None, None]))
    assert right.value > 0.9 > 0.1 > wrong.value
    assert right.interval[0] < right.value <= right.interval[1]
    assert ways.path(red, Others((other,), red[None, None])).value == pytest.approx(0.5)


def test_naturalness_is_one_for_a_photo_and_falls_for_noise(model):
    photo = read_at(sample("flower"), (64, 160))
    photos = torch.cat([photo[..., left : left + 64] for left in range(0, 96, 8)])
    near = compared(model, photos, (64, 64))
    usual = near.spectra.mean(0)
    middle = float(np.median([float(distance(spectrum(each[None]), usual)) for each in photos]))
    noise = torch.rand((3, 64, 64), generator=torch.Generator().manual_seed(0))
    found, far = naturalness(photos[5], near), naturalness(noise, near)
    assert far.decibels[1] == pytest.approx(middle, rel=0.1)
    assert found.value > 0.6 > 0.4 > far.value
    assert far.value == pytest.approx((far.spectrum * far.features) ** 0.5)
    assert far.spectrum < 0.3


def test_agreement_is_the_cosine_between_contrasts_and_falls_where_pictures_differ():
    most, least = unit_vectors(0, 2), unit_vectors(1, 2)
    first, second = most - least
    cosine = float(first @ second / np.linalg.norm(first) / np.linalg.norm(second))
    assert agreement(most, least) == pytest.approx(cosine)
    assert agreement(most[[0, 0]], least[[0, 0]]) == pytest.approx(1)
    assert agreement(most[[0, 0]] + 5, least[[0, 0]] + 5) == pytest.approx(1)
    assert agreement(np.stack([most[0], least[0]]), np.stack([least[0], most[0]])) == pytest.approx(-1)
