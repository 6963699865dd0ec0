"""Why a module cannot be asked: true causes in a sentence, in place of what torch says from its depths."""

import contextlib
import inspect
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from reverie.errors import InvalidSetting

WRAP = "wrap it in a module whose forward takes the picture alone"
_SIGNS: Mapping[str, tuple[str, ...]] = {  # the cause, and what torch says then
    "no gradient of it reaches the picture: something in its forward cuts it off, such as torch.no_grad, detach, "
    "numpy or rounding; methods without gradients, such as occlusion, work": (
        "does not require grad", "appears to not have been used in the graph",
    ),
    "it keeps activations by reentrant checkpoints, which torch cannot differentiate for a picture; build it with "
    "use_reentrant=False, or without checkpoints": ("Checkpointing is not compatible", "use_reentrant=True"),
    "its forward turns numbers into another type, such as by .half(); here it runs in float32, so leave that out": (
        "c10::Half", "c10::BFloat16", "expected scalar type", "expected m1 and m2 to have the same dtype",
        "should be the same", "must have the same dtype", "Float and Double", "same type",
    ),
    f"its forward wants more than the picture; {WRAP}": ("required positional argument", "required keyword-only"),
}  # fmt: skip


def cause(error: BaseException) -> str:
    """What stands behind an error of a forward or of its gradient; nothing where that is not known."""
    text = str(error)
    return next((what for what, signs in _SIGNS.items() if any(sign in text for sign in signs)), "")


def line(error: BaseException) -> str:
    """An error's own words on one line."""
    words = next((line.strip() for line in str(error).splitlines() if line.strip()), "")
    return f"{type(error).__name__}: {words}" if words and not isinstance(error, RuntimeError) else (
        words or type(error).__name__
    )  # fmt: skip


def check_suitable(module: nn.Module, name: str) -> None:
    """Refuses what no picture can be made of, before anything is copied or run.

    Raises:
        InvalidSetting: with the cause and the remedy.
    """
    fault = _circle(module) or next(_faults(module), "")
    if fault:
        raise InvalidSetting(f"{name} cannot be asked: {fault}")


def _circle(module: nn.Module, path: tuple[nn.Module, ...] = (), name: str = "") -> str:
    if any(module is other for other in path):
        return f"'{name}' is a module that contains it; keep it out of the modules, such as in a list or a weakref"
    children = module._modules.items()
    found = (_circle(part, (*path, module), f"{name}.{key}".strip(".")) for key, part in children if part is not None)
    return next((fault for fault in found if fault), "")


def _faults(module: nn.Module) -> Iterator[str]:
    for name, part in module.named_modules():
        where = f"'{name}'" if name else "it"
        if isinstance(part, torch.jit.ScriptModule):
            yield f"{where} is TorchScript, whose layers cannot be tapped; give the Python class and its state dict"
        if type(part).__module__.startswith("torch.") and "quantized" in type(part).__module__:
            yield f"{where} is quantized, which lets no gradient through; give the float network"
        for key, value in [*part._parameters.items(), *part._buffers.items()]:
            if nn.parameter.is_lazy(value):
                yield f"{where} is lazy and has no weights yet; run it once on a picture before it is given"
            elif value is not None and value.is_meta:
                yield f"'{f'{name}.{key}'.strip('.')}' lies on the meta device, without values; load its weights first"
    wanted = _wanted(module)
    if len(wanted) > 1:
        yield f"its forward wants {len(wanted)} inputs ({', '.join(wanted)}); {WRAP}"


def _wanted(module: nn.Module) -> list[str]:
    """Names of the inputs that a forward cannot do without."""
    try:
        known = inspect.signature(module.forward).parameters.values()
    except (TypeError, ValueError):
        return []
    named = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    return [item.name for item in known if item.kind in named and item.default is item.empty]


@contextlib.contextmanager
def dimensions_checked(module: nn.Module, name: str) -> Iterator[None]:
    """Refuses a forward in which a convolution over volumes or lines takes a batch of pictures for one input."""

    def check(part: nn.Module, given: Sequence[Any]) -> None:
        if given and isinstance(given[0], Tensor) and given[0].ndim < part.weight.ndim:  # type: ignore[operator]
            raise InvalidSetting(f"{name} begins with a {type(part).__name__}, which takes no [N,C,H,W]; {WRAP}")

    others = (nn.Conv1d, nn.Conv3d)
    handles = [part.register_forward_pre_hook(check) for part in module.modules() if isinstance(part, others)]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()
