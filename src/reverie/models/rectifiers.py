"""Rules for rectifiers that act on functions: `nn.ReLU`, `F.relu`, `torch.relu`, `x.relu()` and in-place forms are one.

Redirected rectifier. Source: the gradient override of Mordvintsev et al., "Differentiable image parameterizations"
(2018), notebooks; differs: it acts per image and only where the true gradient of that image is zero everywhere.
"""

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional
from torch.overrides import TorchFunctionMode

_CEILINGS: dict[Any, float] = {
    functional.relu: float("inf"), functional.relu_: float("inf"), torch.relu: float("inf"), torch.relu_: float("inf"),
    Tensor.relu: float("inf"), Tensor.relu_: float("inf"), functional.relu6: 6.0,
}  # fmt: skip
_IN_PLACE = (functional.relu_, torch.relu_, Tensor.relu_)


class Redirected(TorchFunctionMode):
    """While it is active, an image whose gradient dies at a rectifier gets the one that would wake the unit.

    Args:
        rows: [N] of bool, the images of the batch that may be helped; None for all.

    Attributes:
        caught: how many rectifiers ran under it.
    """

    def __init__(self, rows: Tensor | None = None) -> None:
        super().__init__()
        self.caught, self.rows = 0, rows

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Replaces rectifiers, passes on all else."""
        kwargs = kwargs or {}
        ceiling, inplace = _CEILINGS.get(func), func in _IN_PLACE
        if func is functional.hardtanh:  # what nn.ReLU6 calls
            low, high, inplace = _limits(*args, **kwargs)
            ceiling = 6.0 if (low, high) == (0.0, 6.0) else None
        elif func in (functional.relu, functional.relu6):
            inplace = bool(args[1] if len(args) > 1 else kwargs.get("inplace", False))
        if ceiling is None:
            return func(*args, **kwargs)
        self.caught += 1
        value = args[0] if args else kwargs["input"]
        return _Redirect.apply(value, ceiling, inplace, self.rows)  # type: ignore[no-untyped-call]


def _limits(
    input: Tensor, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False
) -> tuple[float, float, bool]:
    del input
    return min_val, max_val, inplace


class _Redirect(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, value: Tensor, ceiling: float, inplace: bool, rows: Tensor | None) -> Tensor:
        ctx.ceiling, ctx.rows = ceiling, rows
        ctx.save_for_backward(value.clone() if inplace else value)
        if inplace:
            ctx.mark_dirty(value)
            return value.clamp_(0, ceiling)
        return value.clamp(0, ceiling)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None, None]:
        (value,), gradient = ctx.saved_tensors, gradients[0]
        true = gradient * ((value > 0) & (value < ctx.ceiling))
        dead = torch.linalg.vector_norm(true.flatten(1), float("inf"), dim=1) == 0
        if ctx.rows is not None and len(ctx.rows) == len(dead):
            dead = dead & ctx.rows
        if not dead.is_cuda and not bool(dead.any()):  # on a GPU a look would wait for the step
            return true, None, None, None
        dead = dead.view(-1, *[1] * (value.ndim - 1))
        # the engine descends on a loss, so a negative gradient asks for more of the unit
        waking = torch.where(((value <= 0) & (gradient < 0)) | ((value >= ctx.ceiling) & (gradient > 0)), gradient, 0)
        return torch.where(dead, waking, true), None, None, None
