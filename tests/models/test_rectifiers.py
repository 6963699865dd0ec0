import contextlib
import dataclasses
import math

import pytest
import torch
from torch import nn
from torch.nn import functional

import reverie
from reference.plain import redirected_gate_slope, redirected_relu_slope
from reverie.models.rectifiers import Redirected
from tiny import Call, Rectified, picture, seeded


def relu_in_place_as_statement(x):
    torch.relu_(x)
    return x


FORMS = {
    "nn.ReLU": nn.ReLU(),
    "nn.ReLU in place": nn.ReLU(inplace=True),
    "nn.ReLU6": nn.ReLU6(),
    "nn.ReLU6 in place": nn.ReLU6(inplace=True),
    "nn.Hardtanh": nn.Hardtanh(0.0, 6.0),
    "F.relu": Call(functional.relu),
    "F.relu in place": Call(lambda x: functional.relu(x, inplace=True)),
    "F.relu by keyword": Call(lambda x: functional.relu(input=x)),
    "F.relu_": Call(functional.relu_),
    "F.relu6": Call(functional.relu6),
    "F.relu6 in place": Call(lambda x: functional.relu6(x, inplace=True)),
    "torch.relu": Call(torch.relu),
    "torch.relu_": Call(torch.relu_),
    "x.relu()": Call(lambda x: x.relu()),
    "x.relu_()": Call(lambda x: x.relu_()),
    "x.clamp(min=0)": Call(lambda x: x.clamp(min=0)),
    "x.clamp_min_(0)": Call(lambda x: x.clamp_min_(0)),
    "statement": Call(relu_in_place_as_statement),
}


def slope(rectify: nn.Module, *, redirected: bool = True):
    """The gradient of minus channel 0, dead on this start."""
    network = seeded(lambda: Rectified(rectify))
    image = (0.1 * picture(5, 1, 3, 12, 12) - 0.05).requires_grad_()
    with Redirected() if redirected else contextlib.nullcontext():
        value = network.pool(network.rectify(network.conv(image)))
    return torch.autograd.grad(-value[:, 0].sum(), image)[0]


@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_the_rectifier_is_caught_with_one_gradient(form):
    found, wanted = slope(FORMS[form]), slope(nn.ReLU())
    assert float(wanted.abs().sum()) > 0
    assert torch.equal(found, wanted)


def test_without_the_rule_the_dead_unit_has_no_gradient():
    assert float(slope(nn.ReLU(), redirected=False).abs().sum()) == 0


@pytest.mark.parametrize("form", FORMS)
def test_the_values_are_the_rectifiers_own(form):
    value = 8 * picture(2, 2, 3, 5, 5) - 4
    wanted = FORMS[form](value.clone())
    with Redirected():
        found = FORMS[form](value.clone())
    assert torch.equal(found, wanted)


def test_in_place_forms_write_in_place():
    value = picture(2, 1, 1, 4, 4) - 0.5
    with Redirected():
        value.relu_()
    assert float(value.min()) == 0


def test_live_images_keep_their_true_gradient():
    value = torch.tensor([[1.0, -1.0], [-1.0, -2.0]]).view(2, 2, 1, 1).requires_grad_()
    with Redirected():
        out = torch.relu(value)
    (found,) = torch.autograd.grad(-out.sum(), value)
    assert found.flatten().tolist() == [-1, 0, -1, -1]


@pytest.mark.parametrize("ceiling", [float("inf"), 6.0])
def test_redirected_gradients_are_those_of_the_plain_loops(ceiling):
    rectify = functional.relu6 if ceiling == 6 else functional.relu
    for seed in range(4):
        value = (20 * picture(seed, 3, 2, 3, 3) - 10).requires_grad_()
        value.data[1] = -value.data[1].abs()
        value.data[2, 0] = 7 + value.data[2, 0].abs()
        value.data[2, 1] = -1
        gradient = picture(seed + 9, 3, 2, 3, 3) - 0.5
        with Redirected():
            out = rectify(value)
        (found,) = torch.autograd.grad(out, value, gradient)
        wanted = redirected_relu_slope(value.detach().numpy(), gradient.numpy(), ceiling)
        assert torch.allclose(found, torch.from_numpy(wanted))


def test_other_hardtanhs_are_left_alone():
    value = torch.tensor([[-2.0, -0.5], [0.5, 2.0]], requires_grad=True)
    for function in (lambda x: functional.hardtanh(x, -1, 1), functional.elu):
        (wanted,) = torch.autograd.grad(function(value).sum(), value)
        with Redirected():
            (found,) = torch.autograd.grad(function(value).sum(), value)
        assert torch.equal(found, wanted)


