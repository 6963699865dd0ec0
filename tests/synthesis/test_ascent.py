import numpy as np
import pytest
import torch

from reference.plain import adam
from reverie.errors import ReverieError
from reverie.settings.own_preset import ASCENTS
from reverie.synthesis.ascent import Ascent
from reverie.transforms import gaussian
from tiny import picture

STEPWISE = [kind for kind in ASCENTS if kind != "lbfgs"]  # each row by itself; L-BFGS has tests of its own


def climbed(ascent: Ascent, gradients, start=None):
    latents = (torch.zeros_like(gradients[0]) if start is None else start.clone()).requires_grad_()
    climb = ascent.start(latents)
    for index, gradient in enumerate(gradients):
        climb(lambda g=gradient: (torch.zeros(len(g)), g.clone()), index / max(1, len(gradients) - 1))
    return latents.detach()


def noise(count: int):
    return [picture(index, 2, 3, 6, 7) - 0.5 for index in range(count)]


@pytest.mark.parametrize("kind", STEPWISE)
def test_every_kind_raises_the_score(kind):
    aim = picture(1, 2, 3, 6, 6)
    latents = torch.zeros_like(aim).requires_grad_()
    climb, scores = Ascent(kind, (0.4, 0.1) if kind in ("l2", "newton") else (0.05, 0.01)).start(latents), []

    def slope():
        score = -(latents - aim).square().flatten(1).sum(1)
        return score, torch.autograd.grad(-score.sum(), latents)[0]

    for index in range(40):
        scores.append(climb(slope, index / 39))
    assert bool((scores[-1] > 0.2 * scores[0]).all())
    assert latents.grad is None


@pytest.mark.parametrize("kind", STEPWISE)
def test_a_row_moves_as_it_would_alone(kind):
    gradients = noise(4)
    both = climbed(Ascent(kind), gradients)
    alone = climbed(Ascent(kind), [gradient[1:] for gradient in gradients])
    assert torch.allclose(both[1:], alone, atol=1e-7)


@pytest.mark.parametrize("kind", STEPWISE)
def test_a_gradient_of_zero_moves_nothing(kind):
    assert torch.equal(climbed(Ascent(kind), [torch.zeros(2, 3, 4, 4)]), torch.zeros(2, 3, 4, 4))


@pytest.mark.parametrize("agree", [True, False])
def test_a_paced_climb_goes_as_far_whether_or_not_gradients_agree(agree):
    start, gradients = picture(9, 2, 3, 6, 7), noise(1) * 8 if agree else noise(8)
    moved = climbed(Ascent("paced", (0.08, 0.02), betas=(0.5, 0.95)), gradients, start) - start
    assert torch.allclose(moved.square().flatten(1).mean(1).sqrt(), torch.full((2,), 0.4), atol=0.01)


def test_adam_is_torchs_to_the_bit():
    gradients = noise(20)
    wanted = gradients[0].clone().requires_grad_()
    optimizer = torch.optim.Adam([wanted], betas=(0.5, 0.95))
    ascent = Ascent("adam", (0.2, 0.01), betas=(0.5, 0.95))
    for index, gradient in enumerate(gradients):
        optimizer.param_groups[0]["lr"] = ascent.between(ascent.rate, index / 19)
        wanted.grad = gradient.clone()
        optimizer.step()
    assert torch.equal(climbed(ascent, gradients, gradients[0]), wanted.detach())


def test_adam_is_the_papers():
    gradients, rates = noise(5), [0.1, 0.0875, 0.075, 0.0625, 0.05]
    found = climbed(Ascent("adam", (0.1, 0.05), betas=(0.8, 0.95)), gradients, gradients[0])
    wanted = adam(gradients[0].numpy(), [g.numpy() for g in gradients], rates, (0.8, 0.95))
    assert np.abs(found.numpy() - wanted).max() < 1e-5


def test_normalised_steps_are_the_gradient_over_its_size():
    (gradient,) = noise(1)
    sizes = {
        "mean-abs": gradient.abs().mean((1, 2, 3), keepdim=True),
        "std": gradient.flatten(1).std(1).view(-1, 1, 1, 1),
        "sign": gradient.abs(),
        "l2": gradient.flatten(1).norm(dim=1).view(-1, 1, 1, 1),
        "gradient": torch.ones(1),
    }
    for kind, size in sizes.items():
        assert torch.allclose(climbed(Ascent(kind, (0.3, 0.3)), [gradient]), -0.3 * gradient / size, atol=1e-6), kind


def test_newton_goes_as_far_as_the_slope_says():
    latents = torch.zeros(3, 1, 2, 2).requires_grad_()
    weights = picture(1, 3, 1, 2, 2) + 0.1
    shift = torch.tensor([1.0, 2.0, -1.0])
    climb = Ascent("newton", (1.0, 1.0)).start(latents)

    def slope():
        score = (weights * latents).flatten(1).sum(1) - shift
        return score, torch.autograd.grad(-score.sum(), latents)[0]

    climb(slope, 0.0)
    assert slope()[0].tolist() == pytest.approx([0, 0, 1], abs=1e-6)  # what has reached it stays
    wanted = weights * (shift.clamp_min(0) / weights.square().flatten(1).sum(1)).view(-1, 1, 1, 1)
    assert torch.allclose(latents.detach(), wanted, atol=1e-6)


@pytest.mark.parametrize(
    ("schedule", "shares"), [("linear", [0, 0.25, 0.5, 0.75, 1]), ("cosine", [0, 0.1464466, 0.5, 0.8535534, 1])]
)
def test_rates_follow_their_schedule(schedule, shares):
    gradient = torch.full((1, 1, 2, 2), -1.0)
    found = climbed(Ascent("sign", (0.4, 0.2), schedule), [gradient] * 5)
    assert float(found[0, 0, 0, 0]) == pytest.approx(sum(0.4 - 0.2 * share for share in shares), rel=1e-5)


def test_the_blur_acts_on_the_gradient_before_its_size_is_taken():
    (gradient,) = noise(1)
    smooth = gaussian(gradient, 1.5)
    found = climbed(Ascent("mean-abs", (0.3, 0.3), blur=(1.5, 0.5)), [gradient])
    assert torch.allclose(found, -0.3 * smooth / smooth.abs().mean((1, 2, 3), keepdim=True), atol=1e-6)


@pytest.mark.parametrize("kind", STEPWISE)
@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_a_picture_without_a_gradient_waits(kind, bad):
    start, latents = picture(1, 2, 3, 4, 4), None
    latents = start.clone().requires_grad_()
    gradient = torch.ones(2, 3, 4, 4)
    gradient[1, 0, 0, 0] = bad
    score = Ascent(kind).start(latents)(lambda: (torch.ones(2), gradient), 0.0)
    assert bool(score[0] == 1)
    assert bool(score[1].isnan())
    assert torch.equal(latents.detach()[1], start[1])


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"kind": "lbfg"}, f"there is no ascent 'lbfg' here; nearest: 'lbfgs'; allowed are {', '.join(ASCENTS)}"),
        ({"schedule": "step"}, "there is no schedule 'step' here; allowed are linear, cosine"),
        ({"rate": (-1.0, 1.0)}, "the rate must be 0 or more, not -1"),
        ({"rate": (float("nan"), 1.0)}, "the rate must be 0 or more, not nan"),
    ],
)
def test_wrong_settings_are_refused(settings, message):
    with pytest.raises(ReverieError) as caught:
        Ascent(**settings)
    assert str(caught.value) == message
