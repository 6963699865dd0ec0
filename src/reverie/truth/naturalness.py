"""Naturalness: how near a picture's spectrum, and what a network feels of it, come to those of photos."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from reverie.dataset.tallies import Array
from reverie.image import grey, in_channels, resize
from reverie.models.model import Model
from reverie.models.probe import probe

FEWEST, SEVERAL = 8, 64  # photos that are compared with: at least, at most
TOGETHER = 16  # pictures in one forward
EARLY = 3  # layers whose statistics are taken: the first half of the network's blocks, evenly spread


@dataclass(frozen=True, eq=False)
class Photos:
    """What pictures are compared with: photos at one size.

    Attributes:
        spectra: [P,B] decibels.
        statistics: [P,D] of early layers.
    """

    model: Model
    size: tuple[int, int]
    spectra: Tensor
    statistics: Array


@dataclass(frozen=True)
class Naturalness:
    """How natural a picture is.

    Attributes:
        value: the geometric mean of the two shares: 1 as the middle photo, near 0 far from all.
        spectrum, features: the middle photo's distance from the usual one over the picture's; at most 1.
        decibels: the picture's distance in spectrum, and the middle photo's.
    """

    value: float
    spectrum: float
    features: float
    decibels: tuple[float, float]


def compared(model: Model, pictures: Tensor, size: tuple[int, int]) -> Photos:
    """Photos [P,3,H,W], brought to the size of the pictures that will be measured."""
    shown = resize(pictures[:SEVERAL], size).clamp(0, 1)
    return Photos(model, size, spectrum(shown), statistics(model, shown))


def naturalness(picture: Tensor, photos: Photos) -> Naturalness:
    """How natural one picture [3,H,W] is."""
    shown = resize(picture[None], photos.size).clamp(0, 1)
    usual = photos.spectra.mean(0)
    off, theirs = float(distance(spectrum(shown), usual)), float(distance(photos.spectra, usual).median())
    own = _far(statistics(photos.model, shown), photos.statistics)
    middle = float(np.median(_far(photos.statistics, photos.statistics)))
    shares = [min(1.0, part / max(whole, 1e-12)) for part, whole in ((theirs, off), (middle, float(own[0])))]
    return Naturalness(math.sqrt(shares[0] * shares[1]), shares[0], shares[1], (off, theirs))


def _far(values: Array, photos: Array) -> Array:
    """[N] root mean square of standardised differences from the photos' mean."""
    centred = (values - photos.mean(0)) / (photos.std(0) + 1e-3 * photos.std() + 1e-12)
    return np.asarray(np.sqrt(np.square(centred).mean(1)))


def statistics(model: Model, pictures: Tensor) -> Array:
    """[N,D] of pictures [N,3,H,W]: mean and deviation of each channel of early layers over positions."""
    layers, parts = early(model), list[Tensor]()
    with torch.no_grad():
        for chunk in pictures.split(TOGETHER):
            seen = probe(model, in_channels(chunk, model.channels).to(model.device), layers)
            each = [moment for layer in layers for moment in (seen[layer].mean((2, 3)), seen[layer].std((2, 3)))]
            parts.append(torch.cat(each, 1).cpu())
    return np.asarray(torch.cat(parts).double().numpy())


def early(model: Model) -> Sequence[str]:
    """Layers with a grid in the first half of the network."""
    maps = [name for name in model.main if name != "logits" and max(model.layer(name).size or (1,)) > 1] or ["logits"]
    half = maps[: max(1, len(maps) // 2)]
    several = min(EARLY, len(half))
    return [half[round((number + 1) * len(half) / several) - 1] for number in range(several)]


def spectrum(images: Tensor) -> Tensor:
    """[N,B] decibels: the power of the luminance [N,C,H,W] by frequency, in bands of a third of an octave.

    The mean over directions, of the picture less its mean under a Hann window; the mean over the bands is subtracted,
    so that contrast does not count.
    """
    light = (grey(images) if images.shape[1] == 3 else images[:, :1])[:, 0].float().cpu()
    height, width = light.shape[-2:]
    window = torch.hann_window(height)[:, None] * torch.hann_window(width)[None]
    light = (light - light.mean((1, 2), keepdim=True)) * window
    power = torch.fft.fft2(light).abs().square().flatten(1)
    frequency = (torch.fft.fftfreq(height)[:, None].square() + torch.fft.fftfreq(width)[None].square()).sqrt().flatten()
    band = torch.floor(3 * torch.log2(frequency.clamp_min(1e-9) / 0.5)).long()
    lowest = math.ceil(3 * math.log2(2 / min(height, width) / 0.5))  # two waves in the picture
    bands = [power[:, band == index].mean(1) for index in range(lowest, 0) if bool((band == index).any())]
    decibels = 10 * torch.log10(torch.stack(bands, 1) + 1e-12)
    return decibels - decibels.mean(1, keepdim=True)


def distance(spectra: Tensor, usual: Tensor) -> Tensor:
    """[N]: the root mean square over the bands of the difference between spectra [N,B] and [B] in decibels.

    Source: the log-spectral distance of Gray and Markel 1976, on spectra averaged over directions as those of natural
    images are (Field 1987; van der Schaaf and van Hateren 1996); differs: bands of equal ratio, so that every octave
    counts as much, and the contrast is left out.
    """
    return (spectra - usual).square().mean(1).sqrt()
