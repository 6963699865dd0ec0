import numpy as np
import pytest
import torch
from PIL import Image

import reverie
from reverie import recipes
from reverie.errors import ReverieError
from reverie.image import grey, read, resize, to_uint8
from reverie.objectives.statistics import gram_matrix, gram_sums
from reverie.recipes.style_terms import recoloured
from reverie.settings.style import Style, StyleTransfer
from tiny import picture

LAYERS = {"layers": ["stem.2", "block"], "content_layers": "mix"}
QUICK = {**LAYERS, "octaves": 1, "steps": 2}


def smooth(seed: int, height: int = 40, width: int = 48):
    return torch.nn.functional.interpolate(picture(seed, 1, 3, 9, 11), (height, width), mode="bilinear")


def refusal(call) -> str:
    with pytest.raises(ReverieError) as caught:
        call()
    return str(caught.value)


def matrices(model, image, names):
    with torch.no_grad():
        seen = reverie.probe(model, image, names)
    return {name: gram_matrix(gram_sums(seen[name])) for name in names}


def distance(model, image, style, names=("stem.2", "block")) -> float:
    own, aim = matrices(model, image, names), matrices(model, style, names)
    return sum(float((own[name] - aim[name]).square().sum() / aim[name].square().sum()) for name in names) / len(names)


@pytest.mark.parametrize("ascent", ["lbfgs", "adam"])
def test_a_painting_has_the_styles_statistics_and_the_photos_shapes(model, ascent):
    photo, style = smooth(1), picture(2, 1, 3, 40, 48)
    made = reverie.style(model, photo, style, **LAYERS, ascent=ascent, octaves=1, steps=60, prior=[])
    assert distance(model, made.images, style) < 0.3 * distance(model, photo, style)
    free = reverie.style(model, photo, style, **LAYERS, ascent=ascent, octaves=1, steps=60, prior=[], content=0)
    features = [reverie.probe(model, image, ["mix"])["mix"] for image in (photo, made.images, free.images)]
    assert (features[1] - features[0]).norm() < (features[2] - features[0]).norm()


def test_the_loss_is_gatys_with_relative_weights(model):
    photo, style = smooth(1), picture(2, 1, 3, 40, 48)
    made = recipes.style(model, photo, style, ["stem.2=1", "block=3"], content_layers="mix", content=0.2, octaves=1)
    (objective,) = made.stages[0].objectives
    assert repr(objective) == "0.2*features(mix) + 0.25*gram(stem.2) + 0.75*gram(block) - 0.3*total_variation"
    image = smooth(3)
    score = float(objective.score(reverie.probe(model, image, objective.layers)))
    seen = [reverie.probe(model, item, ["mix"])["mix"] for item in (image, photo)]
    wanted = 0.2 * float((seen[0] - seen[1]).square().sum() / seen[1].square().sum())
    wanted += 0.25 * distance(model, image, style, ["stem.2"]) + 0.75 * distance(model, image, style, ["block"])
    wanted += 0.3 * float((image.diff(dim=-1).abs().sum() + image.diff(dim=-2).abs().sum()) / image.numel())
    assert score == pytest.approx(-wanted, rel=1e-4)


def test_several_styles_blend_by_their_weights(model):
    photo, one, two = smooth(1), picture(2, 1, 3, 40, 48), smooth(3)
    made = recipes.style(model, photo, [one, two], "block", content=0, style_weight=["1", "3"], octaves=1, prior=[])
    (objective,) = made.stages[0].objectives
    a, b = (matrices(model, item, ["block"])["block"] for item in (one, two))
    own, aim = matrices(model, photo, ["block"])["block"], 0.25 * a + 0.75 * b
    wanted = float((own - aim).square().sum() / aim.square().sum())
    assert float(objective.score(reverie.probe(model, photo, ["block"]))) == pytest.approx(-wanted, rel=1e-4)


def test_a_region_is_painted_and_the_rest_is_not(model):
    photo, style = smooth(1), picture(2, 1, 3, 40, 48)
    left = torch.zeros(1, 3, 40, 48)
    left[..., :24] = 1
    options = {"content": 0, "octaves": 1, "steps": 25, "prior": []}
    made = reverie.style(model, photo, style, "stem.2", region=[left], **options)
    change = (made.images - photo).abs().mean((0, 1, 2))
    assert float(change[:16].mean()) > 4 * float(change[32:].mean())


