import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

import reverie
from reference import attributions as reference
from reverie.attribution import attribute, method_named
from reverie.attribution.cam import ClassActivation, GuidedGradCam, ScoreCam, cam_layer
from reverie.errors import InvalidSetting, UnknownName
from reverie.models.probe import probe
from reverie.models.zoos import import_torchvision
from reverie.objectives import activation, channel, logit
from reverie.unit import Unit
from tiny import hooked, picture, seeded

FORMULAS = {
    "grad-cam": reference.grad_cam,
    "grad-cam++": reference.grad_cam_plus,
    "layer-cam": reference.layer_cam,
}


def at_layer(module, model, image, layer, index):
    """A layer's activation and the gradient of a logit there, by plain autograd; later parts get a copy."""
    held = []

    def hook(_, __, output):
        held.append(output)
        output.retain_grad()
        return output.clone()

    module.eval()
    handle = module.get_submodule(layer).register_forward_hook(hook)
    module(model.normalised(image.clone().requires_grad_()))[0, index].backward()
    handle.remove()
    module.zero_grad()
    module.train()
    return held[0].detach()[0].double().numpy(), held[0].grad[0].double().numpy()


def enlarged(grid, size):
    return functional.interpolate(torch.from_numpy(grid)[None, None], size, mode="bilinear", align_corners=False)[0, 0]


@pytest.mark.parametrize("layer", ["block", "mix", "stem.1", "stem"])
@pytest.mark.parametrize("name", FORMULAS)
def test_maps_are_the_papers(module, model, name, layer):
    image = picture(1, 1, 3, 41, 53)
    wanted = enlarged(FORMULAS[name](*at_layer(module, model, image, layer, 2)), (41, 53))
    found = attribute(model, image, logit(2), ClassActivation(name, layer))[0].double()
    assert float(wanted.abs().max()) > 0
    assert torch.allclose(found, wanted, atol=1e-4 * float(wanted.abs().max()))


def test_grad_cam_is_captums(module, model):
    attr = pytest.importorskip("captum.attr")
    image = picture(2)
    module.eval()
    oracle = attr.LayerGradCam(module, module.block).attribute(model.normalised(image), target=3)
    module.train()
    module.zero_grad()
    wanted = functional.interpolate(oracle, (48, 48), mode="bilinear", align_corners=False)[0, 0].detach()
    found = attribute(model, image, logit(3), ClassActivation("grad-cam", "block"))[0]
    assert torch.allclose(found, wanted, atol=1e-4 * float(wanted.abs().max()))


def test_guided_grad_cam_is_the_product(model):
    image = picture(3)
    guided = attribute(model, image, logit(1), method_named("guided-backprop"))
    map_ = attribute(model, image, logit(1), ClassActivation("grad-cam", "block"))
    found = attribute(model, image, logit(1), GuidedGradCam("block"))
    rectified = functional.interpolate(
        torch.zeros(1, 1, 24, 24), (48, 48), mode="bilinear", align_corners=False
    )  # the map is rectified on its grid, so that the product is zero wherever the enlarged map is well below zero
    assert found.shape == guided.shape
    inside = map_[0] > 0.05 * map_.abs().max()
    assert float(rectified.sum()) == 0
    assert torch.equal(found[0][:, inside] != 0, guided[0][:, inside] != 0)
    strong = map_[0] > 0.5 * map_.max()
    assert torch.allclose(found[0][:, strong], (guided * map_)[0][:, strong], rtol=0.3, atol=1e-6)


def test_score_cam_is_the_papers(module, model):
    image = picture(4)
    module.eval()
    with torch.no_grad():
        value = reverie.probe(model, image, ["mix"])["mix"][0]
        gains = []
        for index in range(len(value)):
            large = enlarged(value[index].double().numpy(), (48, 48)).float()
            mask = (large - large.min()) / (large.max() - large.min())
            seen, dark = (module(model.normalised(item))[0, 2] for item in (image * mask, 0 * image))
            gains.append(float(seen - dark))
    module.train()
    weights = np.exp(gains) / np.exp(gains).sum()
    wanted = enlarged((weights[:, None, None] * value.double().numpy()).sum(0), (48, 48))
    found = attribute(model, image, logit(2), ScoreCam("mix"))[0].double()
    assert torch.allclose(found, wanted, atol=1e-4 * float(wanted.abs().max()))


@pytest.mark.parametrize("name", ["grad-cam", "score-cam", "guided-grad-cam"])
def test_the_layer_and_its_grid_are_told(model, name):
    *_, last = method_named(name).estimates(model, picture(5), logit(0))
    assert last.facts["layer"] == "norm"
    assert last.facts["grid"] == [12, 12]
    assert last.notes[0] == "of 'norm', whose grid here is 12x12"


def test_the_usual_layer_of_a_class_is_the_last_with_a_grid(model, bundled):
    assert cam_layer(model, picture(1), logit(0), None) == "norm"
    assert cam_layer(bundled, picture(1, 1, 3, 64, 64), logit(0), None) == "mixed5b"
    assert cam_layer(bundled, picture(1, 1, 3, 64, 64), channel("mixed4c", 3), None) == "mixed4b"
    assert cam_layer(bundled, picture(1, 1, 3, 64, 64), activation(Unit("mixed4c.branch3", (3,))), None) == "mixed4b"


