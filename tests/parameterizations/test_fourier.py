"""Fourier features, against the plain inverse transform of the whole spectrum."""

import pytest
import torch

from reverie.parameterizations import Aligned, Fourier
from reverie.parameterizations.color import correlate
from reverie.randomness import generator


@pytest.mark.parametrize("size", [(12, 16), (13, 15), (9, 10)])
@pytest.mark.parametrize("cutoff", [0.1, 0.25, 0.265, 0.5, 1.0])
def test_what_lies_above_the_cutoff_is_left_out_and_nothing_else(size, cutoff):
    latents = 100 * Fourier(cutoff=cutoff).init((3, *size), [generator(0, "a")])
    picture = Fourier(cutoff=cutoff).decode(latents, size)
    height, width = size
    frequency = torch.hypot(torch.fft.fftfreq(height)[:, None], torch.fft.rfftfreq(width)[None])
    scale = (frequency <= cutoff) / frequency.clamp_min(1 / max(size))
    spectrum = torch.view_as_complex(latents) * scale[:, : latents.shape[-2]]
    assert not bool(scale[:, latents.shape[-2] :].any())
    expected = correlate(torch.fft.irfft2(spectrum, s=size, norm="ortho") / 4).sigmoid()
    assert torch.allclose(picture, expected, atol=1e-5)


@pytest.mark.parametrize("size", [(12, 16), (13, 15)])
@pytest.mark.parametrize("wrap", [lambda inner: inner, lambda inner: Aligned(inner=inner)])
def test_latents_are_the_columns_up_to_the_cutoff_alone(size, wrap):
    def drawn(part):
        return wrap(part).init((3, *size), [generator(0, name) for name in "ab"])

    part, latents, whole = wrap(Fourier(cutoff=0.265)), drawn(Fourier(cutoff=0.265)), drawn(Fourier())
    assert latents.shape == (2, 3, size[0], int(0.265 * size[1]) + 1, 2)
    assert torch.equal(latents, whole[..., : latents.shape[-2], :])
    picture = part.decode(latents, size)
    assert torch.equal(picture, part.decode(whole, size))
    held = part.encode(picture)
    assert held.shape == latents.shape
    assert torch.allclose(part.decode(held, size), picture, atol=1e-5)
