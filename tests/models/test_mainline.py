"""The main line of networks as people build them: one layer for each block, those that a person would name."""

import json

import pytest
import torch
from torch import nn

import reverie
from reverie.models.main_line import blocks
from reverie.models.trace import trace
from reverie.models.zoos import import_torchvision
from reverie.recipes.deep_dream import usual_layer
from tiny import Residual, Tiny, plain, seeded


def line(module: nn.Module, side: int = 64) -> list[str]:
    module.eval()
    image = torch.zeros(1, 3, side, side)
    return list(blocks(module, image, trace(module, image).layers))


def network(name: str) -> nn.Module:
    extra = {"aux_logits": False, "init_weights": False} if name in ("googlenet", "inception_v3") else {}
    return import_torchvision().models.get_model(name, weights=None, **extra)


def numbered(prefix: str, *counts: int, start: int = 1) -> list[str]:
    return [f"{prefix}{number}.{index}" for number, count in enumerate(counts, start) for index in range(count)]


INCEPTIONS = [f"inception{name}" for name in ("3a", "3b", "4a", "4b", "4c", "4d", "4e", "5a", "5b")]


@pytest.mark.parametrize(
    ("name", "side", "expected"),
    [
        ("googlenet", 64, ["conv1", "conv2", "conv3", *INCEPTIONS]),
        ("resnet18", 64, ["conv1", *numbered("layer", 2, 2, 2, 2)]),
        ("squeezenet1_1", 64, [f"features.{number}" for number in (0, 3, 4, 6, 7, 9, 10, 11, 12)]),
        ("mobilenet_v3_small", 64, [f"features.{number}" for number in range(13)]),
        ("efficientnet_b0", 64, ["features.0", *numbered("features.", 1, 2, 2, 3, 3, 4, 1), "features.8"]),
        ("shufflenet_v2_x0_5", 64, ["conv1", *numbered("stage", 4, 8, 4, start=2), "conv5"]),
        (
            "convnext_tiny",
            64,
            ["features.0", *numbered("features.", 3), "features.2", *numbered("features.", 3, start=3), "features.4",
             *numbered("features.", 9, start=5), "features.6", *numbered("features.", 3, start=7)],
        ),
        (
            "inception_v3",
            96,
            ["Conv2d_1a_3x3", "Conv2d_2a_3x3", "Conv2d_2b_3x3", "Conv2d_3b_1x1", "Conv2d_4a_3x3",
             *(f"Mixed_{name}" for name in ("5b", "5c", "5d", "6a", "6b", "6c", "6d", "6e"))],
        ),
    ],
)  # fmt: skip
def test_torchvisions_networks_show_their_blocks(name, side, expected):
    found = line(network(name), side)
    if name == "inception_v3":  # on so small a picture the last blocks have a single position
        assert found == expected
    else:
        assert [item for item in found if item in expected] == found
        assert len(found) >= len(expected) - 4  # deep blocks of a small picture may have a single position


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("vit_tiny_patch16_224", ["patch_embed", *(f"blocks.{number}" for number in range(12))]),
        ("efficientnet_b0", ["conv_stem", *numbered("blocks.", 1, 2, 2, 3, 3, 4, 1, start=0), "conv_head"]),
    ],
)
def test_timms_networks_show_their_blocks(name, expected):
    timm = pytest.importorskip("timm")
    assert line(timm.create_model(name), 224) == expected


def test_our_own_networks_show_their_blocks(bundled):
    lite = reverie.load("efficientnet_lite0", None)
    assert lite.main == ("stem", *(f"block{number}" for number in range(1, 17)), "head", "logits")
    assert bundled.blocks == ("stem", "mixed3a", "mixed3b", "mixed4a", "mixed4b", "mixed4c", "mixed5a", "mixed5b")
    assert (usual_layer(lite), usual_layer(bundled)) == ("block8", "mixed4b")


class Wrapped(nn.Module):
    """Stages that are no sequences, inside another module; the last block runs twice."""

    def __init__(self) -> None:
        super().__init__()
        self.backbone = Stages()
        self.fc = nn.Linear(3, 7)

    def forward(self, x):
        return self.fc(self.backbone(x).mean((2, 3)))


class Stages(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first, self.second, self.norm = Residual(3), Residual(3), nn.BatchNorm2d(3)
        self.last = Residual(3)

    def forward(self, x):
        return self.last(self.last(self.norm(self.second(self.first(x)))))


def test_a_network_of_ones_own_is_opened_down_to_its_blocks():
    ready = reverie.load(seeded(Wrapped), size=32)
    assert ready.blocks == ("backbone.first", "backbone.second", "backbone.last~1", "backbone.last~2")
    assert ready.main == (*ready.blocks, "logits")
    assert usual_layer(ready) == "backbone.last~1"


def test_a_network_of_fewer_than_four_blocks_is_listed_whole(model, sequential):
    for ready in (model, sequential):
        assert ready.main == tuple(ready.layers)
        assert ready.main[-1] == "logits"
    assert usual_layer(model) == "mix"
    assert usual_layer(reverie.load(seeded(plain), size=48)) == "2"


def test_networks_without_rows_and_columns_have_no_layer_to_dream():
    flat = reverie.load(nn.Sequential(nn.Flatten(), nn.Linear(3 * 64, 4)), size=8)
    with pytest.raises(reverie.ReverieError, match=r"^no layer of Sequential has rows and columns; name one with"):
        usual_layer(flat)


def test_no_hook_is_left(model):
    twin = reverie.load(seeded(Tiny), size=48)
    assert twin.blocks == model.blocks
    assert not [part for part in twin.variants.plain.modules() if part._forward_hooks or part._forward_pre_hooks]
    assert json.dumps(twin.main)
