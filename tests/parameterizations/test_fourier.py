"""Fourier features, against the plain inverse transform of the whole spectrum."""

import pytest
import torch

from reverie.parameterizations import Fourier
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
    spectrum = torch.view_as_complex(latents) * scale
    expected = correlate(torch.fft.irfft2(spectrum, s=size, norm="ortho") / 4).sigmoid()
    assert torch.allclose(picture, expected, atol=1e-5)
