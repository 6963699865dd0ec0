"""What holds for every parameterization of the public table, and each one's paper."""

import dataclasses

import numpy as np
import pytest
import torch

from reference.plain import fourier_picture
from reverie.errors import InvalidSetting
from reverie.parameterizations import Alpha, Fourier, Masked, Pixels, SoftColors
from reverie.parameterizations.color import correlate, decorrelate
from reverie.randomness import generator
from reverie.recipes.parameterizing import MADE_OF
from tiny import picture

ALL = {
    **MADE_OF,
    "alpha": Alpha(Fourier(), 3),
    "masked": Masked(Fourier(), torch.ones(1, 1, 8, 8), torch.full((1, 3, 8, 8), 0.5)),
}
EXACT = {name: part for name, part in ALL.items() if part.photos == "exact"}
SIZES = [(8, 8), (9, 13), (13, 8), (1, 5), (31, 1), (1, 1), (2, 3)]


def generators(*names: str):
    return [generator(0, name) for name in names]


def colours(part) -> int:
    return 4 if isinstance(part, Alpha) else 3


@pytest.fixture(params=ALL)
def part(request):
    return ALL[request.param]


@pytest.fixture(params=EXACT)
def exact(request):
    return EXACT[request.param]


@pytest.mark.parametrize("size", SIZES)
def test_decodes_at_odd_sizes(part, size):
    image = part.decode(part.init((3, *size), generators("a", "b")), size)
    assert image.shape == (2, colours(part), *size)
    assert float(image.min()) >= 0
    assert float(image.max()) <= 1


@pytest.mark.parametrize("size", SIZES)
def test_keeps_to_its_range_where_it_says_so(part, size):
    image = part.decode(1e3 * part.init((3, *size), generators("a")), size)
    assert bool(image.isfinite().all())
    assert not part.bounded or (float(image.min()) >= 0 and float(image.max()) <= 1)


@pytest.mark.parametrize("channels", [1, 2, 6])
@pytest.mark.parametrize("name", MADE_OF)
def test_makes_pictures_of_any_number_of_channels(name, channels):
    part = MADE_OF[name]
    image = part.decode(part.init((channels, 9, 12), generators("a")), (9, 12))
    assert image.shape == (1, channels, 9, 12)
    assert float(image.min()) >= 0
    assert float(image.max()) <= 1


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("channels", [1, 3])
def test_holds_a_photo(exact, size, channels):
    photo = 0.02 + 0.96 * picture(1, 1, channels, *size).expand(2, -1, -1, -1)
    held = exact.decode(exact.encode(photo), size)[:, :channels]
    assert torch.allclose(held, photo, atol=2e-4)


def test_a_black_and_white_photo_is_nearly_held(exact):
    photo = picture(1, 1, 3, 9, 12).round()
    assert torch.allclose(exact.decode(exact.encode(photo), (9, 12))[:, :3], photo, atol=2e-3)


def test_fits_a_photo_by_descent(exact):
    photo = 0.1 + 0.8 * picture(1, 1, colours(exact), 8, 9)
    latents = exact.init((3, 8, 9), generators("a")).requires_grad_()
    optimizer = torch.optim.Adam([latents], lr=0.1 if exact.bounded else 0.02)
    for _ in range(300):
        error = (exact.decode(latents, (8, 9)) - photo).square().mean()
        optimizer.zero_grad()
        error.backward()
        optimizer.step()
    assert float(error.detach()) < 1e-3


def test_the_same_seed_gives_the_same_bits(part):
    first, second = (part.decode(part.init((3, 7, 9), generators("a", "b")), (7, 9)) for _ in range(2))
    assert torch.equal(first, second)


def test_a_rows_start_does_not_depend_on_the_batch(part):
    three = part.init((3, 7, 9), generators("a", "b", "c"))
    assert torch.equal(part.init((3, 7, 9), generators("b")), three[1:2])
    assert not torch.equal(three[0], three[1])


def test_every_latent_is_free(part):
    latents = part.init((3, 7, 9), generators("a")).requires_grad_()
    weights = picture(1, 1, colours(part), 7, 9)
    (gradient,) = torch.autograd.grad((part.decode(latents, (7, 9)) * weights).sum(), latents)
    assert bool(gradient.isfinite().all())
    assert float((gradient != 0).float().mean()) > 0.5


def test_has_no_state(part):
    assert dataclasses.is_dataclass(part)
    with pytest.raises(dataclasses.FrozenInstanceError):
        part.bounded_ = True


def test_encode_copies(exact):
    photo = picture(1, 1, 3, 8, 8)
    kept = photo.clone()
    exact.encode(photo).zero_()
    assert torch.equal(photo, kept)


def test_what_holds_no_photo_says_so(part):
    if part.photos == "none":
        with pytest.raises(InvalidSetting, match="cannot hold a photo"):
            part.encode(picture(1))


def test_fourier_is_the_papers_sum():
    for height, width in ((8, 8), (7, 8), (8, 5)):
        latents = 20 * Fourier().init((3, height, width), generators("x"))
        found = Fourier().decode(latents, (height, width))[0].numpy()
        assert np.abs(found - fourier_picture(latents[0].numpy(), height, width)).max() < 1e-5


def test_colours_come_back():
    image = picture(1)
    assert torch.allclose(decorrelate(correlate(image)), image, atol=1e-5)
    grey = image[:, :1]
    assert correlate(grey) is grey


def test_pixels_start_near_grey():
    image = Pixels(0.1).init((3, 64, 64), generators("a"))
    assert float(image.mean()) == pytest.approx(0.5, abs=0.01)
    assert float(image.std()) == pytest.approx(0.1, abs=0.01)


def test_soft_colours_move_least_where_they_would_burn_out_and_less_in_colour_than_in_lightness():
    part = SoftColors(chroma=0.4)
    dark, grey = torch.full((1, 3, 4, 4), 0.02), torch.full((1, 3, 4, 4), 0.5)
    step = torch.zeros(1, 3, 4, 4)
    step[:, 0] = 0.3
    moved = [(part.decode(part.encode(image) + step, (4, 4)) - image).abs().max() for image in (dark, grey)]
    assert moved[0] < 0.2 * moved[1]
    tint = torch.zeros(1, 3, 4, 4)
    tint[:, 1] = 0.3
    colour = part.decode(part.encode(grey) + tint, (4, 4)) - grey
    assert colour.norm() < 0.5 * (part.decode(part.encode(grey) + step, (4, 4)) - grey).norm()
    assert abs(float(colour.mean())) < 0.1 * float(colour.abs().max())  # a colour, not a light
