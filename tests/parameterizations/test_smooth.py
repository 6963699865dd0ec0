"""CPPN, Laplacian pyramid and aligned pictures."""

import numpy as np
import pytest
import torch

import reverie
from reference.materials import blended_spectra, cppn_picture, pyramid_picture
from reference.plain import fourier_picture
from reverie import recipes
from reverie.errors import ReverieError
from reverie.parameterizations import Aligned, Cppn, Fourier, Pyramid
from reverie.parameterizations.pyramid import _levels
from reverie.randomness import generator
from tiny import picture


def generators(*names: str):
    return [generator(0, name) for name in names]


def smooth(size, channels=3):
    """A picture of soft blots."""
    return torch.nn.functional.interpolate(picture(5, 1, channels, 3, 3), size, mode="bicubic").clamp(0.05, 0.95)


@pytest.mark.parametrize("channels", [1, 3])
def test_a_cppn_is_the_papers_network_at_each_point(channels):
    part = Cppn(width=5, depth=3)
    latents = part.init((channels, 6, 4), generators("a"))
    latents = latents + 5 * torch.randn(latents.shape, generator=torch.Generator().manual_seed(1))
    values, at, layers = (latents[0] * part.gain).numpy(), 0, []
    for inputs, outputs in [(2, 5), (10, 5), (10, 5), (10, channels)]:
        weight = values[at : at + inputs * outputs].reshape(outputs, inputs)
        at += inputs * outputs
        layers.append((weight, values[at : at + outputs]))
        at += outputs
    assert at == len(values)
    assert np.abs(part.decode(latents, (6, 4))[0].numpy() - cppn_picture(layers, 6, 4)).max() < 1e-5


def test_a_cppn_shows_the_same_picture_at_any_size():
    latents = 3 * Cppn().init((3, 8, 8), generators("a"))
    small, large = Cppn().decode(latents, (24, 36)), Cppn().decode(latents, (72, 108))
    assert torch.allclose(large[..., 1::3, 1::3], small, atol=1e-5)


def test_a_cppn_comes_near_a_smooth_photo_and_always_the_same_way():
    photo = smooth((40, 52))
    first, second = (Cppn().encode(photo.expand(2, -1, -1, -1)) for _ in range(2))
    assert torch.equal(first, second)
    held = Cppn().decode(first, (40, 52))
    assert (held - photo).square().mean() < 0.2 * (photo - photo.mean((2, 3), keepdim=True)).square().mean()


def test_fitting_leaves_gradients_and_the_random_state_alone():
    before = torch.random.get_rng_state()
    with torch.no_grad():
        assert not Cppn(width=4, depth=2).encode(smooth((8, 8))).requires_grad
    assert torch.equal(torch.random.get_rng_state(), before)


@pytest.mark.parametrize("size", [(16, 16), (9, 13), (3, 7)])
def test_a_pyramid_is_the_sum_of_its_enlarged_levels(size):
    part = Pyramid(start=2.0)
    latents, levels = part.init((3, *size), generators("a")), _levels(size)
    counts = [height * width for height, width in levels]
    planes = [item[0].view(3, *level).numpy() for item, level in zip(latents.split(counts, -1), levels, strict=True)]
    assert np.abs(part.decode(latents, size)[0].numpy() - pyramid_picture(planes, part.gain)).max() < 1e-5


def test_a_pyramids_levels_halve():
    assert _levels((40, 19)) == [(40, 19), (20, 10), (10, 5), (5, 3)]
    assert _levels((1, 9)) == [(1, 9)]


def test_aligned_pictures_blend_their_low_frequencies():
    part = Aligned(below=2.0, reach=1.0)
    latents = 30 * part.init((3, 6, 7), generators("a", "b", "c"))
    mixed = blended_spectra(torch.view_as_complex(latents).numpy(), 1.0, 2.0, 6, 7)
    found = part.decode(latents, (6, 7)).numpy()
    for row in range(3):
        wanted = fourier_picture(np.stack([mixed[row].real, mixed[row].imag], -1), 6, 7)
        assert np.abs(found[row] - wanted).max() < 1e-4


def test_aligned_pictures_are_alike_in_what_is_low_only():
    latents = Fourier().init((3, 32, 32), generators(*"abcdef")) * 20
    free, tied = Fourier().decode(latents, (32, 32)), Aligned().decode(latents, (32, 32))

    def apart(pictures, low):
        spectra = torch.fft.rfft2(pictures.logit(), norm="ortho")
        cycles = torch.hypot(torch.fft.fftfreq(32)[:, None] * 32, torch.fft.rfftfreq(32)[None] * 32)
        chosen = spectra[..., cycles <= 4 if low else cycles > 8]
        return float((chosen[1:] - chosen[:-1]).abs().mean())

    assert apart(tied, low=True) < 0.3 * apart(free, low=True)
    assert apart(tied, low=False) == pytest.approx(apart(free, low=False), rel=0.05)


def test_aligned_pictures_run_together_whatever_the_batch(model):
    made = recipes.feature(model, "mix:0-5", parameterization="aligned", size=32, steps=2, batch=2)
    assert made.batches() == [range(6)]
    result = reverie.synthesize(model, made)
    result.save("sheet.png", singles=True)
    assert torch.equal(reverie.rerun("sheet/mix-3.png", model).images, result.images[3:4])


@pytest.mark.parametrize("name", ["cppn", "pyramid", "aligned"])
@pytest.mark.parametrize("preset", ["default", "essay"])
def test_they_rise_and_repeat(model, name, preset):
    given = {"parameterization": name, "preset": preset, "size": 32}
    run = list(reverie.iterate(model, recipes.feature(model, "mix:2", steps=15, **given)))
    assert float(run[14].score) > float(run[0].score)
    made = reverie.feature(model, "mix:2", steps=2, **given)
    made.save("a.png")
    assert torch.equal(reverie.rerun("a.png", model).images, made.images)


@pytest.mark.parametrize("name", ["cppn", "pyramid", "aligned"])
def test_they_start_from_a_photo_and_stay_in_a_mask(model, photo, name):
    mask = torch.zeros(1, 24, 24)
    mask[:, 8:16, 8:16] = 1
    made = reverie.feature(model, ["mix:1", "mix:2"], parameterization=name, start=photo, mask=mask, size=24, steps=1)
    assert made.images.shape == (2, 3, 24, 24)
    assert torch.equal(made.images[0, :, :8], made.images[1, :, :8])


def test_a_cppn_has_no_opacity(model):
    with pytest.raises(ReverieError) as caught:
        recipes.feature(model, "mix:1", parameterization="cppn", alpha="optimised")
    assert str(caught.value) == (
        "Cppn has no opacity; --alpha optimised goes with aligned, fourier, maco, pixels, pyramid, "
        "soft-colors, soft-pixels"
    )