def test_a_layer_that_does_not_lead_to_the_unit_is_refused(bundled):
    with pytest.raises(InvalidSetting) as caught:
        attribute(bundled, picture(1, 1, 3, 64, 64), channel("mixed3a", 1), ClassActivation(layer="mixed4a"))
    assert str(caught.value) == (
        "'mixed4a' of bundled does not lead to mixed3a as one map; name an earlier --layer, such as a whole block"
    )
    with pytest.raises(UnknownName, match=r"^bundled has no layer 'mixed9'"):
        attribute(bundled, picture(1, 1, 3, 64, 64), logit(1), ClassActivation(layer="mixed9"))


@pytest.mark.parametrize("method", ["grad-cam", "layer-cam", "guided-grad-cam"])
def test_a_layer_of_one_position_has_no_map(model, method):
    with pytest.raises(InvalidSetting, match="the layer has one position on this picture"):
        reverie.explain(model, picture(1), "logits:1", method=method, layer="logits")


def test_no_layer_with_a_grid_is_refused():
    model = reverie.load(nn.Sequential(nn.Flatten(), nn.Linear(3 * 64, 4)), size=8)
    with pytest.raises(InvalidSetting) as caught:
        attribute(model, picture(1, 1, 3, 8, 8), logit(1), ClassActivation())
    assert str(caught.value) == (
        "no layer of Sequential with rows and columns leads to logits by itself; name one with --layer, "
        "and list them with 'reverie layers Sequential'"
    )


def test_a_transformers_layer_is_the_last_whose_patches_matter():
    vit = import_torchvision().models.VisionTransformer
    module = seeded(lambda: vit(32, 8, 2, 2, 16, 32, num_classes=5))
    nn.init.normal_(module.heads.head.weight)  # zero as it is made
    model, image = reverie.load(module, size=32), picture(1, 1, 3, 32, 32)
    assert cam_layer(model, image, logit(3), None) == "encoder.layers.encoder_layer_1.ln_1"
    found = attribute(model, image, logit(3), ClassActivation())
    assert found.shape == (1, 32, 32)
    assert float(found.abs().sum()) > 0


def small_transformer(name, **settings):
    import_torchvision()
    timm = pytest.importorskip("timm")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        module = timm.create_model(name, img_size=64, embed_dim=48, num_heads=3, num_classes=5, **settings).eval()
        nn.init.normal_(module.head.weight)
    return module


@pytest.mark.parametrize("name", ["vit_tiny_patch16_224", "deit_tiny_distilled_patch16_224"])
def test_a_transformers_map_is_of_its_last_blocks_tokens(name):
    module = small_transformer(name, depth=2)
    model = reverie.load(module, size=64)
    image = picture(1, 1, 3, 64, 64)
    objective = logit(2)
    layer = cam_layer(model, image, objective, None)
    assert layer == "blocks.1.norm1"
    assert (model.layers[layer].channels, model.layers[layer].size) == (48, (4, 4))
    assert not [key for key, each in model.layers.items() if each.channels == 3 and each.size]
    apart = 2 if "distilled" in name else 1
    given = probe(model, image, ["blocks.0"])["blocks.0"].flatten(2).transpose(1, 2)
    front = [probe(model, image, [f"blocks.0{part}"])[f"blocks.0{part}"].flatten(2).transpose(1, 2)
             for part in ("@class", "@registers")[:apart]]  # fmt: skip
    tokens = torch.cat([*front, given], 1)
    block = module.blocks[1]
    normed = block.norm1(tokens).detach().requires_grad_()
    count, heads = tokens.shape[1], 3
    q, k, v = block.attn.qkv(normed).view(1, count, 3, heads, -1).permute(2, 0, 3, 1, 4)
    mixed = ((q * block.attn.scale) @ k.transpose(-2, -1)).softmax(-1) @ v
    after = tokens.detach() + block.attn.proj(mixed.transpose(1, 2).flatten(2))
    last = module.norm(after + block.mlp(block.norm2(after)))
    heads_of = [module.head(last[:, 0])] + ([module.head_dist(last[:, 1])] if apart == 2 else [])
    (slope,) = torch.autograd.grad(torch.stack(heads_of).mean(0)[0, 2], normed)
    weights = slope[0, apart:].mean(0)
    wanted = (normed.detach()[0, apart:] @ weights).view(4, 4)
    made = reverie.explain(model, image, "logits:2", method="grad-cam", size=64)
    assert torch.allclose(made.arrays[0], enlarged(wanted.numpy(), (64, 64)), atol=1e-4)
    assert "of the tokens of its patches" in made.record.automatic["notes"][0]


def test_heads_of_an_attention_are_read_as_tokens():
    module = small_transformer("vit_tiny_patch16_224", depth=1, qk_norm=True)
    model = reverie.load(module, size=64)
    layer = model.layers["blocks.0.attn.k_norm"]
    assert (layer.channels, layer.size, layer.form.axes) == (48, (4, 4), "NHTC")
    image = picture(1, 1, 3, 64, 64)
    wanted = hooked(module, model.normalised(image))["blocks.0.attn.k_norm"][0]
    seen = probe(model, image, ["blocks.0.attn.k_norm"])["blocks.0.attn.k_norm"]
    assert torch.allclose(seen[0, 17, 1, 2], wanted[0, 1, 1 + 6, 1], atol=1e-5)  # head 1 of 3, dimension 1 of 16
