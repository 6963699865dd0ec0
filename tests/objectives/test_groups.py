import pytest
import torch
from torch import nn

import reverie
from reverie.errors import InvalidSetting
from reverie.image import to_pil
from reverie.objectives.factorisation import channel_groups


@pytest.fixture
def coloured():
    """Channels 0 and 3 see red, 1 and 4 green, 2 and 5 blue; 0 to 2 twice as strongly as 3 to 5."""
    net = nn.Sequential(nn.Conv2d(3, 6, 1, bias=False), nn.ReLU())
    with torch.no_grad():
        net[0].weight.zero_()
        for channel in range(6):
            net[0].weight[channel, channel % 3] = 2.0 if channel < 3 else 1.0
    return reverie.load(net, size=32, mean=[0, 0, 0], std=[1, 1, 1])


@pytest.fixture
def patches(tmp_path):
    """A photo of pure colours: red the most, then green, then blue."""
    image = torch.zeros(3, 48, 64)
    image[0, :, :32] = 1
    image[1, :, 32:52] = 1
    image[2, :, 52:] = 1
    to_pil(image).save(tmp_path / "patches.png")
    return tmp_path / "patches.png"


def test_channels_that_go_together_are_found_the_strongest_first(coloured, patches):
    groups, shares = channel_groups(coloured, "1", 3, [patches])
    wanted = torch.tensor([[2.0, 0, 0, 1, 0, 0], [0, 2, 0, 0, 1, 0], [0, 0, 2, 0, 0, 1]]) / 5**0.5
    assert torch.allclose(groups, wanted, atol=0.02)
    assert shares.tolist() == pytest.approx([32 / 64, 20 / 64, 12 / 64], abs=0.03)


def test_groups_are_the_same_each_time_and_of_unit_length(bundled):
    first, shares = channel_groups(bundled, "mixed3a", 4)
    assert torch.equal(first, channel_groups(bundled, "mixed3a", 4)[0])
    assert first.shape == (4, bundled.layer("mixed3a").channels)
    assert (first >= 0).all()
    assert torch.allclose(first.norm(dim=1), torch.ones(4), atol=1e-5)
    assert float(shares.sum()) == pytest.approx(1)
    assert shares.tolist() == sorted(shares.tolist(), reverse=True)


def test_photos_may_be_folders_and_tensors(coloured, patches):
    folder = channel_groups(coloured, "1", 3, [patches.parent])[0]
    tensor = channel_groups(coloured, "1", 3, [reverie.image.read(patches)])[0]
    assert torch.equal(folder, tensor)


@pytest.mark.parametrize("count", [0, 7])
def test_a_wrong_number_of_groups_is_one_sentence(coloured, patches, count):
    with pytest.raises(InvalidSetting) as caught:
        channel_groups(coloured, "1", count, [patches])
    assert str(caught.value) == f"groups must be 1 to 6, the channels of '1', not {count}"


def test_a_layer_that_is_silent_is_one_sentence(coloured):
    with pytest.raises(InvalidSetting, match="'1' responds to none of the photos; name others with --photos"):
        channel_groups(coloured, "1", 2, [torch.zeros(3, 20, 20)])
