"""The two Inceptions with their ImageNet weights, where they lie beside the repository."""

from pathlib import Path

import pytest
import torch

import reverie
from reverie import objectives, recipes
from reverie.attribution import attribute, method_named
from reverie.models.connectivity import connectivity
from tiny import hooked, picture

NETWORKS = Path(__file__).parents[2] / "shared" / "networks.py"
pytestmark = pytest.mark.skipif(not NETWORKS.exists(), reason="the real networks are not here")


@pytest.fixture(scope="module")
def googlenet():
    return reverie.load(f"{NETWORKS}:googlenet")


def untouched(name: str):
    from reverie.models.factories import _factory

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


@pytest.mark.parametrize(
    ("name", "layers"),
    [
        ("googlenet", ["conv2.conv", "inception3a.branch4.1.conv", "inception4a.branch2.0.conv",
                       "inception4e.branch3.1.conv", "fc"]),
        ("inception_v3", ["Mixed_5b.branch_pool.conv", "Mixed_6a.branch3x3.conv", "Mixed_6b.branch7x7_1.conv",
                          "Mixed_7a.branch7x7x3_2.conv"]),
    ],
)  # fmt: skip
def test_what_feeds_a_layer_is_what_changes_when_a_channel_changes(name, layers):
    """Through concatenations, poolings and normalisations, one channel moves just the inputs that are said to be it."""
    model, module = reverie.load(f"{NETWORKS}:{name}", size=128), untouched(name)
    wired, x = connectivity(model), reverie.load(f"{NETWORKS}:{name}", size=128).normalised(picture(4, 1, 3, 128, 128))
    for layer in layers:
        maker = next(item for item in wired.makers if getattr(item, "layer", "") == layer)
        sources = wired.units(maker.inputs)
        assert None not in sources
        base = given(module, layer, x, None)
        for source in sources[3 :: len(sources) // 3]:
            moved = (given(module, layer, x, source) - base).abs().flatten(2).amax(2)[0] > 1e-7
            said = [at for at, item in enumerate(sources) if item == source]
            beyond = [at for at in moved.nonzero().flatten().tolist() if sources[at].layer == source.layer]
            # a local response norm divides neighbours by a measure that the channel is part of
            near = 2 if layer == "conv2.conv" else 0
            assert set(said) <= set(beyond), (layer, source)
            assert all(min(abs(at - one) for one in said) <= near for at in beyond), (layer, source)


def given(module, layer: str, x, source):
    """What a layer of the plain module is given, when one channel of another is raised."""
    kept, handles = [], []
    if source is not None:
        channel = int(source.channels[0])

        def raised(_, __, out):
            out = out.clone()
            out[:, channel] += 1.0
            return out

        handles.append(module.get_submodule(source.layer).register_forward_hook(raised))
    handles.append(module.get_submodule(layer).register_forward_pre_hook(lambda _, args: kept.append(args[0].clone())))
    with torch.no_grad():
        module(x)
    for handle in handles:
        handle.remove()
    return kept[0].reshape(1, kept[0].shape[1], -1)
