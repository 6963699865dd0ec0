"""Copies of a module with the hooks that belong to it, and what these compute from its weights."""

import copy
from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize
from torch.nn.utils.prune import BasePruningMethod
from torch.nn.utils.spectral_norm import SpectralNorm
from torch.nn.utils.weight_norm import WeightNorm
from torch.utils._pytree import tree_iter

from reverie.errors import InvalidSetting

_COMPUTING = (WeightNorm, SpectralNorm, BasePruningMethod)  # hooks that make a weight anew before each forward


def copied(module: nn.Module, shared: Mapping[int, Any] | None = None) -> nn.Module:
    """A deep copy with its hooks, not compiled; tensors that were computed from others are detached in it.

    Args:
        shared: by its id what stands in the copy for something; such as itself, which both then have.

    Raises:
        InvalidSetting: it cannot be copied, even where what cannot be (a lock, an open file) is shared.
    """
    module = uncompiled(module)
    memo = {**(shared or {}), **{id(value): value.detach().clone() for value in _computed(module)}}
    try:
        return interpreted(copy.deepcopy(module, dict(memo)))
    except Exception:
        memo |= {id(value): value for value in _stubborn(module, memo)}
    try:
        return interpreted(copy.deepcopy(module, memo))
    except Exception as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise InvalidSetting(
            f"the module cannot be copied ({reason}); take out of it what cannot be, or give it a __deepcopy__ that can"
        ) from None


def uncompiled(module: nn.Module) -> nn.Module:
    """The module that `torch.compile` was given, or itself."""
    inner = getattr(module, "_orig_mod", None) if type(module).__name__ == "OptimizedModule" else None
    return inner if isinstance(inner, nn.Module) else module


def interpreted(module: nn.Module) -> nn.Module:
    """The module itself, none of its parts compiled any more."""
    for part in list(module.modules()):
        part._compiled_call_impl = None
        for name, child in part.named_children():
            part._modules[name] = uncompiled(child)
    return module


def _computed(module: nn.Module) -> Iterator[Tensor]:
    """Tensors of the parts that are results of others: the old kind of weight norm keeps its weight so."""
    for part in module.modules():
        for value in tree_iter({name: item for name, item in vars(part).items() if name != "_modules"}):
            if isinstance(value, Tensor) and not value.is_leaf:
                yield value


def _stubborn(module: nn.Module, memo: Mapping[int, Any]) -> Iterator[Any]:
    """Attributes of the parts that cannot be copied."""
    for part in module.modules():
        held = {name: item for name, item in vars(part).items() if name not in ("_parameters", "_buffers", "_modules")}
        for value in tree_iter(held):
            try:
                copy.deepcopy(value, {**memo, **{id(other): other for other in module.modules()}})
            except Exception:
                yield value


def settle(module: nn.Module) -> None:
    """Puts in place what weight norm, spectral norm, pruning and parametrizations compute from a frozen module."""
    with torch.no_grad():
        for part in list(module.modules()):
            for key, hook in list(part._forward_pre_hooks.items()):
                if isinstance(hook, _COMPUTING):
                    hook.remove(part)
                    del part._forward_pre_hooks[key]
            if parametrize.is_parametrized(part):
                # torch's own removal would take the property off the class, which the original shares
                values = {name: getattr(part, name).detach().clone() for name in part.parametrizations}  # type: ignore[union-attr]
                del part._modules["parametrizations"]
                part.__class__ = type(part).__bases__[0]
                for name, value in values.items():
                    part.register_parameter(name, nn.Parameter(value, requires_grad=False))


def hooked(part: nn.Module) -> bool:
    """Whether a part has hooks of its owner's that take part in a forward."""
    return bool(part._forward_hooks or part._forward_pre_hooks)
