import pytest
import torch

import reverie
from reverie import recipes
from reverie.errors import UnsuitableImage
from reverie.image import read, read_mask, resize, to_pil
from reverie.parameterizations import Fourier, Masked, Pixels
from tiny import picture


def disc(height: int, width: int, soft: float = 0.0):
    """White inside a disc [1,1,H,W], with an edge of `soft` pixels."""
    rows, columns = torch.arange(height)[:, None], torch.arange(width)[None]
    inside = 0.3 * min(height, width) - torch.hypot(rows - height / 2, columns - width / 2)
    return (inside / soft + 0.5).clamp(0, 1)[None, None] if soft else (inside > 0).float()[None, None]


@pytest.fixture
def mask(tmp_path):
    """The disc for the photo of odd sides, as a file."""
    to_pil(disc(41, 53)[0]).save(tmp_path / "mask.png")
    return tmp_path / "mask.png"


@pytest.mark.parametrize("inner", [Pixels(), Fourier()])
def test_is_the_blend_of_both_pictures(inner):
    mask, photo, image = picture(1, 1, 1, 9, 12), picture(2, 1, 3, 9, 12), 0.1 + 0.8 * picture(3, 2, 3, 9, 12)
    made = Masked(inner, mask, photo).decode(inner.encode(image), (9, 12))
    for at in ((0, 0), (3, 7), (8, 11)):
        share = float(mask[0, 0][at])
        for row in range(2):
            for channel in range(3):
                wanted = share * float(image[row, channel][at]) + (1 - share) * float(photo[0, channel][at])
                assert float(made[row, channel][at]) == pytest.approx(wanted, abs=1e-3)


@pytest.mark.parametrize("inner", [Pixels(), Fourier()])
def test_outside_the_mask_nothing_changes_by_a_bit(inner):
    mask, photo = disc(12, 17), picture(2, 1, 3, 12, 17)
    part = Masked(inner, mask, photo)
    latents = part.encode(photo.expand(2, -1, -1, -1))
    made = part.decode(latents + torch.randn(latents.shape, generator=torch.Generator().manual_seed(0)), (12, 17))
    outside = (mask == 0).expand_as(made)
    assert torch.equal(made[outside], photo.expand_as(made)[outside])
    assert not torch.equal(made, photo.expand_as(made))


@pytest.mark.parametrize("inner", [Pixels(), Fourier()])
def test_a_blended_picture_comes_back(inner):
    mask, photo, image = disc(16, 16, soft=6), picture(2, 1, 3, 16, 16), picture(3, 1, 3, 16, 16)
    part = Masked(inner, mask, photo)
    shown = torch.lerp(photo, 0.1 + 0.8 * image, mask)
    assert (part.decode(part.encode(shown), (16, 16)) - shown).abs().max() < 0.02


def test_pixels_keep_the_gradient_that_they_have_without_a_mask():
    mask, photo = disc(8, 8), picture(2, 1, 3, 8, 8)
    latents = photo.clone().requires_grad_()
    (found,) = torch.autograd.grad(Masked(Pixels(), mask, photo).decode(latents, (8, 8)).sum(), latents)
    assert torch.equal(found, torch.ones_like(found))


def test_shared_latents_have_the_true_gradient():
    mask, photo = disc(8, 8), picture(2, 1, 3, 8, 8)
    part = Masked(Fourier(), mask, photo)
    latents = part.encode(photo).double().requires_grad_()
    wide = Masked(Fourier(), mask.double(), photo.double())
    assert torch.autograd.gradcheck(lambda item: wide.decode(item, (8, 8)), (latents,), eps=1e-4, atol=1e-3)


@pytest.mark.parametrize("octaves", [1, 3])
def test_a_dream_stays_in_its_mask(model, photo, mask, octaves):
    made = reverie.dream(model, photo, "block", mask=mask, octaves=octaves, steps=3, strength=2).images
    outside, before = read_mask(mask).expand_as(made) == 0, read(photo)
    assert torch.equal(made[outside], before[outside])
    assert (made - before)[~outside].abs().mean() > 0.005


def test_a_dream_moves_inside_its_mask_as_without_one(model, photo, mask):
    free, held = (
        reverie.dream(model, photo, "block", octaves=1, steps=1, jitter=0, **more).images - read(photo)
        for more in ({}, {"mask": mask})
    )
    inside = read_mask(mask).expand_as(free) == 1
    assert torch.allclose(held[inside], free[inside], atol=1e-6)


