"""Folding: batch norms of every make go into the convolution before them, and taps return what they did."""

import pytest
import torch
from tests.tiny import picture, seeded
from torch import nn
from torch.nn import functional

import reverie
from reverie.models.folding import is_batch_norm
from reverie.models.zoos import import_torchvision


class NormAct(nn.BatchNorm2d):
    """As timm's `BatchNormAct2d`: a batch norm that carries an activation."""

    def __init__(self, channels: int) -> None:
        super().__init__(channels)
        self.drop, self.act = nn.Identity(), nn.Hardswish(inplace=True)

    def forward(self, x):
        x = functional.batch_norm(x, self.running_mean, self.running_var, self.weight, self.bias, False, 0, self.eps)
        return self.act(self.drop(x))


class Doubled(nn.BatchNorm2d):
    """A subclass that does more than its children tell."""

    def forward(self, x):
        return 2 * super().forward(x)


def frozen(channels: int) -> nn.Module:
    return import_torchvision().ops.FrozenBatchNorm2d(channels)


def stacked(norm) -> nn.Module:
    net = nn.Sequential(nn.Conv2d(3, 6, 3, stride=2, padding=1, bias=False), norm(6), nn.Conv2d(6, 4, 3))
    net[1].running_mean.copy_(torch.linspace(-0.2, 0.3, 6))
    net[1].running_var.copy_(torch.linspace(0.1, 2, 6))
    net[1].weight.data.copy_(torch.linspace(-1, 2, 6))
    return net.eval()


def learnt(norm) -> nn.Module:
    return seeded(lambda: stacked(norm))


@pytest.mark.parametrize("norm", [NormAct, frozen, nn.SyncBatchNorm])
def test_batch_norms_of_other_makes_are_folded_and_taps_return_what_they_did(norm):
    net, image = learnt(norm), picture(1)
    ready = reverie.load(net, size=48)
    assert ready.variants.convolutions == {"0"}
    assert isinstance(ready.variants.module(())[1], nn.Sequential if norm is NormAct else nn.Identity)
    taps = ["0", "1", "2", *(["1.act", "1.drop"] if norm is NormAct else [])]
    with torch.no_grad():
        convolved = net[0](ready.normalised(image))
        expected = {"0": convolved.clone(), "1": net[1](convolved), "2": net(ready.normalised(image))}
    for name in taps:
        value = reverie.probe(ready, image, [name])[name]
        if name in expected:
            assert torch.allclose(value, expected[name], atol=1e-5)
    if norm is NormAct:
        both = reverie.probe(ready, image, ["1.drop", "1.act"])
        assert torch.allclose(functional.hardswish(both["1.drop"]), both["1.act"], atol=1e-5)


def test_a_batch_norm_that_does_more_than_its_parts_tell_is_left_alone():
    net, image = learnt(Doubled), picture(1)
    ready = reverie.load(net, size=48)
    assert not is_batch_norm(net[1])
    assert ready.variants.convolutions == frozenset()
    assert torch.allclose(reverie.probe(ready, image, ["logits"])["logits"], net(ready.normalised(image)), atol=1e-6)


def test_timms_batch_norms_are_folded():
    import_torchvision()
    timm = pytest.importorskip("timm")
    net = seeded(lambda: timm.create_model("mobilenetv3_small_050", pretrained=False)).eval()
    ready = reverie.load(net, size=64)
    norms = [part for part in net.modules() if isinstance(part, nn.BatchNorm2d)]
    assert len(ready.variants.convolutions) == len(norms)


def test_activations_that_copy_their_input_to_write_in_place_no_longer_do():
    net = seeded(lambda: nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU6(inplace=True)))
    ready, image = reverie.load(net, size=48), picture(1)
    assert net[2].inplace
    assert not ready.variants.module(())[2].inplace
    expected = net.eval()(ready.normalised(image))
    assert torch.allclose(reverie.probe(ready, image, ["logits"])["logits"], expected, atol=1e-5)
