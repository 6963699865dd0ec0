"""Kernels made into pictures: those that read the picture in its colours, all others as mosaics from blue to red."""

import math

import torch
from torch import Tensor
from torch.nn import functional

from reverie.figures.overlay import COLD, coloured

GAP = 1  # cells between the kernels of a mosaic, where a kernel is more than one cell
GROUND = 1.0


def colours(kernel: Tensor, top: float | None = None) -> Tensor:
    """A kernel [3,h,w] or [1,h,w] over a picture's channels as colours [3,h,w] round grey.

    Args:
        top: the weight that gets the full colour; its own largest unless given.
    """
    return (0.5 + 0.5 * kernel / _top(kernel, top)).clamp(0, 1).expand(3, -1, -1)


def signed(kernel: Tensor, top: float | None = None) -> Tensor:
    """A kernel [h,w] as colours [3,h,w]: blue where it inhibits, red where it excites, nearly white at 0.

    Args:
        top: as for `colours`.
    """
    return coloured(0.5 + 0.5 * kernel / _top(kernel, top), COLD)


def mosaic(kernels: Tensor, top: float | None = None) -> Tensor:
    """Kernels [I,h,w] side by side as one picture [3,H,W], about square, row after row.

    Args:
        top: as for `colours`.
    """
    count, height, width = kernels.shape
    gap = GAP if max(height, width) > 1 else 0
    columns = max(1, math.ceil(math.sqrt(count * (height + gap) / (width + gap))))
    rows = math.ceil(count / columns)
    page = torch.full((3, rows * (height + gap) - gap, columns * (width + gap) - gap), GROUND)
    top = _top(kernels, top)
    for index, kernel in enumerate(kernels):
        down, right = index // columns * (height + gap), index % columns * (width + gap)
        page[:, down : down + height, right : right + width] = signed(kernel, top)
    return page


def squared(picture: Tensor, side: int) -> Tensor:
    """A small picture [3,h,w] in the middle of a square [3,side,side], each cell as large as fits; or made smaller."""
    longest = max(picture.shape[1:])
    if longest > side:
        size = [max(1, round(length * side / longest)) for length in picture.shape[1:]]
        large = functional.interpolate(picture[None], size, mode="area")[0]
    else:
        large = picture.repeat_interleave(side // longest, 1).repeat_interleave(side // longest, 2)
    page = torch.full((3, side, side), GROUND)
    down, right = (side - large.shape[1]) // 2, (side - large.shape[2]) // 2
    page[:, down : down + large.shape[1], right : right + large.shape[2]] = large
    return page


def _top(kernel: Tensor, top: float | None) -> float:
    return max(float(kernel.abs().max()) if top is None else top, 1e-20)
