import pytest
import torch

from reference.remakes import gram as slow_gram
from reference.remakes import normalised_distance, quadratic_variation
from reverie.models.probe import Activations, probe
from reverie.objectives import alpha_norm, features, gram, log_probability, margin
from reverie.objectives import quadratic_variation as variation
from reverie.objectives.activation_terms import select
from reverie.objectives.statistics import gram_matrix, gram_sums
from reverie.unit import Unit
from tiny import picture


def seen(model, image, layer):
    with torch.no_grad():
        return probe(model, image, [layer])[layer]


@pytest.mark.parametrize(
    "unit", [Unit("mix"), Unit("mix", (1, 4)), Unit("block", (2,), (3, 5), (1, 4)), Unit("logits")]
)
def test_the_distance_is_the_papers(model, unit):
    target = select(seen(model, picture(1), unit.layer), unit)
    objective = features(unit, target)
    other = picture(2, 2, 3, 48, 48)
    score = objective.score(probe(model, other, objective.layers))
    wanted = [
        -normalised_distance(row.numpy(), target[0].numpy()) for row in select(seen(model, other, unit.layer), unit)
    ]
    assert score.tolist() == pytest.approx(wanted, rel=1e-4)
    assert float(objective.score(probe(model, picture(1), objective.layers))) == pytest.approx(0, abs=1e-9)
    assert repr(objective) == f"features({unit})"


def test_a_pooled_distance_is_that_of_the_means(model):
    target, other = seen(model, picture(1), "mix"), seen(model, picture(2), "mix")
    objective = features(Unit("mix"), target, pooled=True)
    score = objective.score(Activations({"mix": other}, picture(2)))
    assert float(score) == pytest.approx(
        -normalised_distance(other[0].mean((1, 2)).numpy(), target[0].mean((1, 2)).numpy())
    )
    rolled = Activations({"mix": target.roll((2, 3), (2, 3))}, picture(1))
    assert float(objective.score(rolled)) == pytest.approx(0, abs=1e-9)
    assert repr(objective) == "pooled-features(mix)"


def test_nothing_at_all_is_at_a_distance_of_one(model):
    target = seen(model, picture(1), "mix")
    objective = features(Unit("mix"), target)
    assert float(objective.score(Activations({"mix": 0 * target}, picture(1)))) == pytest.approx(-1)


def test_quadratic_variation_is_the_papers():
    image = picture(1, 2, 3, 7, 9)
    score = variation().score(Activations({}, image))
    assert score.tolist() == pytest.approx([quadratic_variation(row.numpy()) for row in image], rel=1e-5)


def test_the_alpha_norm_is_1_at_the_ends_and_0_on_grey():
    ends = torch.stack(
        [torch.zeros(3, 4, 4), torch.ones(3, 4, 4), torch.full((3, 4, 4), 0.5), torch.full((3, 4, 4), 0.75)]
    )
    assert alpha_norm().score(Activations({}, ends)).tolist() == pytest.approx([1, 1, 0, 0.5**6])


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_the_gram_matrix_is_the_papers(masked, layout):
    value = picture(1, 2, 4, 5, 6) - 0.3
    mask = picture(2, 1, 1, 5, 6) if masked else None
    found = gram_matrix(gram_sums(value.contiguous(memory_format=layout), mask)).view(2, 4, 4)
    for row, matrix in zip(value, found, strict=True):
        wanted = slow_gram(row.numpy(), None if mask is None else mask[0, 0].numpy())
        assert torch.allclose(matrix, torch.tensor(wanted, dtype=torch.float32), atol=1e-6)


def test_the_gram_sums_have_the_gradient_that_autograd_finds():
    value = picture(3, 2, 4, 5, 6).requires_grad_()
    pull = picture(4, 2, 17) - 0.5
    plain = value.flatten(2)
    (wanted,) = torch.autograd.grad(torch.bmm(plain, plain.transpose(1, 2)).flatten(1), value, pull[:, :-1])
    (found,) = torch.autograd.grad(gram_sums(value), value, pull)
    assert torch.allclose(found, wanted, atol=1e-5)


def test_the_styles_score_is_relative_to_its_target():
    value, other = picture(1, 1, 4, 5, 6), picture(2, 1, 4, 7, 3)
    target = gram_matrix(gram_sums(other))
    objective = gram("a", target)
    own = gram_matrix(gram_sums(value))
    assert float(objective.score(Activations({"a": value}, value))) == pytest.approx(
        -float((own - target).square().sum() / target.square().sum()), rel=1e-5
    )
    assert float(objective.score(Activations({"a": other}, other))) == pytest.approx(0, abs=1e-9)
    assert float(objective.score(Activations({"a": other.flip(2)}, other))) == pytest.approx(0, abs=1e-6)
    assert repr(objective) == "gram(a)"


def test_sums_of_two_halves_of_a_map_add_up():
    value, mask = picture(1, 1, 4, 6, 8), picture(3, 1, 1, 6, 8)
    target = gram_matrix(gram_sums(picture(2, 1, 4, 6, 8)))
    for objective in (gram("a", target), gram("a", target, mask=mask), features(Unit("a"), picture(4, 1, 4, 6, 8))):
        ((_, term),) = objective.terms
        halves = [
            Activations({"a": value[..., part]}, value, {"a": (slice(None), part)})
            for part in (slice(0, 3), slice(3, None))
        ]
        whole = term.statistics(Activations({"a": value}, value))
        assert torch.allclose(whole, sum(term.statistics(half) for half in halves), rtol=1e-5)
        assert objective.gathers
        assert not objective.tiles


def test_verdicts_are_those_of_the_softmax():
    logits = torch.tensor([[1.0, 2.0, -1.0], [0.5, 0.1, 3.0]])
    activations = Activations({"logits": logits[:, :, None, None]}, torch.zeros(2, 3, 4, 4))
    wanted = [float(row.exp()[1] / row.exp().sum()) for row in logits]
    assert log_probability(1).score(activations).exp().tolist() == pytest.approx(wanted, rel=1e-5)
    assert log_probability(1, joint=True).score(activations).tolist() == pytest.approx(
        [float(torch.tensor(wanted).log().mean())], rel=1e-5
    )
    assert log_probability(1, joint=True).couples
    assert margin(1).score(activations).tolist() == pytest.approx([1.0, -2.9])
    assert margin(1, 2).score(activations).tolist() == pytest.approx([3.0, -2.9])
    assert [repr(item) for item in (margin(1), margin(1, 2), log_probability(4))] == [
        "margin(1)", "margin(1 over 2)", "log_probability(4)",
    ]  # fmt: skip
