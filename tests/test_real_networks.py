"""The two Inceptions with their ImageNet weights, where they lie beside the repository."""

from pathlib import Path

import pytest
import torch

import reverie
from reverie import objectives, recipes
from reverie.attribution import attribute, method_named
from tiny import hooked, picture

NETWORKS = Path(__file__).parents[2] / "shared" / "networks.py"
pytestmark = pytest.mark.skipif(not NETWORKS.exists(), reason="the real networks are not here")


@pytest.fixture(scope="module")
def googlenet():
    return reverie.load(f"{NETWORKS}:googlenet")


def untouched(name: str):
    from reverie.models.sources import _factory

    return _factory(f"{NETWORKS}:{name}")()


def test_sixteen_neighbouring_channels_all_rise(googlenet):
    units = "inception4c:0-15"
    start = recipes.feature(googlenet, units, size=96, steps=1, rate=0.0)
    made = recipes.feature(googlenet, units, size=96, steps=12)

    def values(recipe):
        images = reverie.synthesize(googlenet, recipe).images
        seen = reverie.probe(googlenet, images, ["inception4c"])["inception4c"]
        return torch.stack([seen[index, index].mean() for index in range(16)])

    with torch.no_grad():
        before, after = values(start), values(made)
    assert bool((after > before).all()), (after - before).tolist()


@pytest.mark.parametrize("name", ["googlenet", "inception_v3"])
def test_taps_equal_plain_hooks(name):
    side = 96
    model, module = reverie.load(f"{NETWORKS}:{name}", size=side), untouched(name)
    image = picture(1, 1, 3, side, side)
    wanted = hooked(module, model.normalised(image))
    folded = [key for key, layer in model.layers.items() if layer.kind != "Conv2d"]
    for group in (list(model.layers), folded):
        seen = reverie.probe(model, image, group)
        for key in group:
            part, _, call = key.partition("~")
            expected = wanted[part][int(call or 1) - 1]
            expected = expected if expected.ndim == 4 else expected.reshape(*expected.shape, 1, 1)
            assert (seen[key] - expected).norm() <= 1e-4 * expected.norm() + 1e-6, key


def test_a_neuron_is_computed_in_its_field(googlenet):
    made = recipes.feature(googlenet, "inception3b:20@14,14")
    assert made.window is not None
    height, width = made.stages[0].size
    assert height * width < 0.5 * made.size[0] * made.size[1]


@pytest.mark.parametrize("name", ["googlenet", "inception_v3"])
def test_rectifier_rules_reach_functional_rectifiers(name):
    """Peers that hook modules return the plain gradient here: these networks call a function."""
    model = reverie.load(f"{NETWORKS}:{name}", size=96)
    layer = "inception4c" if name == "googlenet" else "Mixed_6b"
    image = picture(1, 1, 3, 96, 96)
    plain, guided, back = (
        attribute(model, image, objectives.channel(layer, 3), method_named(method))
        for method in ("gradient", "guided-backprop", "deconvnet")
    )
    for other in (guided, back):
        assert float(other.abs().sum()) > 0
        assert abs(float(torch.cosine_similarity(plain.flatten(), other.flatten(), 0))) < 0.5
