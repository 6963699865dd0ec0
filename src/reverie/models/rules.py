"""Rules by which a gradient passes rectifiers: those of guided backpropagation and of the deconvolutional network.

They act on functions, so that `nn.ReLU`, `F.relu`, `torch.relu`, `x.relu()`, in-place forms and `clamp(min=0)` are one.
The papers know rectifiers only; SiLU, GELU and their kin are treated as rectifiers: open where their input is above 0.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional
from torch.overrides import TorchFunctionMode

RECTIFIERS = ("relu", "relu6")  # what the papers know
_CLAMPS = (torch.clamp, Tensor.clamp, torch.clip, Tensor.clip, torch.clamp_min, Tensor.clamp_min)
_CLAMPS_ = (torch.clamp_, Tensor.clamp_, torch.clip_, Tensor.clip_, torch.clamp_min_, Tensor.clamp_min_)
_HARD = (functional.hardtanh, functional.hardtanh_)
_NAMES: Mapping[str, tuple[Any, ...]] = {
    "relu": (functional.relu, torch.relu, Tensor.relu, functional.relu_, torch.relu_, Tensor.relu_, *_CLAMPS,
             *_CLAMPS_),
    "relu6": (functional.relu6, *_HARD),
    "silu": (functional.silu,), "gelu": (functional.gelu,), "mish": (functional.mish,),
    "hardswish": (functional.hardswish,), "elu": (functional.elu, functional.elu_),
    "celu": (functional.celu, torch.celu, torch.celu_), "selu": (functional.selu, torch.selu, torch.selu_),
    "leaky_relu": (functional.leaky_relu, functional.leaky_relu_), "prelu": (torch.prelu, Tensor.prelu),
    "softplus": (functional.softplus,),
}  # fmt: skip
_KNOWN = {function: name for name, functions in _NAMES.items() for function in functions}
_IN_PLACE = (functional.relu_, torch.relu_, Tensor.relu_, functional.hardtanh_, functional.elu_, torch.celu_,
             torch.selu_, functional.leaky_relu_, *_CLAMPS_)  # fmt: skip
_PLACES = {  # where `inplace` stands among the arguments
    functional.relu: 1, functional.relu6: 1, functional.hardtanh: 3, functional.silu: 1, functional.mish: 1,
    functional.hardswish: 1, functional.elu: 2, functional.celu: 2, functional.selu: 1, functional.leaky_relu: 2,
}  # fmt: skip


class Ruled(TorchFunctionMode):
    """While it is active, a gradient goes back through rectifiers only where it is positive.

    Source: Springenberg et al. 2015, "Striving for simplicity", figure 1; Zeiler, Fergus 2014.

    Args:
        guided: and only where the rectifier is open: guided backpropagation; else the deconvolutional network's rule,
            which does not look at the forward pass.

    Attributes:
        caught: how many functions of each name ran under it.
    """

    def __init__(self, *, guided: bool) -> None:
        super().__init__()
        self.guided, self.caught = guided, Counter[str]()

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Gives rectifiers and what is treated as one another gradient, passes on all else."""
        del types
        kwargs = dict(kwargs or {})
        name = _KNOWN.get(func)
        if name is None or not _rectifies(func, args, kwargs):
            return func(*args, **kwargs)
        self.caught[name] += 1
        value, *rest = args or [kwargs.pop("input")]
        place = _PLACES.get(func, len(args))
        in_place = func in _IN_PLACE or bool(args[place] if place < len(args) else kwargs.get("inplace", False))
        ceiling = 6.0 if name == "relu6" else float("inf")
        arguments = ceiling, in_place, self.guided
        return _Gate.apply(value, lambda own: func(own, *rest, **kwargs), *arguments)  # type: ignore[no-untyped-call]


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


class _Gate(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, value: Tensor, run: Callable[[Tensor], Tensor], ceiling: float, in_place: bool, guided: bool
    ) -> Tensor:
        ctx.guided = guided
        if guided:
            ctx.save_for_backward((value > 0) & (value < ceiling))
        if not in_place:
            return run(value.detach())
        ctx.mark_dirty(value)
        return value.copy_(run(value.detach().clone()))

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None, None, None]:
        passed = gradients[0].clamp_min(0)
        return (passed * ctx.saved_tensors[0] if ctx.guided else passed), None, None, None, None
