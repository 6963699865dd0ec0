import pytest
import torch

from reverie import objectives
from reverie.errors import InvalidSetting, UnknownName
from reverie.image import resize
from reverie.models.moments import channel_moments
from reverie.models.probe import Activations, probe
from reverie.objectives import PRIORS, REDUCTIONS, Objective, Term, activation, scores
from reverie.objectives.objective import joint
from reverie.objectives.opacity import transparent
from reverie.unit import Unit
from tiny import picture

LAYERS = ("block", "mix", "logits")


def made(model, name: str) -> Objective:
    """The objective of a public name: a reduction of a layer, or a prior subtracted."""
    if name in PRIORS:
        return -1 * PRIORS[name]()
    moments = channel_moments(model, "mix") if name == "whitened" else None
    return activation(Unit("mix", (1,)), name, moments=moments)


def constant(text: str, value: float) -> Objective:
    """A term of a fixed score."""
    return Objective(
        ((1.0, Term(text, (), lambda seen: torch.full((len(seen.picture), 1), value), lambda s: s[:, 0])),)
    )


def of(objective: Objective, count: int = 1) -> list[float]:
    return objective.score(Activations({}, torch.zeros(count, 3, 4, 4))).tolist()


ALL = [*REDUCTIONS, *PRIORS]


@pytest.mark.parametrize("name", ALL)
def test_the_score_is_one_number_for_each_image(model, name):
    objective = made(model, name)
    assert objective.score(probe(model, picture(1, 3, 3, 48, 48), objective.layers)).shape == (3,)


@pytest.mark.parametrize("name", ALL)
def test_the_score_rises_under_ascent(model, name):
    objective, image, found = made(model, name), picture(1), []
    for _ in range(8):
        image.requires_grad_()
        score = objective.score(probe(model, image, objective.layers)).sum()
        (slope,) = torch.autograd.grad(score, image)
        found.append(float(score.detach()))
        image = (image + 0.01 * slope / slope.abs().mean()).detach()
    assert found[-1] > found[0]


@pytest.mark.parametrize("name", ALL)
def test_score_and_gradient_of_a_batch_are_those_of_the_single_images(model, name):
    objective, batch = made(model, name), picture(1, 3, 3, 48, 48).requires_grad_()
    score = objective.score(probe(model, batch, objective.layers))
    (slope,) = torch.autograd.grad(score.sum(), batch)
    for index in range(3):
        single = batch[index : index + 1].detach().clone().requires_grad_()
        alone = objective.score(probe(model, single, objective.layers))
        (own,) = torch.autograd.grad(alone.sum(), single)
        assert torch.allclose(alone, score[index : index + 1], rtol=1e-4)
        assert (own - slope[index]).norm() < 1e-4 * own.norm()


@pytest.mark.parametrize("name", [name for name in ALL if name != "logits"])
def test_sums_of_two_halves_add_up(model, name):
    (_, term), image = made(model, name).terms[0], picture(1)
    seen = probe(model, image, ["mix"])
    halves = [
        Activations({"mix": seen["mix"][..., part]}, image[..., area])
        for part, area in ((slice(0, 5), slice(0, 20)), (slice(5, None), slice(20, None)))
    ]
    whole, parts = term.statistics(seen), sum(term.statistics(half) for half in halves)
    if name.endswith("variation"):  # neighbours across the cut are in neither half
        across = (image[..., 20] - image[..., 19]).abs().pow(2 if name.startswith("quadratic") else 1).sum()
        parts = parts + torch.stack([across, torch.tensor(0.0)])
    if name in ("sum", "ones"):
        whole, parts = whole[:, 0], parts[:, 0]
    assert torch.allclose(whole, parts, rtol=1e-4)


def test_a_minus_b_is_a_minus_b():
    a, b = constant("a", 3.0), constant("b", 1.0)
    assert of(a - b) == [2.0]
    assert of(b - a) == [-2.0]
    assert of(a - b - b) == [1.0]
    assert of(a - (b - a)) == [5.0]


