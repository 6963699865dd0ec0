"""Decorrelated colours: axes along which the colours of photographs vary independently."""

import torch
from torch import Tensor

# square root of the covariance of natural images' RGB, scaled so that its longest column is 1; the constants
# of Olah, Mordvintsev, Schubert 2017 ("Feature Visualization"), which the whole field uses
_ROOT = torch.tensor([[0.26, 0.09, 0.02], [0.27, 0.00, -0.05], [0.27, -0.09, 0.03]])
CORRELATION = _ROOT / _ROOT.norm(dim=0).max()


def correlate(image: Tensor) -> Tensor:
    """Brings decorrelated axes [N,3,H,W] to RGB; other channel counts pass through."""
    return _mix(image, CORRELATION)


def decorrelate(image: Tensor) -> Tensor:
    """Brings RGB [N,3,H,W] to decorrelated axes; other channel counts pass through."""
    return _mix(image, CORRELATION.inverse())


def _mix(image: Tensor, matrix: Tensor) -> Tensor:
    if image.shape[1] != 3:
        return image
    # a 1x1 convolution: it keeps the memory format and runs at the convolutions' speed
    return torch.nn.functional.conv2d(image, matrix.to(image)[:, :, None, None])
