"""Average pooling in place of maxima, wherever a network takes them: gradients reach every position.

Source: Gatys, Ecker, Bethge 2016, section 2, who found it to make smoother pictures.
"""

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional
from torch.overrides import TorchFunctionMode

_MAXIMA = (functional.max_pool2d, torch.max_pool2d)


class AveragedPooling(TorchFunctionMode):
    """While it is active, `nn.MaxPool2d`, `F.max_pool2d` and `torch.max_pool2d` take means of what is there."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Replaces poolings, passes on all else."""
        kwargs = kwargs or {}
        mean = _mean(*args, **kwargs) if func in _MAXIMA else None
        return func(*args, **kwargs) if mean is None else mean


def _mean(
    input: Tensor,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Tensor | None:
    """The mean that a pooling's arguments ask for; None for one that has none."""
    if dilation not in (1, (1, 1), [1, 1]) or return_indices:
        return None
    return functional.avg_pool2d(input, kernel_size, stride or None, padding, ceil_mode, count_include_pad=False)
