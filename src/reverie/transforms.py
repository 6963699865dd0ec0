"""Transforms: small random changes a picture is seen through, so that it works from every side.

All amounts scale with the picture: shifts and margins are shares of its side. Each image of a batch has its own
draw. Every affine part becomes one matrix, and all of them one resampling.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import torch
from torch import Tensor
from torch.nn import functional

from reverie.errors import check, count
from reverie.image import Size
from reverie.randomness import Generators, integers, normal, uniform
from reverie.settings.part_types import typed

Seen = Callable[[Tensor], Tensor]
MARGIN = 0.5  # the grey that shows where the picture ends


@runtime_checkable
class Transform(Protocol):
    """Settings; `draw` makes the chances of one step."""

    def draw(self, generators: Generators, size: Size) -> "Tensor | Seen":
        """An affine matrix [N,2,3] in pixels round the centre, from seen to picture, or a function of the image."""
        ...


@dataclass(frozen=True)
@typed
class Jitter:
    """Shifts by up to `amount` of the side; grey comes in."""

    amount: float

    def draw(self, generators: Generators, size: Size) -> Tensor:
        """A shift [N,2,3]."""
        shift = uniform(-self.amount, self.amount, (2,), generators) * torch.tensor([size[1], size[0]])
        return torch.cat([torch.eye(2).expand(len(generators), 2, 2), shift[:, :, None]], 2)


@dataclass(frozen=True)
@typed
class Scale:
    """Enlarges by a factor between `low` and `high`."""

    low: float
    high: float

    def draw(self, generators: Generators, size: Size) -> Tensor:
        """A zoom [N,2,3]."""
        del size
        factor = uniform(self.low, self.high, (1, 1), generators)
        return torch.cat([torch.eye(2) / factor, torch.zeros(len(generators), 2, 1)], 2)


@dataclass(frozen=True)
@typed
class Rotate:
    """Turns by up to `degrees` either way."""

    degrees: float

    def draw(self, generators: Generators, size: Size) -> Tensor:
        """A rotation [N,2,3]."""
        del size
        angle = uniform(-self.degrees, self.degrees, (), generators) * (math.pi / 180)
        cosine, sine = angle.cos(), angle.sin()
        turn = torch.stack([torch.stack([cosine, -sine], 1), torch.stack([sine, cosine], 1)], 1)
        return torch.cat([turn, torch.zeros(len(generators), 2, 1)], 2)


@dataclass(frozen=True)
@typed
class Pad:
    """A grey margin of `amount` of the side all round; the picture shrinks to make room."""

    amount: float

    def __post_init__(self) -> None:
        check("amount", self.amount, 0)

    def draw(self, generators: Generators, size: Size) -> Tensor:
        """A zoom out [N,2,3]."""
        return Scale(1 / (1 + 2 * self.amount), 1 / (1 + 2 * self.amount)).draw(generators, size)


@dataclass(frozen=True)
@typed
class Roll:
    """Shifts by up to `pixels` whole pixels; what leaves on one side comes in on the other."""

    pixels: int

    def draw(self, generators: Generators, size: Size) -> Seen:
        """A cyclic shift."""
        del size
        shifts = [(rows, columns) for rows, columns in integers(-self.pixels, self.pixels, 2, generators)]

        def roll(image: Tensor) -> Tensor:
            if len(shifts) == 1:
                return image.roll(shifts[0], (-2, -1))
            return torch.stack([row.roll(shift, (-2, -1)) for row, shift in zip(image, shifts, strict=True)])

        return roll


@dataclass(frozen=True)
@typed
class Noise:
    """Adds normal noise of this deviation."""

    deviation: float

    def draw(self, generators: Generators, size: Size) -> Seen:
        """An added grain, by itself for each of three channels; further ones have the same again."""
        grain = normal((3, *size), generators) * self.deviation
        return lambda image: image + _as_many(grain, image)


@dataclass(frozen=True)
@typed
class Blur:
    """Gaussian blur with a sigma between 0 and `sigma` pixels."""

    sigma: float

    def draw(self, generators: Generators, size: Size) -> Seen:
        """A blur of one strength for each image."""
        del size
        sigmas = uniform(0, self.sigma, (), generators).clamp_min(1e-2).tolist()
        return lambda image: torch.cat([gaussian(image[i : i + 1], sigma) for i, sigma in enumerate(sigmas)])


@dataclass(frozen=True)
@typed
class Colour:
    """Changes brightness and contrast by up to `amount`, each colour a little apart."""

    amount: float

    def draw(self, generators: Generators, size: Size) -> Seen:
        """A gain and a shift for each channel."""
        del size
        draws = uniform(-self.amount, self.amount, (2, 3, 1, 1), generators)

        def tint(image: Tensor) -> Tensor:
            gain, shift = (_as_many(draws[:, i], image) for i in (0, 1))
            return (image - MARGIN) * (1 + gain) + MARGIN + shift / 2

        return tint


@dataclass(frozen=True)
@typed
class Backdrop:
    """Puts a picture whose last channel is its opacity before a random ground, soft blots of colour.

    Attributes:
        contrast: deviation of the ground's logits.
        cells: blots along each side.
    """

    contrast: float = 1.5
    cells: int = 5

    def __post_init__(self) -> None:
        count("cells", self.cells, 1, 1024)

    def draw(self, generators: Generators, size: Size) -> Seen:
        """A ground for each image: one colour, and blots of others on it."""
        blots = normal((3, self.cells, self.cells), generators) + normal((3, 1, 1), generators)
        ground = functional.interpolate(blots * self.contrast / math.sqrt(2), size, mode="bicubic").sigmoid()

        def before(image: Tensor) -> Tensor:
            picture, opacity = image[:, :-1], image[:, -1:]
            return torch.lerp(_as_many(ground, picture), picture, opacity)

        return before


def _as_many(draws: Tensor, image: Tensor) -> Tensor:
    """Draws for three channels [N,3,H,W] as for the image's channels, the first again after the third."""
    channels = int(image.shape[1])
    return (draws[:, :channels] if channels <= 3 else draws[:, [index % 3 for index in range(channels)]]).to(image)


