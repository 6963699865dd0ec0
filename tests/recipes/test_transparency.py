from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import reverie
from reverie.image import read, resize, see_through
from tiny import picture

FAST = {"steps": 1, "octaves": 1}


@pytest.fixture
def cut() -> Path:
    """A photo whose left part is transparent, its border half so."""
    colours = (picture(3, 3, 48, 64) * 255).permute(1, 2, 0).numpy().astype(np.uint8)
    opacity = np.full((48, 64, 1), 255, np.uint8)
    opacity[:, :20], opacity[:, 20:24] = 0, 128
    Image.fromarray(np.concatenate([colours, opacity], 2)).save("cut.png")
    return Path("cut.png")


@pytest.mark.parametrize("recipe", ["dream", "style"])
@pytest.mark.parametrize("ending", ["png", "webp", "jpg"])
def test_transparent_photos_stay_transparent(model, cut, recipe, ending):
    more = {"styles": "sample:flower", "layers": ["stem=1"], "content_layers": ["block=1"]} if recipe == "style" else {}
    made = getattr(reverie, recipe)(model, cut, **more, **FAST)
    assert made.images.shape == (1, 4, 48, 64)
    made.save(f"made.{ending}")
    with Image.open(f"made.{ending}") as file:
        assert file.mode == ("RGB" if ending == "jpg" else "RGBA")
        if ending == "png":
            assert np.array_equal(np.asarray(file)[..., 3], np.asarray(Image.open(cut))[..., 3])


def test_before_white_it_is_the_picture_that_was_made(model, cut):
    with_it = reverie.dream(model, cut, "block", **FAST)
    without = reverie.dream(model, read(cut), "block", **FAST)
    seen = torch.lerp(torch.ones(()), with_it.images[:, :3], with_it.images[:, 3:])
    part = np.s_[..., 24:]
    assert torch.allclose(seen[part], without.images[part], atol=1e-5)
    assert (seen - without.images)[..., 20:24].abs().mean() < 0.02
    assert torch.allclose(see_through(without.images, torch.ones(1, 1, 48, 64))[:, :3], without.images, atol=1e-6)


def test_the_opacity_is_resized_with_the_photo(model, cut):
    made = reverie.dream(model, cut, "block", size=32, **FAST)
    wanted = resize(torch.from_numpy(np.asarray(Image.open(cut))[..., 3] / 255).float()[None, None], (24, 32))
    assert torch.allclose(made.images[:, 3:], wanted.clamp(0, 1))


def test_an_opaque_photo_stays_opaque(model):
    Image.new("RGBA", (64, 48), (9, 90, 200, 255)).save("whole.png")
    assert reverie.dream(model, "whole.png", "block", **FAST).images.shape[1] == 3


def test_frames_of_a_zoom_are_opaque(model, cut):
    shot = reverie.zoom(model, cut, "block", frames=2, **FAST)
    assert [frame.image.shape[1] for frame in shot.frames()] == [3, 3]
