import pytest
import torch

import reverie
from reverie import recipes
from reverie.objectives import scores
from tiny import picture

UNITS = [
    "block:3@7,9",
    "mix:2@5,6",
    "stem.0:1@20,20",
    "stem.0:1@0,47",
    "mix:2@0,0",
    "mix:2@11,11",
    "block:1@4-8,5",
    "mix:2@4,:",
]


def slope(model, recipe, image):
    image = image.clone().requires_grad_()
    (stage,) = recipe.stages
    score = scores(stage.objectives, reverie.probe(model, image, stage.layers))
    return score.detach(), torch.autograd.grad(score.sum(), image)[0]


def whole(model, unit, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr("reverie.recipes.feature_visualization._window", lambda *_: None)
        return recipes.feature(model, unit, preset="naive", size=48, steps=3)


@pytest.mark.parametrize("unit", UNITS)
def test_the_window_gives_the_score_and_gradient_of_the_whole_picture(model, unit, monkeypatch):
    part, full = recipes.feature(model, unit, preset="naive", size=48, steps=3), whole(model, unit, monkeypatch)
    assert part.window is not None
    image, (height, width) = picture(4), part.stages[0].size
    top, left = part.window.top, part.window.left
    score, inner = slope(model, part, image[..., top : top + height, left : left + width])
    wanted, outer = slope(model, full, image)
    assert torch.allclose(score, wanted, rtol=1e-4, atol=1e-6)
    back = torch.zeros_like(outer)
    back[..., top : top + height, left : left + width] = inner
    assert (back - outer).norm() <= 1e-4 * outer.norm() + 1e-9


@pytest.mark.parametrize("unit", UNITS)
def test_outside_the_window_the_picture_is_the_start(model, unit):
    made = recipes.feature(model, unit, preset="naive", size=48, steps=3, start="grey")
    image = reverie.synthesize(model, made).images
    assert image.shape == (1, 3, 48, 48)
    height, width = made.stages[0].size
    inside = torch.zeros(48, 48, dtype=torch.bool)
    inside[made.window.top : made.window.top + height, made.window.left : made.window.left + width] = True
    assert torch.all(image[..., ~inside] == 0.5)
    assert not torch.all(image[..., inside] == 0.5)


def test_the_noise_outside_is_that_of_the_whole_picture(model, monkeypatch):
    made, full = (
        recipes.feature(model, UNITS[0], preset="naive", size=48, steps=1, rate=0.0),
        whole(model, UNITS[0], monkeypatch),
    )
    start = full.parameterization.init((3, 48, 48), [reverie.synthesis.engine.generator(0, full.names[0])])
    assert torch.equal(reverie.synthesize(model, made).images, start)


def test_the_window_is_no_larger_than_the_field_and_a_stride(model):
    made = recipes.feature(model, "block:3@7,9", size=48)
    layer = model.layers["block"]
    assert all(
        side <= field + layer.stride[0] for side, field in zip(made.stages[0].size, layer.receptive_field, strict=True)
    )


def test_several_neurons_of_one_place_share_the_window(model):
    made = reverie.feature(model, "block:0-2@7,9", preset="naive", size=48, steps=2)
    assert made.images.shape == (3, 3, 48, 48)
    assert recipes.feature(model, "block:0-2@7,9", size=48).window is not None


def test_neurons_of_several_places_see_the_whole_picture(model):
    assert recipes.feature(model, ["block:0@7,9", "block:0@1,1"], size=48).window is None
    assert recipes.feature(model, ["block:0@7,9", "block:0"], size=48).window is None
    assert recipes.feature(model, "block:0", size=48).window is None


def test_a_neuron_with_the_default_preset_rises(model):
    made = recipes.feature(model, "block:3@7,9", size=48, steps=30)
    image = reverie.synthesize(model, made).images
    value = reverie.probe(model, torch.cat([torch.full_like(image, 0.5), image]), ["block"])["block"][:, 3, 7, 9]
    assert float(value[1]) > float(value[0])
