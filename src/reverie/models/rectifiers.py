"""Rectifiers as functions: `nn.ReLU`, `F.relu`, `torch.relu`, `x.relu()`, `clamp(min=0)` and in-place forms are one.

SiLU, GELU, Hardswish and Mish are rectifiers too: they count as closed where they fall, left of their minimum, for
there the gradient that asks for more leads away from the opening.

Redirected rectifier. Source: the gradient override of Mordvintsev et al., "Differentiable image parameterizations"
(2018), notebooks; differs: it acts per image and only where the true gradient of that image is zero everywhere.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional
from torch.overrides import TorchFunctionMode

_CLAMPS = (torch.clamp, Tensor.clamp, torch.clip, Tensor.clip, torch.clamp_min, Tensor.clamp_min)
_CLAMPS_ = (torch.clamp_, Tensor.clamp_, torch.clip_, Tensor.clip_, torch.clamp_min_, Tensor.clamp_min_)
_HARD = (functional.hardtanh, functional.hardtanh_)
SPELLINGS: Mapping[str, tuple[Any, ...]] = {
    "relu": (functional.relu, torch.relu, Tensor.relu, functional.relu_, torch.relu_, Tensor.relu_, *_CLAMPS,
             *_CLAMPS_),
    "relu6": (functional.relu6, *_HARD),
    "silu": (functional.silu,), "gelu": (functional.gelu,), "mish": (functional.mish,),
    "hardswish": (functional.hardswish,), "elu": (functional.elu, functional.elu_),
    "celu": (functional.celu, torch.celu, torch.celu_), "selu": (functional.selu, torch.selu, torch.selu_),
    "leaky_relu": (functional.leaky_relu, functional.leaky_relu_), "prelu": (torch.prelu, Tensor.prelu),
    "softplus": (functional.softplus,),
}  # fmt: skip
_KNOWN = {function: name for name, functions in SPELLINGS.items() for function in functions}
_IN_PLACE = (functional.relu_, torch.relu_, Tensor.relu_, functional.hardtanh_, functional.elu_, torch.celu_,
             torch.selu_, functional.leaky_relu_, *_CLAMPS_)  # fmt: skip
_PLACES = {  # where `inplace` stands among the arguments
    functional.relu: 1, functional.relu6: 1, functional.hardtanh: 3, functional.silu: 1, functional.mish: 1,
    functional.hardswish: 1, functional.elu: 2, functional.celu: 2, functional.selu: 1, functional.leaky_relu: 2,
}  # fmt: skip
CEILINGS = {"relu6": 6.0}  # of the rectifiers that have one
_WOKEN = ("relu", "relu6", "silu", "gelu", "hardswish", "mish")


def rectifier(func: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> str | None:
    """The name of the rectifier that a call computes, however it is spelt; None for all else."""
    name = _KNOWN.get(func)
    return name if name is not None and _rectifies(func, args, kwargs) else None


def writes_in_place(func: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> bool:
    """Whether a rectifier's call writes into its input."""
    place = _PLACES.get(func, len(args))
    return func in _IN_PLACE or bool(args[place] if place < len(args) else kwargs.get("inplace", False))


def _rectifies(func: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> bool:
    """Whether a clamp or a hard tanh has a rectifier's bounds; all else that is known has."""
    if func not in _CLAMPS + _CLAMPS_ + _HARD:
        return True
    names, usual = (("min_val", "max_val"), (-1.0, 1.0)) if func in _HARD else (("min", "max"), (None, None))
    given = [*args[1:3], *usual[len(args[1:3]) :]]
    low, high = (kwargs.get(name, value) for name, value in zip(names, given, strict=True))
    if isinstance(low, Tensor) or isinstance(high, Tensor):
        return False
    return (low, high) == ((0, 6) if func in _HARD else (0, None))


class Redirected(TorchFunctionMode):
    """While it is active, an image whose gradient dies at a rectifier gets the one that would wake the unit.

    Args:
        rows: [N] of bool, the images of the batch that may be helped; None for all.
        wake: else the gradient of such an image is zero: what is left is what an open rectifier lets through.
    """

    def __init__(self, rows: Tensor | None = None, *, wake: bool = True) -> None:
        super().__init__()
        self.rows, self.wake = rows, wake

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Replaces rectifiers, passes on all else."""
        kwargs = kwargs or {}
        name = rectifier(func, args, kwargs)
        value = args[0] if args else kwargs.get("input")
        if name not in _WOKEN or not value.is_floating_point():  # a clamp may be of indices
            return func(*args, **kwargs)
        settings = {key: item for key, item in kwargs.items() if key == "approximate"}
        ceiling, inplace = CEILINGS.get(name, float("inf")), writes_in_place(func, args, kwargs)
        hard = name in ("relu", "relu6")  # whose slope is 0 or 1
        return _Redirect.apply(value, lambda item: func(item, **settings), ceiling, hard, inplace, self)  # type: ignore[no-untyped-call]


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
