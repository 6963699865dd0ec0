"""A dream is as strong as it looks, on any layer, and shapes take the same share of a picture of any size."""

from pathlib import Path

import pytest
import torch

import reverie
from reverie import recipes
from reverie.errors import InvalidSetting
from reverie.recipes.deep_dream import RISE
from tiny import picture

NETWORKS = Path(__file__).parents[3] / "shared" / "networks.py"


def told(model, layer, **settings):
    """The layer's mean square as a multiple of the photo's, and the change of 255."""
    recipe = recipes.dream(model, "sample:china", layer, **settings)
    image = reverie.synthesize(model, recipe).images
    with torch.no_grad():
        made, usual = (
            float(reverie.probe(model, item, [layer])[layer].square().mean()) for item in (image, recipe.photo)
        )
    return made / usual, 255 * float((image - recipe.photo).abs().mean())


@pytest.mark.parametrize("layer", ["mixed3b", "mixed4b", "mixed5a"])  # past the second block
def test_the_default_shows_every_layer_alike(bundled, layer):
    gain, change = told(bundled, layer, size=128)
    assert gain > 1.5
    assert 9 < change < 40


@pytest.mark.skipif(not NETWORKS.exists(), reason="the real networks are not here")
def test_a_deep_layer_of_a_real_network_rises_fourfold():
    gain, change = told(reverie.load(f"{NETWORKS}:googlenet"), "inception4e", size=128)
    assert gain > 4
    assert 9 < change < 40


def test_strength_turns_it(bundled):
    changes = [told(bundled, "mixed4b", size=96, steps=4, strength=strength)[1] for strength in (0.5, 1, 2)]
    assert changes[1] > 1.4 * changes[0]
    assert changes[2] > 1.4 * changes[1]
    with pytest.raises(InvalidSetting, match="strength must be"):
        recipes.dream(bundled, "sample:china", strength=0)


def test_strength_turns_every_preset_and_a_rate(model):
    photo = picture(1, 1, 3, 40, 40)
    for preset in ("default", "google", "essay-dream"):
        usual, turned = (
            recipes.dream(model, photo, "block", preset=preset, rate=0.04, strength=strength).stages[0].ascent.rate
            for strength in (1, 0.5)
        )
        assert turned == (usual[0] / 2, usual[1] / 2)


def test_octaves_begin_at_the_same_size(model):
    first = {
        side: recipes.dream(model, "sample:flower", "block", size=side).stages[0].size[1] for side in (640, 2048, 4096)
    }
    assert all(140 < size < 200 for size in first.values()), first
    stages = recipes.dream(model, "sample:flower", "block", size=2048, octaves=3).stages
    assert [stage.size[1] for stage in stages] == [1045, 1463, 2048]
    assert len(recipes.dream(model, "sample:flower", "block", size=2048, preset="google").stages) == 4


def test_quick_dreams_small_unless_a_size_is_given(model):
    assert recipes.dream(model, "sample:flower", "block", preset="quick").size[1] == 320
    assert recipes.dream(model, "sample:flower", "block", preset="quick", size=400).size[1] == 400
    assert recipes.dream(model, picture(1, 1, 3, 40, 50), "block", preset="quick").size == (40, 50)


def test_a_layer_that_lags_climbs_on_until_it_has_risen(bundled):
    recipe = recipes.dream(bundled, "sample:china", "mixed4b", size=96)
    octaves, onward = recipe.stages[:-1], recipe.stages[-1]
    with torch.no_grad():
        usual = float(onward.objectives[0].score(reverie.probe(bundled, recipe.photo, onward.layers)))
    assert onward.until == pytest.approx(RISE * usual)
    assert onward.size == octaves[-1].size
    assert [stage.until for stage in octaves] == [None] * len(octaves)
    rates = [stage.ascent.rate[0] for stage in octaves]
    assert rates == pytest.approx([rates[-1] * 0.75**k for k in reversed(range(len(octaves)))])
    stronger = recipes.dream(bundled, "sample:china", "mixed4b", size=96, strength=2).stages[-1]
    assert stronger.until == pytest.approx((2 * RISE - 1) * usual)


def test_who_says_steps_or_a_rate_or_another_preset_gets_no_more(bundled):
    for asked in ({"steps": 3}, {"rate": 0.02}, {"preset": "google"}, {"preset": "quick"}, {"tile": 64}):
        stages = recipes.dream(bundled, "sample:china", "mixed4b", size=96, **asked).stages
        assert len({stage.size for stage in stages}) == len(stages), asked


def test_a_run_ends_where_its_score_is_enough_and_repeats(bundled, tmp_path):
    whole = recipes.dream(bundled, "sample:china", "mixed5a", size=96)
    steps = list(reverie.iterate(bundled, whole))
    last = steps[-1]
    assert last.done == last.total == len(steps) < whole.steps
    assert float(last.score) >= whole.stages[-1].until > float(steps[-2].score)
    (path,) = reverie.dream(bundled, "sample:china", "mixed5a", size=96).save(tmp_path / "dream.png")
    assert torch.equal(reverie.rerun(path).images, last.whole().cpu())