def test_a_style_may_be_taken_from_a_region(model):
    photo, rough = smooth(1), picture(2, 1, 3, 40, 48)
    both = torch.cat([rough[..., :24], smooth(3)[..., 24:]], -1)
    left = torch.zeros(1, 3, 40, 48)
    left[..., :24] = 1
    parts = [
        recipes.style(model, photo, item, "stem.2", content=0, octaves=1, prior=[], **more)
        for item, more in ((both, {"style_region": [left]}), (rough, {}), (both, {}))
    ]
    scores = [float(made.stages[0].objectives[0].score(reverie.probe(model, photo, ["stem.2"]))) for made in parts]
    assert abs(scores[0] - scores[1]) < 0.2 * abs(scores[2] - scores[1])


def saved(folder, **pictures):
    for name, image in pictures.items():
        Image.fromarray(to_uint8(image[0])).save(folder / f"{name}.png")
    return [folder / f"{name}.png" for name in pictures]


def test_styles_in_parts_are_those_of_parallel_lists_bit_for_bit(model, tmp_path):
    left = torch.zeros(1, 3, 40, 48)
    left[..., :24] = 1
    photo, one, two, sky, ground = saved(tmp_path, p=smooth(1), a=smooth(2), b=smooth(3), sky=left, ground=1 - left)
    parts = [Style(one, weight=2, region=sky, source=ground), Style(two, region=ground, source=sky)]
    lists = {"style_weight": [2, 1], "region": [sky, ground], "style_region": [ground, sky]}
    told, split = reverie.style(model, photo, [one, two], **QUICK, **lists), reverie.style(model, photo, parts, **QUICK)
    assert torch.equal(told.images, split.images)
    assert told.record == split.record
    plain, each = (reverie.style(model, photo, given, **QUICK) for given in (one, [Style(one)]))
    assert torch.equal(plain.images, each.images)
    assert plain.record == each.record


def test_a_style_without_a_region_stands_beside_one_with_and_repeats(model, tmp_path):
    left = torch.zeros(1, 3, 40, 48)
    left[..., :24] = 1
    photo, one, two, sky = saved(tmp_path, p=smooth(1), a=picture(2, 1, 3, 40, 48), b=smooth(3), sky=left)
    made = reverie.style(model, photo, [Style(one, region=sky), two], **QUICK)
    whole = reverie.style(model, photo, [Style(one), two], **QUICK)
    assert not torch.equal(made.images, whole.images)
    assert made.record.arguments["region"][1] is None
    made.save(tmp_path / "made.png")
    assert torch.equal(reverie.rerun(tmp_path / "made.png", model).images, made.images)


def test_parts_have_their_own_weights_and_names():
    assert Style("a.jpg", 2.0, "sky.png").region == "sky.png"
    asked = StyleTransfer.made(photo="p.jpg", styles=Style("a.jpg", weight=3))
    assert (asked.styles, asked.style_weight, asked.region) == (("a.jpg",), (3.0,), ())
    assert refusal(lambda: StyleTransfer.made(photo="p.jpg", styles=[Style("a.jpg")], style_weight=[1])) == (
        "a reverie.Style has a weight and regions of its own; leave out style_weight"
    )
    assert refusal(lambda: Style("a.jpg", wieght=2)) == "Style takes no 'wieght'; nearest: 'weight'"
    assert refusal(lambda: Style("a.jpg", weight=-1)) == "weight must be 0 or more, not -1"


def test_sizes_grow_and_the_styles_size_is_its_own(model):
    made = recipes.style(model, smooth(1, 400, 300), smooth(2), **LAYERS, octaves=4, steps=1)
    assert [stage.size for stage in made.stages] == [(200, 150), (400, 300)]  # none below 96
    assert [len(stage.objectives) for stage in made.stages] == [1, 1]
    assert [stage.size for stage in recipes.style(model, smooth(1), smooth(2), **LAYERS, steps=1).stages] == [(40, 48)]
    resized = recipes.style(model, smooth(1), smooth(2), **LAYERS, steps=1, size=24)
    assert resized.stages[-1].size == (20, 24)


@pytest.mark.parametrize("colors", ["luminance", "matched"])
def test_colours_are_kept(model, colors):
    photo, style = 0.3 + 0.4 * smooth(1), picture(2, 1, 3, 40, 48)
    made = reverie.style(model, photo, style, **LAYERS, octaves=1, steps=10, colors=colors, content=0)
    usual = reverie.style(model, photo, style, **LAYERS, octaves=1, steps=10, content=0)
    chroma = [item - grey(item) for item in (photo, made.images, usual.images)]
    kept, lost = (float((item - chroma[0]).abs().mean()) for item in chroma[1:])
    assert kept < lost
    if colors == "luminance":
        assert kept < 0.02


