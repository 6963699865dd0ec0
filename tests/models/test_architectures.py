"""What today's networks look like to a tap: transformers, channels-last maps, gates, at small sizes."""

import pytest
import torch

import reverie
from reverie.errors import UnknownName, WeightsUnavailable
from reverie.models.probe import probe
from reverie.models.zoos import import_torchvision, is_timm_name
from tiny import hooked, picture, seeded


def zoo(name: str):
    """A small network of torchvision or timm, random weights."""
    models = import_torchvision().models
    timm = pytest.importorskip("timm") if name.startswith("timm") else None
    makers = {
        "ViT": lambda: models.VisionTransformer(32, 8, 2, 2, 16, 32, num_classes=10),
        "Swin": lambda: models.SwinTransformer([4, 4], 12, [2, 2], [2, 2], [2, 2], num_classes=10),
        "ConvNeXt": lambda: models.convnext.ConvNeXt(
            [models.convnext.CNBlockConfig(12, 16, 2), models.convnext.CNBlockConfig(16, None, 1)], num_classes=10
        ),
        "EfficientNet": lambda: models.efficientnet_b0(num_classes=10),
        "timm ViT": lambda: timm.models.VisionTransformer(32, 8, num_classes=10, embed_dim=16, depth=2, num_heads=2),
        "timm ViT with registers": lambda: timm.models.VisionTransformer(
            32, 8, num_classes=10, embed_dim=16, depth=2, num_heads=2, reg_tokens=4, class_token=True
        ),
        "timm Swin": lambda: timm.models.SwinTransformer(
            32, 4, num_classes=10, embed_dim=12, depths=(2, 1), num_heads=(2, 2), window_size=4
        ),
        "timm ConvNeXt": lambda: timm.models.ConvNeXt(num_classes=10, depths=(1, 1, 1, 1), dims=(12, 16, 16, 16)),
        "timm EfficientNet": lambda: timm.create_model("test_efficientnet"),
    }
    return seeded(makers[name])


# a block, a neuron inside one, and what is known of them: channels, (height, width) at 32 px, and kinds of axes
PLACES = {
    "ViT": [("encoder.layers.encoder_layer_1", 16, (4, 4)), ("encoder.layers.encoder_layer_0.mlp.1", 32, (4, 4))],
    "Swin": [("features.1", 12, (8, 8)), ("features.3.1.mlp.1", 96, (4, 4))],
    "ConvNeXt": [("features.1", 12, (8, 8)), ("features.1.0.block.4", 48, (8, 8))],
    "EfficientNet": [("features.3", 40, (4, 4)), ("features.3.1.block.1", 240, (4, 4))],
    "timm ViT": [("blocks.1", 16, (4, 4)), ("blocks.0.mlp.act", 64, (4, 4))],
    "timm ViT with registers": [("blocks.1", 16, (4, 4)), ("blocks.0.mlp.act", 64, (4, 4))],
    "timm Swin": [("layers.0", 12, (8, 8)), ("layers.1.blocks.0.mlp.act", 96, (4, 4))],
    "timm ConvNeXt": [("stages.1", 16, (4, 4)), ("stages.0.blocks.0.mlp.act", 48, (8, 8))],
    "timm EfficientNet": [("blocks.1", 24, (8, 8)), ("blocks.1.0", 24, (8, 8))],
}


@pytest.mark.parametrize("name", PLACES)
def test_blocks_and_the_neurons_inside_them_are_tapped_and_climbed(name):
    model, untouched = reverie.load(zoo(name), size=32), zoo(name)
    image = picture(1, 2, 3, 32, 32)
    wanted = hooked(untouched, model.normalised(image))
    for place, channels, grid in PLACES[name]:
        layer, seen = model.layers[place], probe(model, image, [place])[place]
        assert (layer.channels, layer.size) == (channels, grid)
        assert seen.shape == (2, channels, *grid)
        values = wanted[place][0]
        if values.ndim == 3:
            values = values[:, -grid[0] * grid[1] :].transpose(1, 2).unflatten(2, grid)
        elif values.shape[1] != channels:
            values = values.permute(0, 3, 1, 2)
        assert (seen - values).norm() < 1e-4 * values.norm()
    units = [f"{place}:1" for place, *_ in PLACES[name]] + [f"{PLACES[name][0][0]}:2@1,2"]
    recipe = reverie.recipes.feature(model, units, steps=12, preset="naive", size=32, rate=0.05, batch=len(units))
    scores = [step.score for step in reverie.iterate(model, recipe)]
    assert (scores[-1] > scores[0]).all()