@pytest.mark.parametrize("form", ["nn.ReLU", "F.relu", "x.relu_()", "nn.ReLU6"])
def test_a_unit_that_is_dead_on_its_start_rises(form):
    network = reverie.load(seeded(lambda: Rectified(FORMS[form])), size=32, mean=[0.5], std=[1.0])
    recipe = reverie.recipes.feature(network, "rectify:0", preset="naive", size=32, steps=40, start="grey", rate=0.05)
    scores = [float(step.score) for step in reverie.iterate(network, recipe)]
    assert scores[0] == 0
    assert scores[-1] > 0


GATES = {
    "nn.SiLU": nn.SiLU(),
    "nn.SiLU in place": nn.SiLU(inplace=True),
    "nn.GELU": nn.GELU(),
    "nn.GELU by tanh": nn.GELU(approximate="tanh"),
    "nn.Hardswish": nn.Hardswish(),
    "nn.Hardswish in place": nn.Hardswish(inplace=True),
    "nn.Mish": nn.Mish(),
    "F.gelu": Call(functional.gelu),
}
FORMULAS = {
    "nn.SiLU": lambda x: x / (1 + math.exp(-x)),
    "nn.GELU": lambda x: x * (1 + math.erf(x / math.sqrt(2))) / 2,
    "nn.GELU by tanh": lambda x: x / 2 * (1 + math.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))),
    "nn.Mish": lambda x: x * math.tanh(math.log(1 + math.exp(x))),
}


@pytest.mark.parametrize("form", GATES)
def test_smooth_gates_keep_their_values_and_the_gradient_of_live_images(form):
    value = 8 * picture(2, 2, 3, 5, 5) - 4
    plain, ruled = (value.clone().requires_grad_() for _ in range(2))
    wanted = GATES[form](plain * 1)
    with Redirected():
        found = GATES[form](ruled * 1)
    slopes = [torch.autograd.grad(out.sum(), start)[0] for out, start in ((wanted, plain), (found, ruled))]
    assert torch.equal(found, wanted)
    assert torch.allclose(*slopes, atol=1e-6)


@pytest.mark.parametrize("form", FORMULAS)
def test_smooth_gates_are_redirected_as_the_plain_loops_say(form):
    value = (8 * picture(3, 3, 2, 3, 3) - 4).double().requires_grad_()
    value.data[1] = -2 - value.data[1].abs()  # all left of the minimum
    gradient = (picture(9, 3, 2, 3, 3) - 0.5).double()
    with Redirected():
        out = GATES[form](value)
    (found,) = torch.autograd.grad(out, value, gradient)
    wanted = redirected_gate_slope(value.detach().numpy(), gradient.numpy(), FORMULAS[form])
    assert float(found[1].abs().sum()) > 0
    assert torch.allclose(found, torch.from_numpy(wanted), atol=1e-6)


def test_without_waking_only_open_rectifiers_let_through():
    value = torch.tensor([[1.0, -1.0], [-5.0, -2.0]]).view(2, 2, 1, 1).requires_grad_()
    for rectify, live in ((torch.relu, [1.0, 0.0]), (functional.silu, [0.9277, 0.0723])):
        with Redirected(wake=False):
            out = rectify(value)
        (found,) = torch.autograd.grad(out.sum(), value)
        assert found.flatten().tolist() == pytest.approx([*live, 0, 0], abs=1e-4)


@pytest.mark.parametrize("form", ["nn.SiLU", "nn.GELU"])
def test_a_smooth_unit_that_is_shut_on_its_start_opens(form):
    class Shut(nn.Module):
        """Channel 0 starts far left of its gate's minimum, where the plain gradient leads further left."""

        def __init__(self) -> None:
            super().__init__()
            self.conv, self.gate = nn.Conv2d(3, 2, 3), GATES[form]
            with torch.no_grad():
                self.conv.bias[0] = -0.5 * float(self.conv.weight[0].abs().sum())

        def forward(self, x):
            return self.gate(4 * self.conv(x))

    network = reverie.load(seeded(Shut), size=32, mean=[0.5], std=[0.3])
    made = {
        redirect: reverie.synthesize(
            network,
            dataclasses.replace(
                reverie.recipes.feature(network, "gate:0", preset="naive", size=32, steps=40, start="grey", rate=0.05),
                redirect=redirect,
            ),
        )
        for redirect in (0, 16)
    }
    assert made[0].silent == ("gate:0",)
    assert made[0].record.automatic["score"][0] <= 0
    assert made[16].silent == ()
    assert made[16].record.automatic["score"][0] > 0


def test_a_clamp_of_whole_numbers_stays_one():
    with Redirected():
        assert torch.tensor([-1, 2]).clamp(min=0).tolist() == [0, 2]
        assert torch.tensor([-1, 2]).clamp(min=0).dtype == torch.int64
