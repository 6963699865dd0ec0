import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

import reverie
from reference.attributions import two_layers
from reverie.attribution import METHODS, Settings, attribute, method_named
from reverie.attribution.gradients import IntegratedGradients, Rectified, SmoothGrad
from reverie.errors import InvalidSetting, ReverieError, UnknownName
from reverie.models.rules import Ruled
from reverie.objectives import activation, channel, logit
from reverie.settings.explain import METHODS as told_of
from reverie.unit import Unit
from tiny import Call, picture, seeded, state


def in_place_statement(x):
    torch.relu_(x)
    return x


SPELLINGS = {
    "nn.ReLU": nn.ReLU(),
    "nn.ReLU in place": nn.ReLU(inplace=True),
    "F.relu": Call(functional.relu),
    "F.relu in place": Call(lambda x: functional.relu(x, inplace=True)),
    "F.relu by keyword": Call(lambda x: functional.relu(input=x)),
    "F.relu by place": Call(lambda x: functional.relu(x, True)),
    "F.relu_": Call(functional.relu_),
    "torch.relu": Call(torch.relu),
    "torch.relu_": Call(torch.relu_),
    "x.relu()": Call(lambda x: x.relu()),
    "x.relu_()": Call(lambda x: x.relu_()),
    "statement": Call(in_place_statement),
    "torch.clamp": Call(lambda x: torch.clamp(x, min=0)),
    "x.clamp": Call(lambda x: x.clamp(0)),
    "x.clamp_": Call(lambda x: x.clamp_(0, None)),
    "x.clamp_min": Call(lambda x: x.clamp_min(0)),
}
SIXES = {
    "nn.ReLU6": nn.ReLU6(),
    "nn.ReLU6 in place": nn.ReLU6(inplace=True),
    "nn.Hardtanh": nn.Hardtanh(0.0, 6.0),
    "F.relu6": Call(functional.relu6),
    "F.relu6 in place": Call(lambda x: functional.relu6(x, inplace=True)),
    "F.hardtanh by name": Call(lambda x: functional.hardtanh(x, min_val=0.0, max_val=6.0)),
}
SMOOTH = {
    "nn.SiLU": ("silu", nn.SiLU()),
    "nn.SiLU in place": ("silu", nn.SiLU(inplace=True)),
    "nn.GELU": ("gelu", nn.GELU()),
    "F.gelu": ("gelu", Call(functional.gelu)),
    "nn.Mish": ("mish", nn.Mish()),
    "nn.Hardswish": ("hardswish", nn.Hardswish()),
    "nn.LeakyReLU": ("leaky_relu", nn.LeakyReLU(0.1)),
    "nn.LeakyReLU in place": ("leaky_relu", nn.LeakyReLU(0.1, inplace=True)),
    "nn.ELU": ("elu", nn.ELU()),
    "nn.Softplus": ("softplus", nn.Softplus()),
}


class Twice(nn.Module):
    """Two convolutions, with one and the same rectifier behind each."""

    def __init__(self, rectify: nn.Module) -> None:
        super().__init__()
        self.conv1, self.conv2, self.rectify = nn.Conv2d(3, 5, 3, padding=1), nn.Conv2d(5, 4, 3, padding=1), rectify

    def forward(self, x):
        return self.rectify(self.conv2(self.rectify(self.conv1(x))))


def twice(rectify: nn.Module, gain: float = 1.0):
    module = seeded(lambda: Twice(rectify))
    with torch.no_grad():
        module.conv1.weight *= gain
    return module, reverie.load(module, size=32, mean=[0.5], std=[0.25])


IMAGE, CHANNEL = picture(3, 1, 3, 9, 10), 1


def reference(module: Twice, rule: str, ceiling: float = float("inf")):
    weights = [part.weight.detach().double().numpy() for part in (module.conv1, module.conv2)]
    biases = [part.bias.detach().double().numpy() for part in (module.conv1, module.conv2)]
    shown = (IMAGE[0].double().numpy() - 0.5) / 0.25
    return two_layers(shown, weights, biases, CHANNEL, rule, ceiling) / 0.25


