import pytest
import torch
from torch import nn

import reverie
from reverie.errors import UnknownName
from reverie.models.feature_maps import Form
from reverie.models.probe import probe
from tiny import Call, hooked, picture, seeded


class Patches(nn.Module):
    """A small transformer in the manner of ViT: a class token, registers, and a sequence-first layer."""

    def __init__(self, apart: int = 1) -> None:
        super().__init__()
        self.patch = nn.Conv2d(3, 6, 8, stride=8)
        self.apart = nn.Parameter(torch.randn(1, apart, 6))
        self.norm, self.mlp, self.gate = nn.LayerNorm(6), nn.Linear(6, 10), nn.GELU()
        self.attention = nn.MultiheadAttention(10, 2, batch_first=True)
        self.turned, self.head = nn.Identity(), nn.Linear(10, 4)

    def forward(self, x):
        x = self.patch(x).flatten(2).transpose(1, 2)
        x = self.gate(self.mlp(self.norm(torch.cat([self.apart.expand(len(x), -1, -1), x], 1))))
        x = x + self.attention(x, x, x)[0]
        return self.head(self.turned(x.transpose(0, 1))[0])


class Last(nn.Module):
    """Channels-last maps in the manner of Swin and ConvNeXt, among them one that is a cube."""

    def __init__(self, width: int = 6) -> None:
        super().__init__()
        self.patch = nn.Conv2d(3, width, 4, stride=4)
        self.norm, self.mlp, self.gate = nn.LayerNorm(width), nn.Linear(width, width), nn.GELU()
        self.back = nn.Conv2d(width, 5, 3, padding=1)

    def forward(self, x):
        x = self.gate(self.mlp(self.norm(self.patch(x).permute(0, 2, 3, 1))))
        return self.back(x.permute(0, 3, 1, 2))


@pytest.mark.parametrize("apart", [0, 1, 2, 5])
@pytest.mark.parametrize("size", [(32, 32), (24, 48)])
def test_tokens_get_the_grid_of_their_patches_and_others_stand_apart(apart, size):
    model = reverie.load(seeded(Patches, apart), size=size)
    image, grid = picture(1, 2, 3, *size), (size[0] // 8, size[1] // 8)
    wanted = hooked(seeded(Patches, apart), model.normalised(image))
    for name in ("norm", "mlp", "gate", "turned"):
        tokens = wanted[name][0] if name != "turned" else wanted[name][0].transpose(0, 1)
        names = [name, f"{name}@class", f"{name}@registers"][: 1 + min(apart, 2)]
        seen = probe(model, image, names)
        assert [item for item in model.layers if item.partition("@")[0] == name] == names
        assert model.layers[name].size == seen[name].shape[2:] == grid
        assert torch.allclose(seen[name].flatten(2).transpose(1, 2), tokens[:, apart:], atol=1e-5)
        if apart:
            assert seen[names[1]].shape == (2, tokens.shape[2], 1, 1)
            assert torch.allclose(seen[names[1]][:, :, 0, 0], tokens[:, 0], atol=1e-5)
        if apart > 1:
            assert model.layers[names[2]].size == (1, apart - 1)
            assert torch.allclose(seen[names[2]][:, :, 0].transpose(1, 2), tokens[:, 1:apart], atol=1e-5)


def test_the_grid_follows_the_pictures_size():
    model = reverie.load(seeded(Patches, 1), size=32)
    image = picture(1, 1, 3, 16, 64)
    assert probe(model, image, ["mlp"])["mlp"].shape == (1, 10, 2, 8)
    assert model.grid("mlp", (16, 64)) == (2, 8)


def test_tokens_that_stand_apart_are_units_like_others():
    model = reverie.load(seeded(Patches, 5), size=32)
    apart = ["gate@class:7", "gate@registers:3", "gate@registers:3@0,2", "gate@registers@0,1"]
    units = model.units(["gate:3@1,2", *apart])
    assert [str(unit) for unit in units][1:] == apart
    made = reverie.feature(model, list(units), steps=3)
    assert made.images.shape == (5, 3, 32, 32)
    assert all(record.automatic["score"] for record in made.records)
    with pytest.raises(UnknownName, match=r"^'gate@class' of Patches has no rows and columns; leave out what follows"):
        model.units("gate@class:7@0,0")
    with pytest.raises(UnknownName, match=r"^Patches has no layer 'patch@class'; nearest: "):
        model.units("patch@class:1")


def test_a_mean_over_the_patches_leaves_the_class_token_out():
    model = reverie.load(seeded(Patches, 1), size=32)
    seen = probe(model, picture(1, 1, 3, 32, 32), ["mlp", "mlp@class"])
    assert torch.allclose(reverie.objectives.channel("mlp", 2).score(seen), seen["mlp"][:, 2].mean())
    assert torch.allclose(reverie.objectives.channel("mlp@class", 2).score(seen), seen["mlp@class"][0, 2, 0, 0])


@pytest.mark.parametrize(("width", "size"), [(6, (32, 32)), (8, (32, 32)), (6, (16, 48)), (4, (16, 48))])
def test_channels_last_maps_are_turned(width, size):
    model = reverie.load(seeded(Last, width), size=size)
    image, grid = picture(1, 2, 3, *size), (size[0] // 4, size[1] // 4)
    wanted = hooked(seeded(Last, width), model.normalised(image))
    for name in ("patch", "norm", "mlp", "gate", "back"):
        layer, found = model.layers[name], probe(model, image, [name])[name]
        value = wanted[name][0].permute(0, 3, 1, 2) if name in ("norm", "mlp", "gate") else wanted[name][0]
        assert layer.size == found.shape[2:] == grid, name
        assert layer.channels == found.shape[1]
        assert torch.allclose(found, value, atol=1e-5), name


def test_the_first_tensor_of_tuples_and_mappings_is_tapped():
    class Several(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv2d(3, 4, 3)
            self.pair = Call(lambda x: (2 * x, None))
            self.named = Call(lambda pair: {"out": [pair[0] + 1, pair[0]]})

        def forward(self, x):
            return {"logits": self.named(self.pair(self.conv(x)))["out"][0].mean((2, 3)), "aux": x}

    model = reverie.load(seeded(Several), size=32)
    seen = probe(model, picture(1, 1, 3, 32, 32), ["conv", "pair", "named", "logits"])
    assert torch.equal(seen["pair"], 2 * seen["conv"])
    assert torch.equal(seen["named"], seen["pair"] + 1)
    assert torch.allclose(seen["logits"][:, :, 0, 0], seen["named"].mean((2, 3)), atol=1e-6)


def test_a_form_of_vectors_and_volumes():
    assert Form("NC").grid(torch.zeros(2, 5), (8, 8)).shape == (2, 5, 1, 1)
    assert Form().grid(torch.zeros(2, 5, 3, 4, 6), (8, 8)).shape == (2, 5, 3, 24)
