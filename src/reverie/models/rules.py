"""Rules by which a gradient passes rectifiers: those of guided backpropagation and of the deconvolutional network.

They act on functions, so that `nn.ReLU`, `F.relu`, `torch.relu`, `x.relu()`, in-place forms and `clamp(min=0)` are one.
The papers know rectifiers only; smooth ones, such as SiLU and GELU, count as open where their input is above 0.
"""

from collections import Counter
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

from reverie.models.rectifiers import CEILINGS, rectifier, writes_in_place

RECTIFIERS = ("relu", "relu6")  # what the papers know


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
        name = rectifier(func, args, kwargs)
        if name is None:
            return func(*args, **kwargs)
        self.caught[name] += 1
        in_place = writes_in_place(func, args, kwargs)
        value, *rest = args or [kwargs.pop("input")]
        arguments = CEILINGS.get(name, float("inf")), in_place, self.guided
        return _Gate.apply(value, lambda own: func(own, *rest, **kwargs), *arguments)  # type: ignore[no-untyped-call]


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
