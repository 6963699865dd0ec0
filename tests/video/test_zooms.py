import itertools
import math
from pathlib import Path

import pytest
import torch

import reverie
from reverie.errors import InvalidSetting, UnknownName
from reverie.image import read, to_pil
from reverie.settings.dream import Dream
from reverie.video.frames import Reel, rounded
from reverie.video.zooming import Way, placed_at, steadied
from tiny import picture, state

FAST = {"steps": 1, "octaves": 2, "frames": 4}


def frames(model, photo, layers="block", **settings):
    return [frame.image for frame in reverie.zoom(model, photo, layers, **{**FAST, **settings}).frames()]


def test_the_first_frame_is_the_photo_and_the_others_go_on_from_it(model, photo):
    made = frames(model, photo)
    assert len(made) == 4
    assert torch.equal(made[0], rounded(read(photo)))
    assert all(image.shape == (1, 3, 41, 53) for image in made)
    assert all(not torch.equal(a, b) for a, b in itertools.pairwise(made))


def test_the_same_seed_gives_the_same_film(model, photo):
    first, second, other = frames(model, photo), frames(model, photo), frames(model, photo, seed=1)
    assert all(torch.equal(a, b) for a, b in zip(first, second, strict=True))
    assert not torch.equal(first[-1], other[-1])


def test_a_frame_is_the_dream_of_the_last_one_moved(model, photo):
    made = frames(model, photo, frames=2, right=2 / 53, zoom=1, steady=0)
    start = made[0].clone()
    start[..., :-2] = made[0][..., 2:]
    start[..., -2:] = made[0][..., [-1, -2]]
    wanted = reverie.dream(model, start, "block", preset="zoom", steps=1, octaves=2, seed=1).images
    assert (made[1] - wanted).abs().mean() < 0.01


def test_a_zoom_taken_up_again_equals_an_unbroken_one(model, photo):
    def shot():
        return reverie.zoom(model, photo, ["block at 0", "mix at 3"], rotate=2, **FAST)

    shot().save("whole.gif")
    run = Reel(shot(), Path("ended.gif")).frames()
    next(run)
    next(run)
    run.close()
    shot().save("ended.gif")
    assert Path("ended.gif").read_bytes() == Path("whole.gif").read_bytes()


def test_nothing_is_left_on_the_network(module, model, photo):
    before = state(module)
    frames(module, photo)
    assert state(module) == before


@pytest.mark.parametrize(
    ("text", "apart"),
    [
        ("mix", ("mix", None)),
        ("mix at 60", ("mix", 60)),
        ("mix:3@4,5=0.5 at 0", ("mix:3@4,5=0.5", 0)),
        ('logits:"cat at 3"', ('logits:"cat at 3"', None)),
    ],
)
def test_a_layers_frame_is_read(text, apart):
    assert placed_at(text) == apart


def test_layers_take_turns_and_their_shares_are_eased(model, photo):
    way = Way(model, Dream.made(photo=photo, layers=["block at 2", "mix at 6"], steps=1))

    def shares(number: int) -> list[float]:
        (objective,) = way.recipe_at(number, way.recipe.photo).stages[0].objectives
        scale = {term.layers[0]: weight for _, keyed in way.keys for weight, term in keyed.terms}
        found = {term.layers[0]: weight / scale[term.layers[0]] for weight, term in objective.terms}
        return [found.get(layer, 0.0) for layer in ("block", "mix")]

    assert shares(0) == shares(2) == [1, 0]
    assert shares(4) == pytest.approx([0.5, 0.5])
    assert shares(3) == pytest.approx([1 - (1 - math.cos(math.pi / 4)) / 2, (1 - math.cos(math.pi / 4)) / 2])
    assert shares(6) == shares(100) == [0, 1]


def test_layers_that_take_turns_are_on_one_scale(model, photo):
    way = Way(model, Dream.made(photo=photo, layers=["block=100 at 0", "mix at 6"], steps=1))
    for _, objective in way.keys:
        activations = reverie.probe(model, way.recipe.photo, objective.layers)
        assert float(objective.score(activations)) == pytest.approx(1, rel=1e-4)


def test_without_frames_all_layers_are_joint(model, photo):
    way = Way(model, Dream.made(photo=photo, layers=["block", "mix=0.5"], steps=1))
    assert way.recipe_at(3, way.recipe.photo).stages[-1].objectives == way.recipe.stages[-1].objectives


@pytest.mark.parametrize("layers", [["block at 0", "mix"], ["block at 5", "mix at 5"], ["block at 5", "mix at 2"]])
def test_frames_out_of_order_are_one_sentence(model, photo, layers):
    with pytest.raises(InvalidSetting) as caught:
        reverie.zoom(model, photo, layers)
    assert str(caught.value) == ("give every layer its frame or none, each later than the one before: 'block8 at 60'")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"frames": 0}, "frames must be 1 or more, not 0"),
        ({"zoom": 0.1}, "zoom must be 0.5 to 2, not 0.1"),
        ({"rotate": 999}, "rotate must be -180 to 180, not 999"),
        ({"right": 2}, "right must be -0.5 to 0.5, not 2"),
        ({"down": math.nan}, "down must be -0.5 to 0.5, not nan"),
        ({"steady": -1}, "steady must be 0 to 1, not -1"),
        ({"octaves": 0}, "octaves must be 1 to 50, not 0"),
    ],
)
def test_a_number_out_of_range_is_one_sentence_before_any_frame(model, photo, settings, message):
    with pytest.raises(InvalidSetting) as caught:
        reverie.zoom(model, photo, "block", **settings)
    assert str(caught.value) == message


def test_a_wrong_layer_is_told_before_any_frame(model, photo):
    with pytest.raises(UnknownName, match="has no layer 'blokc'"):
        reverie.zoom(model, photo, ["block at 0", "blokc at 5"])


def test_colours_are_drawn_to_the_photos():
    mix = torch.tensor([[1, 0.8, 0], [0, 0.6, 0.5], [0, 0, 0.4]])
    image = 0.2 * picture(1, 1, 3, 30, 30)
    photo = torch.einsum("dc,nchw->ndhw", mix, picture(2, 1, 3, 30, 30)) * 0.3 + 0.2
    whole = steadied(image, photo, 1)
    assert torch.allclose(whole.mean((2, 3)), photo.mean((2, 3)), atol=1e-3)
    assert torch.allclose(torch.cov(whole[0].flatten(1)), torch.cov(photo[0].flatten(1)), atol=1e-4)
    assert torch.equal(steadied(image, photo, 0), image)
    half = steadied(image, photo, 0.5)
    assert torch.allclose(half.mean((2, 3)), (image.mean((2, 3)) + photo.mean((2, 3))) / 2, atol=1e-3)


def test_a_flat_picture_is_steadied_without_a_division_by_nothing():
    assert steadied(torch.zeros(1, 3, 8, 8), picture(2, 1, 3, 8, 8), 0.5).isfinite().all()


def test_a_zoom_stays_as_bright_and_as_rich_as_the_photo(bundled):
    made = frames(bundled, "sample:flower", None, size=64, frames=12, octaves=1, steady=0.3)
    first, last = made[0], made[-1]
    assert abs(float(last.mean() - first.mean())) < 0.08
    assert 0.6 < float(last.std() / first.std()) < 1.6


def test_a_grey_network_has_grey_frames(photo):
    from torch import nn

    grey = reverie.load(nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU()), size=32)
    to_pil(picture(1, 3, 20, 24)).save("in.png")
    reverie.zoom(grey, "in.png", "0", **{**FAST, "frames": 2}).save("grey.gif")
    assert Path("grey.gif").is_file()
