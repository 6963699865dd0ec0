import pytest
import torch
from torch import nn
from torch.nn import functional

import reverie
from reverie.errors import UnknownName
from reverie.models.pooling import AveragedPooling
from tiny import Call, Tiny, picture, seeded

SPELLINGS = {
    "module": nn.MaxPool2d(3, 2, 1),
    "function": Call(lambda x: functional.max_pool2d(x, 3, 2, 1)),
    "torch": Call(lambda x: torch.max_pool2d(x, 3, 2, 1)),
    "ceiling": nn.MaxPool2d(3, 2, 1, ceil_mode=True),
}


@pytest.mark.parametrize("name", SPELLINGS)
def test_every_spelling_takes_the_mean(name):
    image = picture(1, 2, 3, 11, 13)
    with AveragedPooling():
        found = SPELLINGS[name](image)
    wanted = functional.avg_pool2d(image, 3, 2, 1, ceil_mode=name == "ceiling", count_include_pad=False)
    assert torch.equal(found, wanted)
    assert not torch.equal(SPELLINGS[name](image), wanted)


def test_a_pool_without_a_stride_steps_by_its_kernel():
    image = picture(1, 1, 3, 8, 8)
    with AveragedPooling():
        assert torch.equal(functional.max_pool2d(image, 2), functional.avg_pool2d(image, 2))


def test_dilated_pools_stay_as_they_are():
    image = picture(1, 1, 3, 9, 9)
    wanted = functional.max_pool2d(image, 2, dilation=2)
    with AveragedPooling():
        assert torch.equal(functional.max_pool2d(image, 2, dilation=2), wanted)


def test_a_network_is_loaded_with_means(photo):
    module = seeded(Tiny)
    own, averaged = reverie.load(module, size=48), reverie.load(module, size=48, pooling="average")
    image = picture(1)
    values = [reverie.probe(model, image, ["stem.2", "stem.3"]) for model in (own, averaged)]
    assert torch.allclose(values[0]["stem.2"], values[1]["stem.2"])
    assert torch.allclose(values[1]["stem.3"], functional.avg_pool2d(values[1]["stem.2"], 2), atol=1e-6)
    assert "pooling" not in own.source
    made = reverie.dream(averaged, photo, "block", steps=2, octaves=1)
    made.save("a.png")
    assert torch.equal(reverie.rerun("a.png", averaged).images, made.images)
    assert torch.equal(reverie.rerun("a.png", module).images, made.images)


def test_another_pooling_is_refused():
    with pytest.raises(UnknownName) as caught:
        reverie.load("bundled", pooling="mean")
    assert str(caught.value) == "there is no pooling 'mean' here; allowed are own, average"
