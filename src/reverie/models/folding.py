"""Which modules are batch norms, and how one goes into the convolution before it."""

from collections import OrderedDict

import torch
from torch import Tensor, nn
from torch.nn import functional

from reverie.randomness import generator, normal


def remainder(norm: nn.Module) -> nn.Module:
    """What a batch norm does after its scale and shift: nothing, or what it carries, such as timm's activations."""
    parts = OrderedDict(norm.named_children())
    return nn.Sequential(parts) if parts else nn.Identity()


def is_batch_norm(part: nn.Module) -> bool:
    """Whether a module in eval mode returns its running statistics' batch norm followed by its remainder.

    Subclasses and frozen forms may do more than normalise: they are asked on a small picture of chance.
    """
    mean, variance = getattr(part, "running_mean", None), getattr(part, "running_var", None)
    if not isinstance(mean, Tensor) or not isinstance(variance, Tensor) or not isinstance(_eps(part), float):
        return False
    if type(part) is nn.BatchNorm2d:
        return True
    value = normal((len(mean), 3, 3), [generator(0, "batch norm")]).to(mean)
    with torch.no_grad():
        try:
            own = part(value.clone())
            scaled = functional.batch_norm(value, mean, variance, part.weight, part.bias, eps=_eps(part))  # type: ignore[arg-type]
            wanted = remainder(part)(scaled)
        except (RuntimeError, ValueError, TypeError, AttributeError, AssertionError):
            return False
    return isinstance(own, Tensor) and own.shape == wanted.shape and torch.allclose(own, wanted, 1e-4, 1e-5)


def merge(convolution: nn.Module, norm: nn.Module) -> None:
    """Puts a batch norm's scale and shift into the convolution before it, in float64."""
    assert isinstance(convolution, nn.Conv2d)
    place = convolution.weight.device

    def exact(tensor: object, otherwise: float) -> Tensor:  # not every device has float64
        return tensor.detach().cpu().double() if isinstance(tensor, Tensor) else torch.tensor(otherwise)

    scale = (exact(norm.running_var, 0) + _eps(norm)).rsqrt() * exact(norm.weight, 1.0)
    shift = exact(norm.bias, 0.0) - exact(norm.running_mean, 0) * scale
    weight = (exact(convolution.weight, 0) * scale.view(-1, 1, 1, 1)).float().to(place)  # keeps the memory layout
    convolution.weight = nn.Parameter(weight, requires_grad=False)
    bias = (exact(convolution.bias, 0.0) * scale + shift).float().to(place)
    convolution.bias = nn.Parameter(bias, requires_grad=False)


def _eps(norm: nn.Module) -> float:
    return norm.eps  # type: ignore[return-value]