def gaussian(image: Tensor, sigma: float) -> Tensor:
    """Separable Gaussian blur of [N,C,H,W], mirrored at the edges."""
    reach = min(max(1, math.ceil(3 * sigma)), min(image.shape[-2:]) - 1)
    if sigma <= 0 or reach < 1:
        return image
    at = torch.arange(-reach, reach + 1, dtype=image.dtype, device=image.device)
    kernel = torch.exp(-0.5 * (at / sigma) ** 2)
    kernel = (kernel / kernel.sum()).expand(image.shape[1], 1, -1)
    padded = functional.pad(image, (reach, reach, reach, reach), mode="reflect")
    padded = padded.contiguous(memory_format=torch.channels_last)  # depthwise convolutions run twice as fast so
    across = functional.conv2d(padded, kernel[:, :, None, :].contiguous(), groups=image.shape[1])
    return functional.conv2d(across, kernel[:, :, :, None].contiguous(), groups=image.shape[1]).contiguous()


def draw(transforms: Sequence[Transform], generators: Generators, size: Size) -> Seen:
    """The chances of one step, drawn now: a function of the image [N,C,H,W] that may be called several times."""
    parts: list[Tensor | Seen] = []
    for transform in transforms:
        part = transform.draw(generators, size)
        if isinstance(part, Tensor) and parts and isinstance(parts[-1], Tensor):
            part = _after(parts.pop(), part)  # type: ignore[arg-type]
        parts.append(part)

    def seen(image: Tensor) -> Tensor:
        for part in parts:
            image = resample(image, part) if isinstance(part, Tensor) else part(image)
        return image

    return seen


def _after(first: Tensor, second: Tensor) -> Tensor:
    """One matrix for two transforms in a row: a seen point goes back through the second, then through the first."""
    turn = first[:, :, :2] @ second[:, :, :2]
    shift = first[:, :, :2] @ second[:, :, 2:] + first[:, :, 2:]
    return torch.cat([turn, shift], 2)


def resample(image: Tensor, matrix: Tensor) -> Tensor:
    """The image seen through an affine matrix [N,2,3] in pixels round the centre; grey beyond its edges."""
    height, width = image.shape[-2:]
    span = torch.tensor([width / 2, height / 2])
    across, down, shift = (matrix / span[:, None]).to(image)[:, None, None].unbind(-1)
    columns, rows = (
        torch.arange(side, dtype=image.dtype, device=image.device) - (side - 1) / 2 for side in (width, height)
    )
    # functional.affine_grid multiplies matrices for it, which takes ten times as long on a CPU
    grid = torch.addcmul(torch.addcmul(shift, rows[:, None, None], down), columns[:, None], across)
    return functional.grid_sample(image - MARGIN, grid, mode="bilinear", align_corners=False) + MARGIN
