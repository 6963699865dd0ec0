"""The parameterizations that paintings and foolings are made of."""

import pytest
import torch

from reference.remakes import soft_pixel
from reverie.image import grey, read, to_pil
from reverie.parameterizations import SoftPixels
from reverie.parameterizations.lattice import Lattice, on_lattice
from reverie.parameterizations.luminance import Luminance
from reverie.randomness import generator
from tiny import picture

SIZE = (17, 23)


def test_soft_pixels_are_the_formula():
    latents = torch.linspace(-3, 3, 41).view(1, 1, 1, 41)
    found = SoftPixels().decode(latents, (1, 41)).flatten()
    assert found.tolist() == pytest.approx([soft_pixel(float(value)) for value in latents.flatten()], abs=1e-6)


@pytest.mark.parametrize("made_of", [SoftPixels(), Luminance(picture(2, 1, 3, *SIZE))], ids=["soft", "luminance"])
def test_nothing_leaves_the_range(made_of):
    channels = 3 if isinstance(made_of, SoftPixels) else 1
    for reach in (1, 10, 1000):
        image = made_of.decode(reach * (picture(1, 2, channels, *SIZE) - 0.5), SIZE)
        assert image.shape == (2, 3, *SIZE)
        assert float(image.min()) >= 0
        assert float(image.max()) <= 1
    assert made_of.bounded


def test_a_photo_comes_back_from_soft_pixels():
    photo = picture(1, 1, 3, *SIZE)
    photo[..., :3, :] = 0
    photo[..., 3:6, :] = 1
    assert torch.allclose(SoftPixels().decode(SoftPixels().encode(photo), SIZE), photo, atol=1.5e-3)


def test_the_middle_of_the_range_is_left_as_it_is():
    latents = torch.linspace(-0.3, 0.3, 7).requires_grad_()
    (slope,) = torch.autograd.grad(SoftPixels().decode(latents, SIZE).sum(), latents)
    assert torch.allclose(slope, torch.ones(7), atol=0.03)


def test_starts_are_faint_and_of_their_generator():
    photo = picture(2, 1, 3, *SIZE)
    for made_of in (SoftPixels(), Luminance(photo)):
        several = made_of.init((3, *SIZE), [generator(0, "a"), generator(0, "b")])
        alone = made_of.init((3, *SIZE), [generator(0, "b")])
        assert torch.equal(several[1:], alone)
        assert not torch.equal(several[0], several[1])
        assert 0 < float(several.std()) < 0.1


def test_luminance_changes_brightness_and_keeps_chroma():
    photo = 0.35 + 0.3 * picture(2, 1, 3, *SIZE)
    made_of = Luminance(photo)
    change = 0.1 * (picture(1, 1, 1, *SIZE) - 0.5)
    image = made_of.decode(change, SIZE)
    chroma = [item - grey(item) for item in (photo, image)]
    assert torch.allclose(chroma[0], chroma[1], atol=5e-3)
    assert torch.allclose(grey(image) - grey(photo), change, atol=5e-3)
    assert torch.allclose(made_of.encode(image), change, atol=1e-3)
    assert torch.allclose(made_of.decode(torch.zeros(1, 1, *SIZE), SIZE), photo, atol=1e-5)
    smaller = made_of.decode(torch.zeros(1, 1, 8, 11), (8, 11))
    assert smaller.shape == (1, 3, 8, 11)


def test_the_lattice_is_what_a_file_holds(tmp_path):
    latents = picture(1, 1, 3, *SIZE) * 1.2 - 0.1
    image = Lattice().decode(latents, SIZE)
    to_pil(image[0]).save(tmp_path / "a.png")
    assert torch.equal(read(tmp_path / "a.png"), image)
    assert torch.equal(on_lattice(image), image)
    assert float((image - latents.clamp(0, 1)).abs().max()) <= 0.5 / 255 + 1e-6


def test_the_gradient_passes_the_lattice_unchanged():
    latents, weights = picture(1, 1, 3, *SIZE).requires_grad_(), picture(2, 1, 3, *SIZE)
    (slope,) = torch.autograd.grad((weights * Lattice().decode(latents, SIZE)).sum(), latents)
    assert torch.equal(slope, weights)


@pytest.mark.parametrize("limit", [0.01, 0.05, 0.2, 1.0])
def test_rounding_keeps_within_the_limit(limit):
    photo = on_lattice(picture(1, 1, 3, *SIZE))
    change = picture(2, 1, 3, *SIZE) - 0.5
    latents = photo + limit * change / change.norm()
    image = Lattice(photo, limit).decode(latents, SIZE)
    moved = float((image - photo).norm())
    assert moved <= limit * 1.001
    assert torch.equal(on_lattice(image), image)
    if limit >= 0.2:
        assert moved > 0.5 * limit
        assert float(torch.nn.functional.cosine_similarity((image - photo).flatten(), change.flatten(), dim=0)) > 0.6