@pytest.mark.parametrize("name", ["ViT", "timm ViT with registers"])
def test_the_class_token_is_a_unit(name):
    model = reverie.load(zoo(name), size=32)
    block = PLACES[name][0][0]
    apart = {"ViT": 1, "timm ViT with registers": 5}[name]
    wanted = hooked(zoo(name), model.normalised(picture(1, 1, 3, 32, 32)))[block][0]
    seen = probe(model, picture(1, 1, 3, 32, 32), [f"{block}@class"])[f"{block}@class"]
    assert torch.allclose(seen.flatten(), wanted[0, 0], atol=1e-5)
    assert (f"{block}@registers" in model.layers) == (apart > 1)
    made = reverie.feature(model, f"{block}@class:3", steps=4)
    assert made.record.arguments["units"] == [f"{block}@class:3"]


def test_a_picture_of_another_size_is_resized_for_a_transformer():
    model = reverie.load(zoo("ViT"), size=32)
    assert model.takes_one_size(["encoder.layers.encoder_layer_1"])
    made = reverie.feature(model, "encoder.layers.encoder_layer_1:3@1,2", size=24, steps=2)
    assert made.images.shape == (1, 3, 24, 24)
    assert made.record.automatic["resized_to"] == [32, 32]


def test_a_dream_of_channels_last_maps(photo):
    model = reverie.load(zoo("Swin"), size=32)
    made = reverie.dream(model, photo, "features.1", octaves=1, steps=3)
    assert made.images.shape == (1, 3, 41, 53)


def test_timms_networks_have_names_sizes_and_classes():
    pytest.importorskip("timm")
    model = reverie.load("timm:test_vit", weights=None)
    assert model.size == (160, 160)
    assert model.mean == (0.5, 0.5, 0.5)
    assert (len(model.classes), model.classes[1]) == (1000, "goldfish, Carassius auratus")
    assert str(model.units("logits:goldfish")[0]) == "logits:1"
    assert model.source["name"] == "timm:test_vit"
    again = reverie.load("timm:test_vit", weights=None)
    assert again.source["weights_sha256"] == model.source["weights_sha256"]


def test_timms_weights_that_cannot_be_had_are_one_sentence(monkeypatch):
    timm = pytest.importorskip("timm")

    def offline(*_, pretrained, **__):
        assert pretrained
        raise OSError("no route\nto the host")

    monkeypatch.setattr(timm, "create_model", offline)
    with pytest.raises(WeightsUnavailable) as caught:
        reverie.load("timm:test_vit")
    assert str(caught.value) == (
        "the weights of timm:test_vit are not in timm's cache and cannot be fetched (no route to the host): name a "
        "file with --weights FILE, take random ones with --weights none, or use the network 'bundled'"
    )


def test_timms_weights_from_a_file(tmp_path):
    timm = pytest.importorskip("timm")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(5)
        owned = timm.create_model("test_vit")
    torch.save(owned.state_dict(), tmp_path / "vit.pth")
    model = reverie.load("timm:test_vit", tmp_path / "vit.pth")
    assert torch.equal(model.variants.plain.head.weight, owned.head.weight)
    assert model.source["weights"] == "file:vit.pth"


def test_other_names_of_timm_are_refused():
    pytest.importorskip("timm")
    with pytest.raises(UnknownName, match=r"^timm has no network 'test_vitt'; nearest: 'test_vit"):
        reverie.load("timm:test_vitt", weights=None)
    with pytest.raises(UnknownName, match=r"^timm has no weights 'nowhere' of test_vit; there are r160_in1k"):
        reverie.load("timm:test_vit.nowhere", weights=None)


def test_only_timms_own_code_is_harmless():
    pytest.importorskip("timm")
    assert is_timm_name("timm:test_vit")
    assert is_timm_name("timm:vit_base_patch16_224.augreg_in21k")
    strangers = ("timm:hf-hub:a/b", "timm:local-dir:/tmp/net", "timm:hf_hub:a/b", "test_vit", "timm:", "timm:nn")
    assert not any(is_timm_name(name) for name in strangers)


def test_without_timm_the_extra_is_named(monkeypatch):
    from reverie.errors import MissingExtra

    monkeypatch.setitem(__import__("sys").modules, "timm", None)
    with pytest.raises(MissingExtra, match=r"^a network of timm needs the library 'timm'; install the extra 'timm' "):
        reverie.load("timm:test_vit", weights=None)
    assert not is_timm_name("timm:test_vit")
