"""Rules for rectifiers that act on functions: `nn.ReLU`, `F.relu`, `torch.relu`, `x.relu()` and in-place forms are one.

SiLU, GELU, Hardswish and Mish are rectifiers too: they count as closed where they fall, left of their minimum, for
there the gradient that asks for more leads away from the opening.

Redirected rectifier. Source: the gradient override of Mordvintsev et al., "Differentiable image parameterizations"
(2018), notebooks; differs: it acts per image and only where the true gradient of that image is zero everywhere.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional
from torch.overrides import TorchFunctionMode

_IN_PLACE = (functional.relu_, torch.relu_, Tensor.relu_)
_HARD = (functional.relu, torch.relu, Tensor.relu, *_IN_PLACE, functional.relu6)  # whose slope is 0 or 1
_CEILINGS: dict[Any, float] = {
    **dict.fromkeys((functional.relu, torch.relu, Tensor.relu, *_IN_PLACE), float("inf")),
    **dict.fromkeys((functional.silu, functional.gelu, functional.hardswish, functional.mish), float("inf")),
    functional.relu6: 6.0,
}


class Redirected(TorchFunctionMode):
    """While it is active, an image whose gradient dies at a rectifier gets the one that would wake the unit.

    Args:
        rows: [N] of bool, the images of the batch that may be helped; None for all.
        wake: else the gradient of such an image is zero: what is left is what an open rectifier lets through.

    Attributes:
        caught: how many rectifiers ran under it.
    """

    def __init__(self, rows: Tensor | None = None, *, wake: bool = True) -> None:
        super().__init__()
        self.caught, self.rows, self.wake = 0, rows, wake

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Replaces rectifiers, passes on all else."""
        kwargs = kwargs or {}
        ceiling, inplace = _CEILINGS.get(func), func in _IN_PLACE
        if func is functional.hardtanh:  # what nn.ReLU6 calls
            low, high, inplace = _limits(*args, **kwargs)
            ceiling = 6.0 if (low, high) == (0.0, 6.0) else None
            func, args, kwargs = (functional.relu6, args[:1], kwargs) if ceiling else (func, args, kwargs)
        elif ceiling is not None and not inplace:
            inplace = bool(args[1] if len(args) > 1 else kwargs.get("inplace", False))
        if ceiling is None:
            return func(*args, **kwargs)
        self.caught += 1
        value = args[0] if args else kwargs["input"]
        settings = {key: item for key, item in kwargs.items() if key == "approximate"}
        return _Redirect.apply(value, lambda item: func(item, **settings), ceiling, func in _HARD, inplace, self)  # type: ignore[no-untyped-call]


def _limits(
    input: Tensor, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False
) -> tuple[float, float, bool]:
    del input
    return min_val, max_val, inplace


class _Redirect(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        value: Tensor,
        rectify: Callable[[Tensor], Tensor],
        ceiling: float,
        hard: bool,
        inplace: bool,
        rule: Redirected,
    ) -> Tensor:
        ctx.rule, ctx.high = rule, None if ceiling == float("inf") else value >= ceiling
        if hard:
            ctx.save_for_backward(value > 0 if ctx.high is None else (value > 0) & ~ctx.high)
            out = value.clamp(0, ceiling) if not inplace else value.clamp_(0, ceiling)
        else:
            with torch.enable_grad():
                start = value.detach().clone().requires_grad_()
                out = rectify(start.clone())  # of a copy: the function may write in place
                (slope,) = torch.autograd.grad(out.sum(), start)
            ctx.save_for_backward(slope)
            out = value.copy_(out.detach()) if inplace else out.detach()
        if inplace:
            ctx.mark_dirty(value)
        return out

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None, None, None, None]:
        (slope,), gradient, rows = ctx.saved_tensors, gradients[0], ctx.rule.rows
        true, closed = gradient * slope, ~slope if slope.dtype == torch.bool else slope <= 0
        passed = true if slope.dtype == torch.bool else true.masked_fill(closed, 0)
        # over all dimensions at once: to flatten channels-last maps would copy them
        dead = torch.linalg.vector_norm(passed, float("inf"), dim=tuple(range(1, passed.ndim))) == 0
        if rows is not None and len(rows) == len(dead):
            dead = dead & rows
        if not dead.is_cuda and not bool(dead.any()):  # on a GPU a look would wait for the step
            return true, None, None, None, None, None
        dead = dead.view(-1, *[1] * (gradient.ndim - 1))
        # the engine descends on a loss, so a negative gradient asks for more of the unit
        asked = gradient < 0 if ctx.high is None else torch.where(ctx.high, gradient > 0, gradient < 0)
        waking = torch.where(closed & asked, gradient, 0) if ctx.rule.wake else torch.zeros_like(gradient)
        return torch.where(dead, waking, true), None, None, None, None, None
