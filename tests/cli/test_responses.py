import numpy as np
import pytest
import torch

import reverie
from reverie import recipes
from reverie.errors import ReverieError
from reverie.image import read, to_uint8


def seen(model, photo, layer):
    image = recipes.activations(model, photo, layer).image
    with torch.no_grad():
        return reverie.probe(model, image, [layer])[layer][0]


def test_channels_stand_by_their_strength(model, photo):
    value = seen(model, photo, "mix")
    made = reverie.activations(model, photo, "mix", most=5)
    inside = value[:, 1:-1, 1:-1]  # what the padding excites at the edges ranks no channel
    order = inside.amax((1, 2)).argsort(descending=True)[:5].tolist()
    assert made.images.shape == (5, 3, 48, 62)
    assert made.raw.shape == (5, 12, 16)
    assert torch.allclose(made.raw, value[order])
    assert made.labels == tuple(f"mix:{index}  {float(inside[index].max()):.3g}" for index in order)


def test_one_scale_or_each_on_its_own(model, photo):
    shared, own = (reverie.activations(model, photo, "block:0-3", scale=scale) for scale in ("shared", "own"))
    assert torch.equal(shared.images[0], own.images[0])
    assert float(shared.images[3].max()) < float(own.images[3].max())
    peak = float(shared.raw[:, 1:-1, 1:-1].max())
    assert torch.allclose(reverie.activations(model, photo, "block:0-3", scale=str(peak)).images, shared.images)


def test_channels_are_named_or_all(model, photo):
    assert len(reverie.activations(model, photo, "block")) == 8
    assert len(reverie.activations(model, photo, "block:1,4")) == 2


@pytest.mark.parametrize("show", ["map", "overlay", "signed"])
def test_a_channel_of_a_sheet_repeats_alone(model, photo, show):
    made = reverie.activations(model, photo, "block", most=4, show=show)
    made.save("a.png", raw=True)
    names = [f"a/{label.replace(':', '-').replace('  ', '-')}.png" for label in made.labels]
    assert np.array_equal(np.load(names[2].replace(".png", ".npy")), made.raw[2].numpy())
    again = reverie.rerun(names[2], model)
    assert np.array_equal(to_uint8(again.images[0]), to_uint8(made.images[2]))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"layer": "logits"}, "'logits' of Tiny has no rows and columns on this photo; name an earlier layer"),
        ({"layer": "block:0+1"}, "'block:0+1' is more, or less, than one channel; "
                                 "name channels apart, such as block8:0-15"),
        ({"layer": "block", "scale": "log"}, "there is no scale 'log' here; "
                                              "allowed are own, shared, or a number above 0"),
        ({"layer": "block", "most": 0}, "most must be 1 or more, not 0"),
    ],
)  # fmt: skip
def test_what_cannot_be_drawn_is_refused(model, photo, options, message):
    with pytest.raises(ReverieError) as caught:
        recipes.activations(model, photo, **options)
    assert str(caught.value) == message


def test_the_command_writes_a_sheet_or_a_picture(cli, photo, factory, tmp_path):
    status, out, _ = cli("activations", photo, "-m", factory, "--layer", "block", "--most", 3, "-o", "s.png", "--raw")
    assert (status, out) == (0, "wrote s.png and 6 files in s\n")
    status, out, _ = cli("activations", photo, "-m", factory, "--layer", "block:2")
    assert (status, out) == (0, "wrote photo-activations-1.png\n")
    assert read("photo-activations-1.png").shape == (1, 3, 48, 62)
    assert cli("rerun", "photo-activations-1.png", "-m", factory, "-o", "b.png")[1] == "wrote b.png\n"
    assert torch.equal(read("b.png"), read("photo-activations-1.png"))
