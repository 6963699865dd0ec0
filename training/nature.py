"""How natural pictures are, in the sense of their statistics: spectra and colours."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


def spectral_slope(images: npt.NDArray[np.uint8]) -> float:
    """The exponent a of the mean amplitude spectrum 1 / f^a of square pictures [N, H, W, 3], up to half of Nyquist.

    Photographs lie about 1. Source: Field 1987, "Relations between the statistics of natural images and the
    response properties of cortical cells"; differs: a Hann window, one fit to the mean over all directions.
    """
    size = images.shape[1]
    grey = images.astype(np.float32).mean(3)
    window = np.hanning(size)[:, None] * np.hanning(size)[None]
    amplitude = np.abs(np.fft.rfft2((grey - grey.mean((1, 2), keepdims=True)) * window)).mean(0)
    frequency = np.hypot(np.fft.fftfreq(size, 1 / size)[:, None], np.fft.rfftfreq(size, 1 / size)[None])
    rings = np.round(frequency).astype(int)
    centres = np.arange(2, size // 4)
    means = [amplitude[rings == ring].mean() for ring in centres]
    return float(-np.polyfit(np.log(centres), np.log(means), 1)[0])


def colour_variances(images: npt.NDArray[np.uint8]) -> tuple[float, float, float]:
    """Shares of the variance on the three principal axes of colour, falling; in photographs the first, grey, rules."""
    pixels = images.reshape(-1, 3)[:: max(1, images.size // 3_000_000)].astype(np.float64)
    values = np.linalg.eigvalsh(np.cov(pixels.T))[::-1]
    first, second, third = (values / values.sum()).tolist()
    return first, second, third


def crops(photo: npt.NDArray[np.uint8], size: int, count: int = 40) -> npt.NDArray[np.uint8]:
    """Squares of a photo at random places, always the same."""
    rng = np.random.default_rng(0)
    tops = rng.integers(0, photo.shape[0] - size + 1, count)
    lefts = rng.integers(0, photo.shape[1] - size + 1, count)
    return np.stack([photo[y : y + size, x : x + size] for y, x in zip(tops, lefts, strict=True)])
