import pytest
import torch

from reverie.attribution.cam import layer_slope
from reverie.attribution.contributions import speaking_for
from reverie.errors import InvalidSetting
from reverie.models.probe import probe
from reverie.objectives import channel, logit
from tiny import picture


def test_activation_times_slope_adds_up_to_the_score_where_the_rest_is_linear(sequential):
    image = picture(1)
    wish = channel("3", 4)  # a convolution of layer 2, so linear but for its bias
    value, slope = layer_slope(sequential, image, wish, "2")
    bias = sequential.variants.module(()).get_submodule("3").bias[4]
    score = wish.score(probe(sequential, image, ["3"]))
    assert float((value * slope).sum()) == pytest.approx(float(score - bias), rel=1e-4)


def test_what_speaks_for_a_unit_points_where_the_activation_does(model):
    image = picture(1)
    found = speaking_for(model, image, logit(2), "mix")
    value, slope = layer_slope(model, image, logit(2), "mix")
    assert bool((found * value >= 0).all())
    assert torch.equal(found != 0, value * slope > 0)
    assert torch.allclose((found * value.sign()).sum(), (value * slope).clamp_min(0).sum(), rtol=1e-5)
    against = speaking_for(model, image, -logit(2), "mix")
    assert not bool(((found != 0) & (against != 0)).any())


def test_a_layer_behind_the_unit_is_refused(model):
    with pytest.raises(InvalidSetting, match="does not lead to"):
        speaking_for(model, picture(1), channel("block", 1), "mix")