def test_weighted_sums_are_those_of_arithmetic():
    a, b = constant("a", 10.0), constant("b", 4.0)
    assert of(1 * a - 0.5 * b) == [8.0]
    assert of(0.2 * a + b * 0.75) == [5.0]
    assert of(2 * (a - 3 * b)) == [-4.0]
    assert of(-(a + b)) == [-14.0]
    assert of(0 * a) == [0.0]


def test_weights_stay_in_the_text():
    a, b = constant("a", 1), constant("b", 1)
    assert repr(0.2 * a + 0.8 * b) == "0.2*a + 0.8*b"
    assert repr(a - b) == "a - b"
    assert repr(-a + 2 * b) == "-a + 2*b"
    assert repr(-2 * (a - 0.5 * b)) == "-2*a + b"
    assert repr(objectives.channel("mix", 3) - 0.5 * objectives.layer("block")) == "mix:3 - 0.5*mean-square(block)"


def test_operators_return_new_objects():
    a, b = constant("a", 3), constant("b", 1)
    before = (repr(a), repr(b), of(a), of(b))
    results = [a + b, a - b, 2 * a, a * 2, -a]
    assert (repr(a), repr(b), of(a), of(b)) == before
    assert all(result is not a and result is not b for result in results)


@pytest.mark.parametrize("wrong", [1, "a", None])
def test_other_things_do_not_add_up(wrong):
    with pytest.raises(TypeError):
        constant("a", 1) + wrong
    with pytest.raises(TypeError):
        constant("a", 1) - wrong


def test_objectives_multiply_with_numbers_only():
    with pytest.raises(TypeError):
        constant("a", 1) * constant("b", 1)


def test_layers_are_each_named_once():
    both = objectives.channel("mix", 1) + objectives.channel("block", 1) - objectives.channel("mix", 2)
    assert both.layers == ("mix", "block")


@pytest.mark.parametrize("name", ALL)
def test_channels_that_are_not_read_count_for_nothing(model, name):
    objective, value = made(model, name), probe(model, picture(1), ["mix"])["mix"]
    other = value.clone()
    other[:, [0, *range(2, 12)]] = 0
    assert objective.channels == ({1} if objective.layers else set())
    first, second = (objective.score(Activations({"mix": item}, picture(1))) for item in (value, other))
    assert torch.equal(first, second)


def test_the_channels_that_are_read_are_those_of_all_terms():
    some = objectives.channel("mix", 1) + activation(Unit("mix", (4, 5))) - PRIORS["l2"]()
    assert some.channels == transparent(some).channels == {1, 4, 5}
    for whole in (objectives.layer("mix"), objectives.diversity("mix"), objectives.direction("mix", torch.ones(12))):
        assert not (some + whole).channels
        assert not joint([some, whole]).channels


def test_reductions_are_what_they_say(model):
    image = picture(1)
    value = probe(model, image, ["mix"])["mix"]
    mean, deviation = channel_moments(model, "mix")
    whitened = ((value - mean.view(1, -1, 1, 1)) / deviation.view(1, -1, 1, 1)).clamp(-3, 20)
    wanted = {
        "mean": value.mean(),
        "sum": value.sum() / 12,
        "ones": value.sum(),
        "mean-square": value.square().mean(),
        "distance": -(value - 200).abs().mean(),
        "whitened": whitened.square().mean(),
    }
    assert set(wanted) == set(REDUCTIONS)
    for name, number in wanted.items():
        moments = (mean, deviation) if name == "whitened" else None
        found = activation(Unit("mix"), name, moments=moments).score(probe(model, image, ["mix"]))
        assert torch.allclose(found, number.view(1), rtol=1e-5), name


def test_gradients_at_the_layer_are_those_of_the_essays():
    value = picture(1, 1, 4, 5, 5).requires_grad_()
    seen = Activations({"a": value}, value)

    def slope(name: str):
        return torch.autograd.grad(objectives.layer("a", name).score(seen).sum(), value)[0]

    assert torch.equal(slope("ones"), torch.ones_like(value))
    assert torch.allclose(slope("sum"), torch.ones_like(value) / 4)
    direction = slope("mean-square")
    assert torch.allclose(direction / direction.norm(), value / value.norm())