def test_a_mask_goes_with_tiles(model, photo, mask):
    made = reverie.dream(model, photo, "block", mask=mask, octaves=1, steps=2, size=96, tile=32).images
    shape = made.shape[-2:]
    outside = resize(read_mask(mask), shape).clamp(0, 1).expand_as(made) == 0
    assert torch.equal(made[outside], resize(read(photo), shape).clamp(0, 1)[outside])
    assert not torch.equal(made, resize(read(photo), shape).clamp(0, 1))


@pytest.mark.parametrize("parts", [{"preset": "naive"}, {}, {"preset": "essay"}])
@pytest.mark.parametrize("start", [None, "zero", "photo"])
def test_a_feature_stays_in_its_mask(model, photo, mask, parts, start):
    start = photo if start == "photo" else start
    made = reverie.feature(model, ["block:0", "block:1"], mask=mask, start=start, size="41x53", steps=2, **parts).images
    outside = read_mask(mask).expand_as(made) == 0
    ground = read(photo) if start == photo else torch.full((1, 3, 41, 53), 0.0 if start == "zero" else 0.5)
    assert torch.equal(made[outside], ground.expand_as(made)[outside])
    assert not torch.equal(made[0], made[1])


def test_a_masked_neuron_has_no_window(model, mask):
    assert recipes.feature(model, "block:0@3,3", size=48).window is not None
    assert recipes.feature(model, "block:0@3,3", size=48, mask=mask).window is None


def test_a_cut_outs_own_opacity_is_its_mask(model, photo, tmp_path):
    cut = to_pil(read(photo)[0]).convert("RGBA")
    cut.putalpha(to_pil(disc(41, 53)[0]))
    cut.save(tmp_path / "cut.png")
    assert torch.equal(read_mask(tmp_path / "cut.png"), disc(41, 53))
    cut.putalpha(255)
    assert torch.allclose(read_mask(cut), (read(photo) * torch.tensor([0.299, 0.587, 0.114]).view(1, 3, 1, 1)).sum(1))


@pytest.mark.parametrize("kind", ["array", "tensor", "single"])
def test_masks_of_every_kind(kind):
    values = disc(9, 12)
    given = {"array": values[0, 0].numpy(), "tensor": values, "single": values[0]}[kind]
    assert torch.allclose(read_mask(given), values, atol=1e-6)


@pytest.mark.parametrize("name", ["a.png", "a.jpg"])
def test_a_masked_picture_repeats(model, photo, mask, tmp_path, name):
    made = reverie.dream(model, photo, "block", mask=mask, octaves=2, steps=2)
    made.save(name)
    assert torch.equal(reverie.rerun(name, model).images, made.images)
    photo.rename(tmp_path / "p.png")
    mask.rename(tmp_path / "m.png")
    again = reverie.rerun(name, model, photo=[tmp_path / "m.png", tmp_path / "p.png"])
    assert torch.equal(again.images, made.images)
    (tmp_path / "p.png").rename(photo)
    with pytest.raises(reverie.ReverieError, match=r"the mask mask\.png is not here; name it with --photo FILE"):
        reverie.rerun(name, model)


def test_another_mask_is_refused(model, photo, mask):
    reverie.dream(model, photo, "block", mask=mask, octaves=1, steps=1).save("a.png")
    to_pil(1 - disc(41, 53)[0]).save(mask)
    with pytest.raises(reverie.ReverieError) as caught:
        reverie.rerun("a.png", model)
    assert str(caught.value) == (
        "mask.png is another mask than the picture was made from; name the right one with --photo FILE"
    )


def test_masks_that_cannot_be_are_refused(model, photo):
    with pytest.raises(UnsuitableImage) as caught:
        recipes.dream(model, photo, "block", mask=torch.ones(1, 41, 41))
    assert str(caught.value) == (
        "the mask is 41x41 and the picture 53x41, another shape; give a mask of the same aspect"
    )
    with pytest.raises(UnsuitableImage) as caught:
        recipes.dream(model, photo, "block", mask=torch.zeros(1, 41, 53))
    assert str(caught.value) == (
        "the mask is black all over: nothing may change; make it white where it may"
    )