@pytest.mark.parametrize("rule", ["gradient", "guided-backprop", "deconvnet"])
@pytest.mark.parametrize("spelling", SPELLINGS)
def test_every_spelling_of_a_rectifier_has_the_papers_gradient(spelling, rule):
    module, model = twice(SPELLINGS[spelling])
    wanted = reference(module, rule)
    found = attribute(model, IMAGE, channel("logits", CHANNEL), method_named(rule))[0]
    assert np.abs(wanted).max() > 0
    assert np.allclose(found.numpy(), wanted, atol=1e-6 + 1e-4 * np.abs(wanted).max())


@pytest.mark.parametrize("rule", ["guided-backprop", "deconvnet"])
@pytest.mark.parametrize("spelling", SIXES)
def test_a_rectifier_with_a_ceiling_is_shut_above_it(spelling, rule):
    module, model = twice(SIXES[spelling], gain=20.0)
    wanted, plain = reference(module, rule, 6.0), reference(module, rule)
    found = attribute(model, IMAGE, channel("logits", CHANNEL), method_named(rule))[0].numpy()
    assert np.allclose(found, wanted, atol=1e-6 + 1e-4 * np.abs(wanted).max())
    assert rule == "deconvnet" or not np.allclose(plain, wanted, atol=1e-3 * np.abs(wanted).max())


@pytest.mark.parametrize("spelling", SMOOTH)
def test_smooth_functions_are_open_where_their_input_is_positive(spelling):
    name, rectify = SMOOTH[spelling]
    value = (8 * picture(1, 2, 3, 4, 4) - 4).requires_grad_()
    gradient = picture(2, 2, 3, 4, 4) - 0.5
    with Ruled(guided=True) as rule:
        out = rectify(value.clone())
    (found,) = torch.autograd.grad(out, value, gradient)
    assert dict(rule.caught) == {name: 1}
    assert torch.equal(out.detach(), rectify(value.detach().clone()))
    assert torch.equal(found, gradient.clamp_min(0) * (value > 0))


def test_other_functions_are_left_alone():
    x = torch.zeros(2, 2)
    with Ruled(guided=True) as rule:
        functional.hardtanh(x)
        torch.clamp(x, 0, 1)
        x.clamp(min=torch.zeros(2, 2))
        x.clamp_max(0)
        torch.sigmoid(x)
        x.clamp(-1)
    assert not rule.caught


def test_the_rule_says_how_many_it_caught():
    _, model = twice(nn.ReLU())
    *_, last = Rectified().estimates(model, IMAGE, logit(0))
    assert last.facts == {"rectifiers": {"relu": 2}}
    assert last.notes == ("the rule was applied to 2 rectifiers",)
    _, model = twice(nn.SiLU())
    *_, last = Rectified().estimates(model, IMAGE, logit(0))
    assert last.notes == (
        "2 silu are treated as rectifiers, open where their input is above 0: the papers know no rule for it",
    )


@pytest.mark.parametrize(("method", "layer"), [("guided-backprop", "logits"), ("deconvnet", "rectify~1")])
def test_a_network_without_rectifiers_is_refused(method, layer):
    _, model = twice(nn.Tanh())
    with pytest.raises(InvalidSetting) as caught:
        attribute(model, IMAGE, activation(Unit(layer, (1,))), method_named(method))
    assert str(caught.value) == (
        f"{method} needs rectifiers, and none ran in Twice up to {layer}; "
        "take --method gradient or integrated-gradients"
    )


def test_the_gradient_is_autograds(model, module):
    image = picture(4)
    seen = image.clone().requires_grad_()
    module.eval()
    module(model.normalised(seen))[:, 3].sum().backward()
    module.train()
    module.zero_grad()
    found = attribute(model, image, logit(3), method_named("gradient"))
    assert torch.allclose(found, seen.grad, atol=1e-5 * float(seen.grad.abs().max()))
    product = attribute(model, image, logit(3), method_named("input-x-gradient", Settings(baseline="grey")))
    assert torch.allclose(product, (image - 0.5) * found)


def test_a_pictures_attribution_does_not_depend_on_the_others(model):
    images = picture(4, 3, 3, 48, 48)
    for name in ("gradient", "smoothgrad", "integrated-gradients", "guided-backprop"):
        method = method_named(name, Settings(samples=4))
        together = attribute(model, images, logit(1), method)
        assert together.shape == (3, 3, 48, 48)
        assert torch.equal(together[1:2], attribute(model, images[1:2], logit(1), method))


