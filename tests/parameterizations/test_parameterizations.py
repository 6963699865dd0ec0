import dataclasses

import numpy as np
import pytest
import torch

from reference.plain import fourier_picture
from reverie import parameterizations
from reverie.parameterizations import Fourier, Parameterization, Pixels
from reverie.parameterizations.color import correlate, decorrelate
from reverie.randomness import generator
from tiny import picture

ALL = [getattr(parameterizations, name)() for name in parameterizations.__all__ if name != Parameterization.__name__]
SIZES = [(8, 8), (9, 13), (13, 8), (1, 5), (31, 1)]


def generators(*names: str):
    return [generator(0, name) for name in names]


@pytest.fixture(params=ALL, ids=lambda part: type(part).__name__)
def part(request):
    return request.param


@pytest.mark.parametrize("size", SIZES)
def test_decodes_at_odd_sizes(part, size):
    latents = part.init((3, *size), generators("a", "b"))
    image = part.decode(latents, size)
    assert image.shape == (2, 3, *size)
    assert float(image.min()) >= 0
    assert float(image.max()) <= 1


@pytest.mark.parametrize("size", SIZES)
def test_keeps_to_its_range_where_it_says_so(part, size):
    image = part.decode(1e3 * part.init((3, *size), generators("a")), size)
    assert not part.bounded or (float(image.min()) >= 0 and float(image.max()) <= 1)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("channels", [1, 3])
def test_holds_a_photo(part, size, channels):
    photo = 0.02 + 0.96 * picture(1, 2, channels, *size)
    assert torch.allclose(part.decode(part.encode(photo), size), photo, atol=2e-4)


def test_a_black_and_white_photo_is_nearly_held(part):
    photo = picture(1, 1, 3, 9, 12).round()
    assert torch.allclose(part.decode(part.encode(photo), (9, 12)), photo, atol=2e-3)


def test_fits_a_photo_by_descent(part):
    photo = 0.1 + 0.8 * picture(1, 1, 3, 8, 9)
    latents = part.init((3, 8, 9), generators("a")).requires_grad_()
    optimizer = torch.optim.Adam([latents], lr=0.1 if part.bounded else 0.02)
    for _ in range(300):
        error = (part.decode(latents, (8, 9)) - photo).square().mean()
        optimizer.zero_grad()
        error.backward()
        optimizer.step()
    assert float(error.detach()) < 1e-3


def test_a_rows_start_does_not_depend_on_the_batch(part):
    three = part.init((3, 7, 9), generators("a", "b", "c"))
    assert torch.equal(part.init((3, 7, 9), generators("b")), three[1:2])
    assert not torch.equal(three[0], three[1])


def test_has_no_state(part):
    assert dataclasses.is_dataclass(part)
    with pytest.raises(dataclasses.FrozenInstanceError):
        part.bounded_ = True


def test_encode_copies(part):
    photo = picture(1, 1, 3, 8, 8)
    kept = photo.clone()
    part.encode(photo).zero_()
    assert torch.equal(photo, kept)


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
