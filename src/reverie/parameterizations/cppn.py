"""CPPN: a small network that gives each point of the plane its colour; smooth shapes at any resolution.

Source: Mordvintsev et al. 2018, "Differentiable Image Parameterizations", section on compositional pattern producing
networks: eight layers of 24, arctangents and their squares side by side.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from reverie.errors import count
from reverie.image import Size, resize
from reverie.parameterizations.fitting import fitted
from reverie.parameterizations.parameterization import Parameterization, Shape
from reverie.randomness import Generators, generator, normal
from reverie.settings.part_types import typed

SPAN = math.sqrt(3)  # the long side goes from -SPAN to SPAN, so that coordinates have a deviation of 1
WAVE, SQUARE = 0.67, 0.60  # root mean square of arctangent and its square for a standard normal input
FIT = 32  # a photo is fitted at this side: the picture holds for any
LAST = 0.1  # of the last layer's start, so that all begin as a faint pattern on grey


@dataclass(frozen=True)
@typed
class Cppn(Parameterization):
    """Latents [N,P] are the weights and biases of each picture's own network.

    Attributes:
        width: features of a layer, of which there are two kinds.
        depth: layers before the colours.
        gain: of the latents, so that rates mean about the same as for the other parameterizations.
    """

    width: int = 24
    depth: int = 8
    gain: float = 0.05

    def __post_init__(self) -> None:
        count("width", self.width, 1, 1024)
        count("depth", self.depth, 1, 64)

    @property
    def photos(self) -> str:
        """How it holds a photo: by descent, as near as a smooth pattern comes."""
        return "fitted"

    @property
    def planar(self) -> bool:
        """No: all channels come from the same features."""
        return False

    def init(self, shape: Shape, generators: Generators) -> Tensor:
        """Weights that keep a deviation of 1 from layer to layer, no biases."""
        layers = self._layers(shape[0])
        rows = []
        for source in generators:
            parts = []
            for index, (inputs, outputs) in enumerate(layers):
                weight = normal((outputs, inputs), [source])[0] / math.sqrt(inputs)
                parts += [weight.flatten() * (LAST if index == len(layers) - 1 else 1), torch.zeros(outputs)]
            rows.append(torch.cat(parts))
        return torch.stack(rows) / self.gain

    def decode(self, latents: Tensor, size: Size) -> Tensor:
        """Each point through each picture's network."""
        value = _points(size, latents.device).expand(len(latents), -1, -1)
        layers = self._layers(self._channels(latents.shape[1]))
        at = 0
        for index, (inputs, outputs) in enumerate(layers):
            weight = latents[:, at : at + inputs * outputs].view(-1, outputs, inputs) * self.gain
            bias = latents[:, at + inputs * outputs : at + (inputs + 1) * outputs, None] * self.gain
            at += (inputs + 1) * outputs
            value = torch.baddbmm(bias, weight, value)
            value = _waves(value) if index < len(layers) - 1 else value
        return value.sigmoid().view(len(latents), -1, *size)

    def encode(self, image: Tensor) -> Tensor:
        """Weights of a picture near this one, found by descent at 32 pixels: always the same ones."""
        height, width = int(image.shape[-2]), int(image.shape[-1])
        scale = min(1.0, FIT / max(height, width))
        small = resize(image, (max(1, round(height * scale)), max(1, round(width * scale)))).clamp(0, 1)
        start = self.init((int(image.shape[1]), height, width), [generator(0, "fit")])
        return fitted(self, small, start.to(image.device).repeat(len(image), 1))

    def _layers(self, channels: int) -> list[tuple[int, int]]:
        """Inputs and outputs of each; a layer hands on two kinds of feature."""
        inner = [(2, self.width)] + [(2 * self.width, self.width)] * (self.depth - 1)
        return [*inner, (2 * self.width, channels)]

    def _channels(self, count: int) -> int:
        """How many colours a number of latents is for."""
        body = sum((inputs + 1) * outputs for inputs, outputs in self._layers(0)[:-1])
        return (count - body) // (2 * self.width + 1)


def _waves(value: Tensor) -> Tensor:
    """Arctangent and its square, each scaled to a root mean square of 1."""
    wave = value.atan()
    return torch.cat([wave / WAVE, wave.square() / SQUARE], 1)


def _points(size: Size, device: torch.device) -> Tensor:
    """Coordinates [1,2,H*W] of the pixels' centres, square ones."""
    height, width = size
    step = 2 * SPAN / max(height, width)
    down = (torch.arange(height, device=device) + 0.5 - height / 2) * step
    right = (torch.arange(width, device=device) + 0.5 - width / 2) * step
    return torch.stack([down[:, None].expand(size), right[None].expand(size)]).flatten(1)[None]


BY_NAME = {"cppn": Cppn()}
