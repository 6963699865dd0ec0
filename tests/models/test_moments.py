import torch

import reverie
from reverie.models.moments import channel_moments, silent_channels, silent_units
from reverie.unit import Unit
from tiny import HalfDead, seeded


def test_silent_channels_are_those_that_never_fire():
    network = reverie.load(seeded(HalfDead), size=32)
    assert silent_channels(network, "relu") == (0,)
    assert silent_channels(network, "conv") == (0,)
    units = network.units(["relu:0-1", "relu:0+1", "relu", "logits:0"])
    assert silent_units(network, units) == (Unit("relu", (0,)),)


def test_no_channel_of_the_bundled_network_is_silent(bundled):
    assert silent_channels(bundled, "mixed4c") == ()


def test_a_constant_channel_is_not_blown_up():
    network = reverie.load(seeded(HalfDead), size=32)
    mean, deviation = channel_moments(network, "relu")
    assert mean[0] == 0
    assert torch.isclose(deviation[0], 0.05 * torch.tensor([0, deviation[1]]).mean(), rtol=1e-3)
