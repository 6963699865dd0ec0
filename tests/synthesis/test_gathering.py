import pytest
import torch

import reverie
from reverie.errors import InvalidSetting
from reverie.objectives import features, gram, layer, total_variation
from reverie.objectives.statistics import gram_matrix, gram_sums
from reverie.parameterizations import SoftPixels
from reverie.synthesis import Ascent, Recipe, Stage, iterate, synthesize
from reverie.synthesis.gathering import gathered_slope, overlapping, swept
from reverie.unit import Unit
from tiny import picture

SIZES = [(96, 80), (71, 101)]
LAYERS = {"model": ["stem.2", "block", "mix"], "sequential": ["1", "4"]}


def whole_slope(model, objective, image):
    image = image.clone().requires_grad_()
    score = objective.score(reverie.probe(model, image, objective.layers))
    return score.detach(), torch.autograd.grad(-score.sum(), image)[0]


def painted(model, names, size):
    """A style, a content, a mask and a prior."""
    with torch.no_grad():
        style = reverie.probe(model, picture(5, 1, 3, 64, 64), names)
        content = reverie.probe(model, picture(6, 1, 3, *size), names)
    first, last = names[0], names[-1]
    mask = picture(7, 1, 1, *content[first].shape[-2:])
    return (
        0.5 * gram(last, gram_matrix(gram_sums(style[last])))
        + gram(first, gram_matrix(gram_sums(style[first])), mask=mask)
        + 0.3 * features(Unit(last), content[last])
        - 2 * total_variation()
    )


@pytest.mark.parametrize("network", LAYERS)
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("side", [32, 50])
def test_score_and_gradient_are_those_of_the_whole_picture(request, network, size, side):
    model, names = request.getfixturevalue(network), LAYERS[network]
    objective, image = painted(model, names, size), picture(1, 1, 3, *size)
    assert len(overlapping(model, names, size, side)) > 1
    score, slope = gathered_slope(model, objective, image, side)
    wanted_score, wanted = whole_slope(model, objective, image)
    assert torch.allclose(score, wanted_score, rtol=1e-4)
    assert (slope - wanted).norm() < 1e-4 * wanted.norm()
    assert (slope - wanted).abs().max() < 1e-3 * wanted.abs().max()


@pytest.mark.parametrize("name", ["mean-square", "mean"])
def test_other_terms_of_sums_gather_too(model, name):
    objective, image = layer("block", name) - 0.1 * total_variation(), picture(1, 1, 3, 64, 70)
    score, slope = gathered_slope(model, objective, image, 32)
    wanted_score, wanted = whole_slope(model, objective, image)
    assert torch.allclose(score, wanted_score, rtol=1e-4)
    assert (slope - wanted).norm() < 1e-4 * wanted.norm()


@pytest.mark.parametrize("size", SIZES)
def test_every_position_is_in_one_tile(model, size):
    image, names = picture(1, 1, 3, *size), LAYERS["model"]
    whole = reverie.probe(model, image, names)
    found = {name: torch.full_like(whole[name], torch.nan) for name in names}
    for seen in swept(model, image, names, 32):
        for name in names:
            place = found[name][(..., *seen.places[name])]
            assert bool(place.isnan().all())
            place.copy_(seen[name])
    for name in names:
        assert torch.allclose(found[name], whole[name], atol=1e-5)


def test_tiles_hold_little_more_than_their_side(model):
    for tile in overlapping(model, ["block", "mix"], (256, 256), 64):
        assert max(part.stop - part.start for part in tile.pixels) <= 64 + 2 * 20


def recipe(model, tile, **others):
    size = (80, 64)
    stage = Stage((painted(model, LAYERS["model"], size),), size, 4, Ascent("lbfgs", (0.01, 0.01)))
    given = {"names": ("a",), "labels": ("a",), "stages": (stage,), "parameterization": SoftPixels(), "tile": tile}
    return Recipe(**{**given, "start": "photo", "photo": picture(3, 1, 3, *size), **others})


def test_a_picture_in_tiles_is_the_picture(model):
    tiled, whole = recipe(model, 32), recipe(model, None)
    assert tiled.gathers
    assert tiled.steady
    scores = [[float(step.score) for step in iterate(model, made)] for made in (tiled, whole)]
    assert scores[0] == pytest.approx(scores[1], rel=1e-3)
    assert torch.allclose(synthesize(model, tiled).images, synthesize(model, whole).images, atol=2e-3)


def test_what_sees_the_whole_picture_is_refused(model):
    with pytest.raises(InvalidSetting) as caught:
        overlapping(model, ["block", "logits"], (64, 64), 32)
    assert str(caught.value) == "'logits' of Tiny sees the whole picture at once; leave out --tile"


def test_one_tile_is_the_whole(model):
    (only,) = swept(model, picture(1), ["mix"], None)
    assert torch.equal(only["mix"], reverie.probe(model, picture(1), ["mix"])["mix"].detach())
