import numpy as np
import pytest
import torch
from scipy.optimize import minimize

from reverie.constraints import in_range
from reverie.errors import InvalidSetting
from reverie.objectives import layer
from reverie.parameterizations import Fourier, Pixels
from reverie.synthesis import Ascent, Recipe, Stage, iterate
from reverie.transforms import Jitter
from tiny import picture


def rosenbrock(x):
    return (100 * (x[..., 1:] - x[..., :-1].square()).square() + (1 - x[..., :-1]).square()).sum()


class Slope:
    """Score and slope of minus a function of the latents, counted."""

    def __init__(self, latents, cost) -> None:
        self.latents, self.cost, self.calls = latents, cost, 0

    def __call__(self):
        self.calls += 1
        with torch.enable_grad():
            cost = self.cost(self.latents)
            (gradient,) = torch.autograd.grad(cost, self.latents)
        return -cost[None], gradient


def climbed(cost, start, steps: int, *, steady=True, rate=0.01):
    latents = start.clone().requires_grad_()
    slope, climb, notes = Slope(latents, cost), Ascent("lbfgs", (rate, rate)).start(latents, steady=steady), []
    scores = []
    for _ in range(steps):
        scores.append(float(climb(slope, 0.0)))
        notes.append(climb.note)
    return latents.detach(), scores, slope.calls, notes


@pytest.mark.parametrize("steady", [True, False])
def test_it_finds_the_bottom_of_a_curved_valley(steady):
    start = torch.linspace(-1, 2, 10, dtype=torch.float64)[None]
    found, scores, _, notes = climbed(rosenbrock, start, 120, steady=steady)
    assert torch.allclose(found, torch.ones_like(found), atol=1e-3)
    assert not any(notes[:40])
    assert scores == sorted(scores)
    own = minimize(
        lambda x: float(rosenbrock(torch.tensor(x)[None])), start[0].numpy(), method="L-BFGS-B",
        jac=lambda x: torch.func.grad(rosenbrock)(torch.tensor(x)[None])[0].numpy(), options={"maxcor": 10},
    )  # fmt: skip
    assert np.allclose(own.x, 1, atol=1e-3)
    if steady:
        reached = next(index for index, score in enumerate(scores) if score > -1e-6)
        assert reached < 2 * own.nit


def test_a_bowl_is_found_in_a_few_steps_and_one_look_each():
    weights = torch.linspace(1, 50, 30)[None]
    found, _, calls, _ = climbed(lambda x: (weights * (x - 0.3).square()).sum(), torch.zeros(1, 30), 40)
    assert torch.allclose(found, torch.full_like(found, 0.3), atol=1e-2)
    assert calls < 1.6 * 40


def test_the_first_move_is_as_large_as_the_rate():
    found, *_ = climbed(lambda x: x.square().sum(), picture(1, 1, 3, 8, 8), 1, rate=0.3)
    assert float((found - picture(1, 1, 3, 8, 8)).abs().mean()) == pytest.approx(0.3, rel=1e-3)


def test_what_is_no_number_is_stepped_back_from():
    def cost(x):
        return torch.where(x.abs().amax() > 0.5, torch.nan, 1.0) * (x - 0.45).square().sum()

    found, scores, _, _ = climbed(cost, torch.zeros(1, 4), 30, rate=10.0)
    assert torch.allclose(found, torch.full_like(found, 0.45), atol=1e-2)
    assert scores == sorted(scores)


def test_a_stuck_search_drops_its_memory_and_says_so():
    latents = torch.zeros(1, 6).requires_grad_()
    climb = Ascent("lbfgs", (0.1, 0.1)).start(latents)
    turn = torch.linspace(1, 3, 6)[None]
    slope = Slope(latents, lambda x: (turn * (x - 1).square()).sum())
    for _ in range(3):
        climb(slope, 0.0)
    climb.pairs = type(climb.pairs)([(move, -bend, -curve) for move, bend, curve in climb.pairs], maxlen=10)
    before = float(slope()[0].detach())
    after = float(climb(slope, 0.0))
    assert after > before
    assert climb.note == "the line search found no better picture; it goes on from the plain gradient"
    climb(slope, 0.0)
    assert climb.note == ""


def test_where_nothing_is_better_the_picture_stays_and_it_says_so():
    latents = torch.full((1, 3), 0.5).requires_grad_()
    climb = Ascent("lbfgs").start(latents)
    score = climb(lambda: (-(latents - 0.5).abs().sum()[None].detach() * 1e6, torch.ones(1, 3)), 0.0)
    assert float(score) == 0
    assert torch.equal(latents.detach(), torch.full((1, 3), 0.5))
    assert climb.note == "no step along the gradient makes the picture better; it stays as it is"


def test_a_start_that_is_no_number_is_told_to_the_engine():
    latents = torch.zeros(1, 3).requires_grad_()
    score = Ascent("lbfgs").start(latents)(lambda: (torch.zeros(1), torch.full((1, 3), torch.nan)), 0.0)
    assert bool(score.isnan())
    assert torch.equal(latents.detach(), torch.zeros(1, 3))


def recipe(model, **others) -> Recipe:
    stage = Stage((layer("block"), layer("block")), (32, 32), 4, Ascent("lbfgs", (0.1, 0.1)))
    return Recipe(
        **{"names": ("a", "b"), "labels": ("a", "b"), "stages": (stage,), "parameterization": Fourier(), **others}
    )


def test_pictures_run_one_at_a_time(model):
    made = recipe(model, batch=2)
    assert made.batches() == [range(0, 1), range(1, 2)]
    scores = [float(step.score) for step in iterate(model, made)]
    assert scores[:4] == sorted(scores[:4])
    assert scores[4:] == sorted(scores[4:])


def test_a_line_search_sees_one_draw(model):
    scores = [float(step.score) for step in iterate(model, recipe(model, transforms=(Jitter(0.1),)))]
    assert len(scores) == 8


def test_it_goes_with_no_constraint_and_no_blur(model):
    with pytest.raises(InvalidSetting, match=r"^L-BFGS goes with no constraint, which would break"):
        recipe(model, parameterization=Pixels(), constraint=in_range)
    with pytest.raises(InvalidSetting, match=r"^L-BFGS goes with no blur of the gradient"):
        Ascent("lbfgs", blur=(1.0, 1.0))
