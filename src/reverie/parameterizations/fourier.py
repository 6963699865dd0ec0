"""Fourier features: a spectrum scaled by 1/f, with decorrelated colours.

Source: Olah, Mordvintsev, Schubert 2017, "Feature Visualization", section on preconditioning; the scale of the
start (.01), the division by 4 and the sigmoid are lucid's, so that learning rates mean the same.
"""

from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Tensor

from reverie.errors import check
from reverie.image import Size
from reverie.parameterizations.color import correlate, decorrelate
from reverie.parameterizations.parameterization import Parameterization, Shape
from reverie.randomness import Generators, normal
from reverie.settings.part_types import typed

GAIN = 0.25
MARGIN = 1e-3  # a photo's 0 and 1 lie infinitely far out under the sigmoid


@dataclass(frozen=True)
@typed
class Fourier(Parameterization):
    """Latents [N,C,H,K,2] are a spectrum over 1/f^decay, its K columns those up to the cutoff: W//2+1 without one.

    Attributes:
        decay: exponent of the frequency; 1 is that of natural images.
        start: deviation of the spectrum's start.
        cutoff: highest frequency, in cycles per pixel; what lies above is left out, and with it the finest speckle.
    """

    decay: float = 1.0
    start: float = 0.01
    cutoff: float = 1.0

    def __post_init__(self) -> None:
        check("cutoff", self.cutoff, 0)

    def init(self, shape: Shape, generators: Generators) -> Tensor:
        """A faint 1/f noise on grey."""
        channels, height, width = shape
        whole = normal((channels, height, width // 2 + 1, 2), generators)
        return self.start * whole[..., : self._columns(width), :]

    def decode(self, latents: Tensor, size: Size) -> Tensor:
        """Spectrum to picture, by way of the decorrelated colours."""
        scale = _scale(size, self.decay, self.cutoff, latents.device)
        spectrum = torch.view_as_complex(latents) * scale[:, : latents.shape[-2]]
        columns = torch.fft.ifft(spectrum, dim=-2, norm="ortho")
        return correlate(torch.fft.irfft(columns, size[1], norm="ortho") * GAIN).sigmoid()

    def encode(self, image: Tensor) -> Tensor:
        """Picture to spectrum: exact but for values within MARGIN of 0 and 1, and what lies above the cutoff."""
        logits = decorrelate(image.clamp(MARGIN, 1 - MARGIN).logit())
        size = int(image.shape[-2]), int(image.shape[-1])
        kept = self._columns(size[1])
        scale = _scale(size, self.decay, self.cutoff, image.device)[:, :kept]
        spectrum = torch.fft.rfft2(logits / GAIN, norm="ortho")[..., :kept]
        return torch.view_as_real(torch.where(scale > 0, spectrum / scale.clamp_min(1e-12), 0)).contiguous()

    def _columns(self, width: int) -> int:
        """How many columns hold a frequency up to the cutoff."""
        return min(width // 2, int(self.cutoff * width)) + 1


@lru_cache(maxsize=16)
def _scale(size: Size, decay: float, cutoff: float, device: torch.device) -> Tensor:
    """1/f^decay up to the cutoff, f in cycles per pixel and at least one cycle per picture."""
    height, width = size
    frequency = torch.hypot(torch.fft.fftfreq(height)[:, None], torch.fft.rfftfreq(width)[None])
    return ((frequency <= cutoff) / frequency.clamp_min(1 / max(height, width)) ** decay).to(device)


BY_NAME = {"fourier": Fourier()}
