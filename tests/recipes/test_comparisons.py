import pytest
import torch

import reverie
from reverie import recipes
from reverie.errors import InvalidSetting, UnknownName
from reverie.parameterizations import SoftColors
from reverie.synthesis.cancellation import cancellation, measured
from tiny import picture


def gradients(model, image, layer) -> torch.Tensor:
    """[F, numbers]: the gradient of each feature's mean, one full run each."""
    rows = []
    for feature in range(model.layer(layer).channels):
        x = image.clone().requires_grad_()
        reverie.probe(model, x, [layer])[layer][:, feature].mean().backward()
        rows.append(x.grad.flatten())
    return torch.stack(rows)


@pytest.mark.parametrize("features", [None, [0, 1, 2, 3, 4], [3]])
def test_cancellation_is_the_formula(model, features):
    image = picture(3, 1, 3, 32, 32)
    rows = gradients(model, image, "mix")
    rows = rows if features is None else rows[features]
    expected = float(rows.sum(0).norm() / rows.norm(dim=1).sum())
    assert cancellation(model, image, "mix", features, sample=None) == pytest.approx(expected, rel=1e-4)


def test_a_sample_of_the_lengths_is_near(model):
    image = picture(3, 1, 3, 32, 32)
    whole = cancellation(model, image, "mix", sample=None)
    assert cancellation(model, image, "mix", sample=6) == pytest.approx(whole, rel=0.4)
    assert 0 < whole < 1


def test_one_feature_cancels_nothing(model):
    assert cancellation(model, picture(3, 1, 3, 32, 32), "mix", [7]) == pytest.approx(1)


def test_measuring_leaves_the_run_alone(model):
    recipe = recipes.compare(model, "mix", steps=5, size=32)
    found = []
    steps = measured(reverie.iterate(model, recipe), model, "mix", [(0,), range(5), None], found, every=2)
    watched = reverie.synthesize(model, recipe, steps)
    assert torch.equal(watched.images, reverie.synthesize(model, recipe).images)
    assert [item.step for item in found] == [1, 3, 5]
    assert all(item.shares[0] == 1 and 0 < item.shares[2] < 1 for item in found)


def test_one_a_few_and_all_start_alike_and_move_as_far(model):
    recipe = recipes.compare(model, "mix", steps=1, size=32)
    assert recipe.labels == ("mix:0, noise", "first 5, noise", "all 12, noise")
    start = recipe.photo
    assert torch.equal(start[0], start[1])
    assert torch.equal(start[0], start[2])
    made = reverie.synthesize(model, recipe).images
    lengths = (SoftColors().encode(made) - SoftColors().encode(start)).square().flatten(1).mean(1).sqrt()
    assert float(lengths.max() / lengths.min()) < 1.05
    assert float((made[0] - made[2]).abs().max()) > 0.01


def test_each_rises_in_what_it_climbs(model):
    recipe = recipes.compare(model, "mix", steps=8, size=32)
    made = reverie.synthesize(model, recipe).images
    for start, image, objective in zip(recipe.photo, made, recipe.stages[0].objectives, strict=True):
        before, after = (objective.score(reverie.probe(model, item[None], ["mix"])) for item in (start, image))
        assert float(after) > float(before)


def test_a_photo_gives_a_second_row_at_its_aspect(model, photo):
    recipe = recipes.compare(model, "mix", photo=photo, few=3, steps=1, size=40)
    assert recipe.size == (31, 40)
    assert recipe.labels[3:] == ("mix:0, photo", "first 3, photo", "all 12, photo")
    assert len(recipe.batches()) == 1
    made = reverie.synthesize(model, recipe)
    assert made.images.shape == (6, 3, 31, 40)
    made.save("c.png", singles=True)
    again = reverie.rerun("c/all-12-photo.png", model)
    assert torch.equal(again.images[0], made.images[5])


@pytest.mark.parametrize(
    ("layer", "settings", "kind", "message"),
    [
        ("mix:1", {}, InvalidSetting, "'mix:1' is more than a layer; name the layer alone, such as 'mix'"),
        ("mix", {"few": 13}, InvalidSetting, "few must be 1 to 12, not 13"),
        ("mix", {"steps": 0}, InvalidSetting, "steps must be 1 or more, not 0"),
        ("mxi", {}, UnknownName, "has no layer 'mxi'; nearest: 'mix'"),
    ],
)
def test_what_cannot_be_compared_is_refused(model, layer, settings, kind, message):
    with pytest.raises(kind) as caught:
        recipes.compare(model, layer, **settings)
    assert message in str(caught.value)


def test_a_map_is_grown_in_reading_order(model):
    recipe = recipes.grow(model, "mix:2", steps=1, size=32)
    seen = reverie.probe(model, picture(3, 1, 3, 32, 32), ["mix"])
    neurons = seen["mix"][0, 2].flatten()
    assert len(recipe.stages) == len(neurons)
    for number, stage in enumerate(recipe.stages, 1):
        assert float(stage.objectives[0].score(seen)) == pytest.approx(float(neurons[:number].sum()), rel=1e-4)


def test_what_no_neuron_has_seen_yet_is_as_it_began(model):
    run = reverie.iterate(model, recipes.grow(model, "mix:2", steps=1, size=48))
    first, second = next(run).image.clone(), next(run).image.clone()
    change = (second - first).abs().sum((0, 1))
    assert float(change[:12, :16].max()) > 1e-3
    assert float(change[24:].max()) == 0


def test_a_grown_map_repeats(model):
    made = reverie.grow(model, "mix:2", steps=1, size=24)
    made.save("g.png")
    assert torch.equal(reverie.rerun("g.png", model).images, made.images)


@pytest.mark.parametrize(
    ("unit", "size", "message"),
    [
        ("mix", 32, "'mix' is no single feature map; write LAYER:CHANNEL, such as 'mix:0'"),
        ("mix:0-2", 32, "'mix:0-2' is no single feature map; write LAYER:CHANNEL, such as 'mix:0'"),
        ("mix:1@2,2", 32, "'mix:1@2,2' is no single feature map; write LAYER:CHANNEL, such as 'mix:0'"),
        ("block:0", 96, "'block:0' has 48x48 neurons on a picture of 96x96, more than 1024; give a smaller --size"),
    ],
)
def test_what_is_no_map_is_not_grown(model, unit, size, message):
    with pytest.raises(InvalidSetting) as caught:
        recipes.grow(model, unit, size=size)
    assert message in str(caught.value)
