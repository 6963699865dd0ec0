"""How alike two pictures are: [C,H,W] each, in [0,1]."""

import math

import torch
from torch import Tensor
from torch.nn import functional

from reverie.image import grey

WINDOW, SIGMA = 11, 1.5
STEADY = (0.01**2, 0.03**2)  # what keeps a division by nearly nothing calm, for values in [0,1]


def psnr(left: Tensor, right: Tensor) -> float:
    """Peak signal-to-noise ratio in dB; infinite for equal pictures."""
    error = float((left.double() - right.double()).square().mean())
    return math.inf if error == 0 else -10 * math.log10(error)


def ssim(left: Tensor, right: Tensor) -> float:
    """Structural similarity of the brightness, at most 1; pictures are at least 11 pixels high and wide.

    Source: Wang, Bovik, Sheikh, Simoncelli 2004, equation 13, with their Gaussian window of 11 and deviation 1.5;
    averaged over the windows that lie in the picture whole.
    """
    pair = torch.stack([left, right]).double().cpu()
    bright = grey(pair) if pair.shape[1] == 3 else pair[:, :1]
    at = torch.arange(WINDOW, dtype=torch.float64) - WINDOW // 2
    kernel = torch.exp(-0.5 * (at / SIGMA) ** 2)
    window = torch.outer(kernel, kernel)[None, None] / kernel.sum() ** 2
    x, y = bright[:1], bright[1:]
    means = functional.conv2d(torch.cat([x, y]), window)
    squares = functional.conv2d(torch.cat([x * x, y * y, x * y]), window)
    mx, my = means
    vx, vy, covariance = squares[0] - mx * mx, squares[1] - my * my, squares[2] - mx * my
    c1, c2 = STEADY
    ratio = (2 * mx * my + c1) * (2 * covariance + c2) / ((mx * mx + my * my + c1) * (vx + vy + c2))
    return float(ratio.mean())