def test_recoloured_has_the_others_mean_and_covariance():
    own, like = 0.4 + 0.2 * picture(1, 1, 3, 30, 30), 0.3 + 0.3 * picture(2, 1, 3, 20, 25)
    like[:, 0] = like[:, 1] * 0.7 + 0.1
    found = recoloured(own, like)[0].flatten(1)
    wanted = like[0].flatten(1)
    assert torch.allclose(found.mean(1), wanted.mean(1), atol=5e-3)
    assert torch.allclose(found.cov(), wanted.cov(), atol=2e-3)


@pytest.mark.parametrize("ascent", ["lbfgs", "adam"])
def test_tiles_paint_the_same_picture(model, ascent):
    photo, style = smooth(1, 72, 90), picture(2, 1, 3, 40, 48)
    region = grey(smooth(4)).expand(-1, 3, -1, -1)
    options = {**LAYERS, "octaves": 1, "steps": 3, "ascent": ascent, "region": [region]}
    whole = reverie.style(model, photo, style, **options, tile=0)
    tiled = reverie.style(model, photo, style, **options, tile=32)
    assert tiled.record.automatic["tile"] == 32
    assert torch.allclose(whole.images, tiled.images, atol=3e-3)
    assert tiled.record.automatic["score"] == pytest.approx(whole.record.automatic["score"], rel=1e-3)


def test_large_pictures_are_tiled_by_themselves(model):
    made = recipes.style(model, smooth(1, 1100, 1000), smooth(2), "stem.2", content=0, octaves=1, steps=1)
    assert made.tile == 512
    assert made.gathers


def test_a_painting_repeats_bit_by_bit(model, photo, tmp_path):
    for name, seed in (("one", 2), ("two", 3), ("region", 4)):
        Image.fromarray((picture(seed, 30, 34, 3).numpy() * 255).astype(np.uint8)).save(tmp_path / f"{name}.png")
    made = reverie.style(
        model, photo, ["one.png", "two.png"], **QUICK, style_weight=[1, 2], region=["region.png"] * 2, start="noise"
    )
    made.save("a.png")
    assert [item["photo"] for item in made.record.arguments["styles"]] == ["one.png", "two.png"]
    assert torch.equal(reverie.rerun("a.png", model).images, made.images)
    (tmp_path / "two.png").unlink()
    assert refusal(lambda: reverie.rerun("a.png", model)).startswith("the photo two.png is not here")


def test_the_usual_layers(bundled, model, sequential):
    made = recipes.style(bundled, "sample:flower", "sample:china", size=64, octaves=1, steps=1)
    assert set(made.stages[0].layers) == {"mixed4a", "stem.0", "stem", "mixed3b", "mixed4b", "mixed5a"}
    assert recipes.style(sequential, smooth(1), smooth(2), octaves=1, steps=1).stages[0].layers == ("1", "4")


def test_vgg_takes_gatys_layers():
    from reverie.recipes.style_layers import content_layers, style_layers

    vgg = reverie.load("vgg19", None, size=32)
    assert style_layers(vgg) == ["features.1", "features.6", "features.11", "features.20", "features.29"]
    assert content_layers(vgg) == ["features.22"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"colors": "no"}, "there is no choice of colours 'no' here; allowed are style, luminance, matched"),
        ({"ascent": "sgd"}, "there is no ascent 'sgd' here; allowed are lbfgs, adam"),
        ({"start": "zero"}, "there is no start 'zero' here; allowed are photo, noise"),
        ({"style_weight": ["1", "2"]}, "2 --style-weight do not fit 1 styles; give one for each, or none"),
        ({"style_weight": ["much"]}, "'much' is no weight of a style; give a number of 0 or more"),
        ({"style_weight": [0]}, "the styles' weights add up to nothing; give at least one above 0"),
        ({"layers": "logits"}, "the logits have no positions; name another layer"),
        ({"layers": "block=0"}, "the layers' weights add up to nothing; give at least one above 0"),
        ({"octaves": 0}, "octaves must be 1 to 12, not 0"),
        ({"content": -1.0}, "content must be 0 or more, not -1"),
        ({"tile": 16}, "tile must be 32 or more, not 16"),
        ({"styles": []}, "no style is named; name at least one picture"),
    ],
)
def test_wrong_settings_are_refused(model, change, message):
    given = {"styles": smooth(2), **QUICK, **change}
    assert refusal(lambda: recipes.style(model, smooth(1), **given)) == message


def test_too_small_pictures_are_refused(bundled):
    tiny = resize(read("sample:flower"), (6, 8)).clamp(0, 1)
    assert "the photo is 8x6, too small for bundled up to" in refusal(
        lambda: recipes.style(bundled, tiny, "sample:china", "mixed5a", steps=1)
    )
