"""MACO: only phases are free; the magnitudes are those of photographs.

Source: Fel et al. 2023, "Unlocking Feature Visualization for Deep Networks with MAgnitude Constrained Optimization",
x = F^-1(r exp(i phi)) with a fixed mean magnitude r; differs: r is a smooth function of frequency and direction, so
that it holds at any size, and is measured on logits, so that a sigmoid keeps the picture in [0,1].
"""

import math
from dataclasses import InitVar, dataclass

import torch
from torch import Tensor

from reverie.errors import InvalidSetting
from reverie.image import Size
from reverie.parameterizations.color import correlate
from reverie.parameterizations.parameterization import Parameterization, Shape
from reverie.parameterizations.spectrum import Measurable, Spectrum, measured, natural
from reverie.randomness import Generators, uniform
from reverie.settings.part_types import typed


@dataclass(frozen=True)
@typed
class Maco(Parameterization):
    """Latents [N,C,H,W//2+1] are phases in turns of `gain` radians.

    Attributes:
        like: what has the magnitudes: a photo, a folder, several of them, or the spectrum; measured at once.
        gain: so that rates mean about the same as for the other parameterizations.
        spectrum: the magnitudes; those of the sample photos unless given.

    Raises:
        UnsuitableImage: a photo that cannot be read, or is smaller than 32 pixels.
    """

    like: InitVar[Measurable | None] = None
    gain: float = 1.0
    spectrum: Spectrum | None = None

    def __post_init__(self, like: Measurable | None) -> None:
        if like is not None:
            object.__setattr__(self, "spectrum", measured(like))

    @property
    def photos(self) -> str:
        """None: a photo has magnitudes of its own."""
        return "none"

    def init(self, shape: Shape, generators: Generators) -> Tensor:
        """Phases anywhere on the circle."""
        channels, height, width = shape
        return uniform(-math.pi, math.pi, (channels, height, width // 2 + 1), generators) / self.gain

    def decode(self, latents: Tensor, size: Size) -> Tensor:
        """Magnitudes and phases to picture, by way of the decorrelated colours."""
        magnitude = (self.spectrum or natural()).magnitudes(latents.shape[1], size, latents.device)
        phase = _real(latents * self.gain, size)
        spectrum = torch.complex(magnitude * phase.cos(), magnitude * phase.sin())
        return correlate(torch.fft.irfft2(spectrum, s=size, norm="ortho")).sigmoid()

    def encode(self, image: Tensor) -> Tensor:
        """Refused.

        Raises:
            InvalidSetting: always.
        """
        del image
        raise InvalidSetting("Maco cannot hold a photo: its magnitudes are fixed; start it from noise")


def _real(phase: Tensor, size: Size) -> Tensor:
    """The phases of a real picture: its first column, and the last of an even width, mirror themselves."""
    height, width = size
    middle = phase[..., 1 : (width + 1) // 2]
    ends = [phase[..., column] for column in ([0, width // 2] if width % 2 == 0 else [0])]
    first, *last = [_odd(column, height).unsqueeze(-1) for column in ends]
    return torch.cat([first, middle, *last], -1)


def _odd(column: Tensor, height: int) -> Tensor:
    """phi(-u) = -phi(u), and so 0 where u is its own mirror."""
    up = column[..., 1 : (height + 1) // 2]
    zero = torch.zeros_like(column[..., :1])
    return torch.cat([zero, up, *([zero] if height % 2 == 0 else []), -up.flip(-1)], -1)


BY_NAME = {"maco": Maco()}