class Bowl(nn.Module):
    """The sum of squares: its gradient is known."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 3, 1, bias=False)
        with torch.no_grad():
            self.conv.weight.copy_(torch.eye(3)[:, :, None, None])

    def forward(self, x):
        return self.conv(x).square().sum((1, 2, 3))[:, None]


@pytest.fixture
def bowl():
    return reverie.load(Bowl(), size=8, mean=[0.0], std=[1.0])


def test_smoothgrad_and_vargrad_of_a_bowl_are_the_mean_and_the_variance_of_its_slope(bowl):
    image = picture(5, 1, 3, 8, 8)
    mean = attribute(bowl, image, logit(0), SmoothGrad(400, 0.2))[0]
    variance = attribute(bowl, image, logit(0), SmoothGrad(400, 0.2, variance=True))[0]
    sigma = 0.2 * float(image.max() - image.min())
    assert torch.allclose(mean, 2 * image[0], atol=5 * 2 * sigma / 20)
    assert abs(float(variance.mean()) / (4 * sigma**2) - 1) < 0.05


def test_noise_repeats_from_the_seed_and_not_from_the_batch(bowl, monkeypatch):
    image = picture(5, 1, 3, 8, 8)
    first = attribute(bowl, image, logit(0), SmoothGrad(7, seed=3))
    monkeypatch.setattr(type(bowl), "together", lambda *_: 2)
    assert torch.allclose(attribute(bowl, image, logit(0), SmoothGrad(7, seed=3)), first, atol=1e-6)
    assert not torch.allclose(attribute(bowl, image, logit(0), SmoothGrad(7, seed=4)), first, atol=1e-3)


@pytest.mark.parametrize("baseline", ["black", "white", "grey", "mean", "blur"])
def test_integrated_gradients_are_complete(model, baseline):
    image = picture(6)
    *_, last = IntegratedGradients(64, baseline).estimates(model, image, logit(2))
    assert abs(last.facts["sum"] - last.facts["difference"]) <= 0.05 * abs(last.facts["difference"]) + 1e-3
    assert last.notes[0].startswith("completeness: the attributions add up to ")
    assert float(last.raw.sum()) == pytest.approx(last.facts["sum"], abs=1e-4)


def test_integrated_gradients_of_a_bowl_are_the_squares(bowl):
    image = picture(5, 1, 3, 8, 8)
    found = attribute(bowl, image, logit(0), IntegratedGradients(5))
    assert torch.allclose(found, image.square(), atol=1e-5)


def test_an_unknown_method_lists_all():
    with pytest.raises(UnknownName) as caught:
        method_named("gradcam")
    assert str(caught.value) == (
        "there is no method 'gradcam' here; nearest: 'grad-cam', 'grad-cam++', 'guided-grad-cam'; "
        f"allowed are {', '.join(told_of)}"
    )


@pytest.mark.parametrize(
    ("name", "settings", "message"),
    [
        ("smoothgrad", {"samples": 0}, "samples must be 1 or more, not 0"),
        ("vargrad", {"noise": -1.0}, "noise must be 0 to 10, not -1"),
        ("integrated-gradients", {"samples": 1.5}, "samples must be a whole number, not 1.5"),
        ("rise", {"baseline": "gray"}, "there is no baseline 'gray' here; nearest: 'grey'; "
                               "allowed are black, white, grey, mean, blur"),
    ],
)
def test_settings_are_checked(name, settings, message):
    with pytest.raises(ReverieError) as caught:
        method_named(name, Settings(**settings))
    assert str(caught.value) == message


@pytest.mark.parametrize("name", METHODS)
def test_the_callers_module_and_random_state_are_left_alone(module, model, name):
    before, seed = state(module), torch.random.get_rng_state()
    attribute(model, picture(1), logit(1), method_named(name, Settings(samples=3, window=24)))
    assert state(module) == before
    assert torch.equal(torch.random.get_rng_state(), seed)


@pytest.mark.parametrize("name", METHODS)
def test_a_map_is_as_large_as_the_picture_and_finite(model, name):
    found = attribute(model, picture(2, 1, 3, 41, 53), logit(0), method_named(name, Settings(samples=3, window=20)))
    assert found.shape in ((1, 3, 41, 53), (1, 41, 53))
    assert bool(found.isfinite().all())
    assert float(found.abs().sum()) > 0