def test_units_select_what_they_name(model):
    value = probe(model, picture(1), ["mix"])["mix"]
    cases = {
        Unit("mix", (3,)): value[:, 3],
        Unit("mix", (3, 5)): value[:, [3, 5]],
        Unit("mix", (3,), (4, 4), (5, 5)): value[:, 3, 4, 5],
        Unit("mix", (3,), (4, 4), None): value[:, 3, 4],
        Unit("mix", (3,), None, (5, 5)): value[:, 3, :, 5],
        Unit("mix", (3,), (2, 6), (3, 9)): value[:, 3, 2:7, 3:10],
        Unit("mix", (), (0, 0), (0, 0)): value[:, :, 0, 0],
    }
    for unit, part in cases.items():
        found = activation(unit).score(Activations({"mix": value}, value))
        assert torch.allclose(found, part.mean().view(1), rtol=1e-5), unit
    assert objectives.neuron("mix", 3, 4, 5).score(Activations({"mix": value}, value)) == value[0, 3, 4, 5]
    assert torch.allclose(objectives.channel("mix", 3).score(Activations({"mix": value}, value)), value[0, 3].mean())


def test_logit_is_before_the_softmax(model):
    seen = probe(model, picture(1), ["logits"])
    assert objectives.logit(2).score(seen) == seen["logits"][0, 2]


def test_positions_and_logits_are_not_tiled():
    assert objectives.channel("mix", 1).tiles
    assert not objectives.neuron("mix", 1, 0, 0).tiles
    assert not objectives.logit(1).tiles
    assert not (objectives.channel("mix", 1) + objectives.logit(1)).tiles


def test_each_image_may_have_its_own_objective(model):
    batch = picture(1, 3, 3, 48, 48)
    several = [objectives.channel("mix", index) for index in (0, 5, 7)]
    seen = probe(model, batch, ["mix"])
    assert torch.allclose(scores(several, seen), seen["mix"].mean((2, 3))[[0, 1, 2], [0, 5, 7]], rtol=1e-5)
    assert torch.allclose(scores([several[1]] * 3, seen), seen["mix"][:, 5].mean((1, 2)), rtol=1e-5)


def test_the_gradient_of_a_batch_of_objectives_is_that_of_each(model):
    batch = picture(1, 3, 3, 48, 48).requires_grad_()
    several = [objectives.channel("mix", 0), 2 * objectives.layer("block"), objectives.logit(3) - objectives.l2()]
    seen = probe(model, batch, ["mix", "block", "logits"])
    (slope,) = torch.autograd.grad(scores(several, seen).sum(), batch)
    for index, objective in enumerate(several):
        single = batch[index : index + 1].detach().clone().requires_grad_()
        (own,) = torch.autograd.grad(objective.score(probe(model, single, objective.layers)).sum(), single)
        assert (own - slope[index]).norm() < 1e-4 * own.norm()


def test_an_unknown_reduction_is_refused():
    with pytest.raises(UnknownName) as caught:
        activation(Unit("mix"), "median")
    assert str(caught.value) == (
        "there is no reduction 'median' here; nearest: 'mean'; "
        "allowed are mean, sum, ones, mean-square, distance, whitened"
    )


def test_whitening_needs_moments():
    with pytest.raises(InvalidSetting, match=r"^'whitened' needs the moments of the layer's channels$"):
        activation(Unit("mix"), "whitened")


def test_a_prior_reads_the_picture_and_not_what_the_network_sees(model):
    image = picture(1)
    seen = probe(model, image, ["mix"], view=torch.zeros_like)
    assert not torch.equal(seen["mix"], probe(model, image, ["mix"])["mix"])
    assert torch.allclose(objectives.l1().score(seen), (image - 0.5).abs().mean().view(1))
    assert torch.allclose(objectives.l2().score(seen), (image - 0.5).square().mean().view(1))


def test_a_prior_may_start_from_a_photo():
    image, photo = picture(1), picture(2)
    assert torch.allclose(objectives.l2(photo).score(Activations({}, image)), (image - photo).square().mean().view(1))
    smaller = resize(photo, (24, 32))
    wanted = (image - resize(smaller, (48, 48))).abs().mean().view(1)
    assert torch.allclose(objectives.l1(smaller).score(Activations({}, image)), wanted)
    assert not objectives.l1(photo).tiles
    assert repr(objectives.l1(photo)) == "l1-photo"
