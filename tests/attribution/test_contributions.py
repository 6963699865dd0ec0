import pytest
import torch

from reverie.attribution.contributions import contributions, speaking_for
from reverie.errors import InvalidSetting
from reverie.models.probe import probe
from reverie.objectives import channel, logit
from tiny import picture


def test_they_add_up_to_the_logit_where_the_rest_is_linear(sequential):
    image = picture(1)
    (layer,) = ["2"]
    wish = channel("3", 4)  # a convolution of layer 2, so linear but for its bias
    found = contributions(sequential, image, wish, layer)
    bias = sequential.variants.module(()).get_submodule("3").bias[4]
    score = wish.score(probe(sequential, image, ["3"]))
    assert float(found.sum()) == pytest.approx(float(score - bias), rel=1e-4)


def test_what_speaks_for_a_unit_points_where_the_activation_does(model):
    image = picture(1)
    found, all_of_it = (call(model, image, logit(2), "mix") for call in (speaking_for, contributions))
    value = probe(model, image, ["mix"])["mix"]
    assert bool((found * value >= 0).all())
    assert torch.equal(found != 0, all_of_it > 0)
    assert torch.allclose((found * value.sign()).sum(), all_of_it.clamp_min(0).sum(), rtol=1e-5)
    against = speaking_for(model, image, -logit(2), "mix")
    assert not bool(((found != 0) & (against != 0)).any())


def test_a_layer_behind_the_unit_is_refused(model):
    with pytest.raises(InvalidSetting, match="does not lead to"):
        contributions(model, picture(1), channel("block", 1), "mix")
