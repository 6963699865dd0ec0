import pytest
import torch
from torch import nn

import reverie
from reverie.constraints import in_range
from reverie.objectives import channel, layer, logit, neuron, scores
from reverie.parameterizations import Fourier, Pixels
from reverie.randomness import generator
from reverie.synthesis import Ascent, Recipe, Stage, iterate, synthesize
from reverie.synthesis.tiling import automatic_tile, put, take, tiled_slope, tiles
from reverie.transforms import Jitter, Roll
from tiny import picture, seeded

SIZES = [(32, 32), (33, 47), (64, 100), (100, 31), (7, 160), (1, 1), (129, 257)]
SHIFTS = [(0, 0), (5, 3), (31, 30), (1000, 77)]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("shift", SHIFTS)
def test_tiles_cover_the_picture_once(size, shift):
    seen = torch.zeros(1, 1, *size)
    for pieces in tiles(size, 32, shift):
        tile = take(seen, pieces)
        put(seen, pieces, tile + 1)
        assert max(tile.shape[-2:]) <= 48
    assert torch.all(seen == 1)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("shift", SHIFTS)
def test_take_and_put_are_inverse(size, shift):
    image = picture(1, 2, 3, *size)
    copy = torch.zeros_like(image)
    for pieces in tiles(size, 32, shift):
        put(copy, pieces, take(image, pieces))
    assert torch.equal(copy, image)


def test_a_tile_is_what_lies_together_on_the_rolled_picture():
    image = picture(1, 1, 1, 64, 64)
    rolled = image.roll((-50, -20), (-2, -1))
    first = next(iter(tiles((64, 64), 32, (50, 20))))
    assert torch.equal(take(image, first), rolled[..., :32, :32])


@pytest.fixture(scope="module")
def pointwise():
    """A network without borders: every position is its own."""
    return reverie.load(seeded(lambda: nn.Sequential(nn.Conv2d(3, 8, 1), nn.SiLU(), nn.Conv2d(8, 4, 1))), size=48)


def whole_slope(model, objectives, image):
    image = image.clone().requires_grad_()
    names = {name for objective in objectives for name in objective.layers}
    score = scores(objectives, reverie.probe(model, image, names))
    return score.detach(), torch.autograd.grad(-score.sum(), image)[0]


@pytest.mark.parametrize("reduction", ["mean", "mean-square", "distance"])
@pytest.mark.parametrize("size", [(64, 96), (50, 71)])
def test_the_gradient_in_tiles_is_that_of_the_whole_picture(pointwise, reduction, size):
    image = picture(1, 1, 3, *size)
    objectives = [layer("2", reduction) - 0.1 * reverie.objectives.l2()]
    score, slope = tiled_slope(pointwise, objectives, image, 32, [generator(0, "a")])
    wanted_score, wanted = whole_slope(pointwise, objectives, image)
    assert torch.allclose(score, wanted_score, rtol=1e-5)
    assert (slope - wanted).norm() < 1e-5 * wanted.norm()


@pytest.mark.parametrize("reduction", ["sum", "ones"])
def test_sums_point_the_same_way_in_tiles(pointwise, reduction):
    image = picture(1, 1, 3, 64, 64)
    _, slope = tiled_slope(pointwise, [layer("2", reduction)], image, 32, [generator(0, "a")])
    _, wanted = whole_slope(pointwise, [layer("2", reduction)], image)
    assert torch.nn.functional.cosine_similarity(slope.flatten(), wanted.flatten(), dim=0) > 0.9999


def test_every_step_has_its_own_shift(model):
    image, source, slopes = picture(1, 1, 3, 64, 64), [generator(0, "a")], []
    for _ in range(2):
        slopes.append(tiled_slope(model, [layer("block")], image, 32, source)[1])
    assert not torch.allclose(slopes[0], slopes[1], rtol=1e-3)


def dreamt(model, objective, tile: int | None, steps: int = 12):
    """How a dream in tiles changes a soft photo."""
    photo = 0.35 + 0.3 * torch.nn.functional.interpolate(picture(11, 1, 3, 48, 48), (96, 96), mode="bilinear")
    stage = Stage((objective,), (96, 96), steps, Ascent("mean-abs", (0.004, 0.004)))
    recipe = Recipe(
        names=("a",), labels=("a",), stages=(stage,), parameterization=Pixels(), constraint=in_range, start="photo",
        photo=photo, tile=tile,
    )  # fmt: skip
    return synthesize(model, recipe).images - photo


def edges(change) -> float:
    """The largest mean jump between two neighbouring rows or columns, over the median one."""
    jumps = [change.diff(dim=axis).abs().mean((0, 1, other)) for axis, other in ((2, 3), (3, 2))]
    return max(float(jump.max() / jump.median()) for jump in jumps)


def test_no_seam_forms(monkeypatch):
    def sharp_at_its_edges():
        network = nn.Sequential(nn.Conv2d(3, 4, 7, padding=3), nn.SiLU())
        nn.init.uniform_(network[0].weight, 0, 0.1)
        return network

    network = reverie.load(seeded(sharp_at_its_edges), size=48, mean=[0.0], std=[1.0])
    assert edges(dreamt(network, layer("1"), 32)) < 6
    monkeypatch.setattr("reverie.synthesis.tiling.tiles", lambda size, side, _: tiles(size, side, (0, 0)))
    assert edges(dreamt(network, layer("1"), 32)) > 20


def test_no_seam_is_sharper_than_the_pictures_texture(model):
    assert edges(dreamt(model, layer("block"), 32)) < 1.15 * edges(dreamt(model, layer("block"), None))


def test_tiles_change_little_of_a_picture(model):
    whole, tiled = (dreamt(model, layer("block"), tile).flatten() for tile in (None, 48))
    assert torch.nn.functional.cosine_similarity(whole, tiled, dim=0) > 0.6


def test_tiles_are_automatic_above_a_pixel_budget():
    cpu, gpu = torch.device("cpu"), torch.device("cuda")
    assert automatic_tile((1023, 1024), cpu) is None
    assert automatic_tile((1024, 1024), cpu) == 512
    assert automatic_tile((2048, 2048), gpu) is None
    assert automatic_tile((4096, 4096), gpu) == 2048


def _tiled(objective, **others):
    stage = Stage((objective,), (96, 96), 1, Ascent())
    given = {"names": ("a",), "stages": (stage,), "parameterization": Fourier(), "tile": 32, **others}
    return Recipe(**given)


def test_tiles_go_with_fourier_features(model):
    (step,) = iterate(model, _tiled(layer("block"), labels=("a",)))
    assert step.whole().shape == (1, 3, 96, 96)


@pytest.mark.parametrize("objective", [logit(1), neuron("block", 0, 1, 1)], ids=repr)
def test_what_a_tile_cannot_tell_is_refused(objective):
    with pytest.raises(reverie.ReverieError) as caught:
        _tiled(objective)
    assert str(caught.value) == f"'{objective!r}' means another thing in a tile than in the picture; leave out --tile"


def test_small_tiles_and_other_transforms_are_refused():
    with pytest.raises(reverie.ReverieError, match=r"^tile must be 32 or more, not 31$"):
        _tiled(channel("block", 1), tile=31)
    with pytest.raises(reverie.ReverieError, match=r"^tiles go with no transform but the cyclic shift"):
        _tiled(channel("block", 1), transforms=(Jitter(0.1),))
    _tiled(channel("block", 1), transforms=(Roll(3),))
