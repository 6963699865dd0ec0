"""That a network made ready computes what its owner's module computes, on pictures shown to both."""

import contextlib
import copy
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn

from reverie.errors import InvalidSetting
from reverie.models.copying import interpreted, uncompiled
from reverie.models.heads import tensors

MOST = 1e-3  # relative difference, beyond which it is another network


def off(got: Any, wanted: Any) -> float:
    """The largest relative difference (L2) between the tensors of two outputs of one form; 1 where the forms differ."""
    pairs = [(tensors(got).get(key), value) for key, value in tensors(wanted).items()]
    if any(mine is None or mine.shape != other.shape for mine, other in pairs):
        return 1.0
    return max([_apart(mine, other) for mine, other in pairs if mine is not None], default=0.0)


def _apart(got: Tensor, wanted: Tensor) -> float:
    mine, other = (torch.nan_to_num(value.detach().to("cpu", torch.float64)) for value in (got, wanted))
    return float((mine - other).norm() / other.norm().clamp_min(1e-6 * max(1, other.numel()) ** 0.5))


class Original:
    """The owner's module, asked in eval mode: a deep copy of it with its hooks, or itself where there can be none."""

    def __init__(self, module: nn.Module, device: torch.device) -> None:
        try:
            self.module, self.own = interpreted(copy.deepcopy(uncompiled(module))).eval().float().to(device), False
        except Exception:
            self.module, self.own = module, True

    def chances(self, images: Tensor) -> bool:
        """Whether it draws by chance: the same chances give the same, others do not."""
        first, second, other = (self.answer(images, seed) for seed in (0, 0, 1))
        return off(second, first) <= MOST < off(other, first)

    def answer(self, images: Tensor, seed: int = 0) -> Any:
        """What it returns; it is left as it was found."""
        with torch.no_grad(), _as_found(self.module), seeded(images.device, seed):
            weights = [item for item in self.module.parameters() if item.is_floating_point()]
            return self.module.eval()(images.to(weights[0]) if self.own and weights else images)


@contextlib.contextmanager
def seeded(device: torch.device, seed: int = 0) -> Iterator[None]:
    """The same chances each time for what draws within a forward; the caller's random state is left alone."""
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        torch.manual_seed(seed)
        yield


@contextlib.contextmanager
def exactly(device: torch.device) -> Iterator[None]:
    """Float32 as it is written: TF32, in which a GPU convolves unless told, rounds to a thousandth by itself."""
    flags: Any = torch.backends
    held: list[tuple[Any, str, Any]]
    if hasattr(flags.cuda.matmul, "fp32_precision"):
        held = [(flags.cuda.matmul, "fp32_precision", "ieee"), (flags.cudnn.conv, "fp32_precision", "ieee")]
    else:  # torch before 2.9
        held = [(flags.cuda.matmul, "allow_tf32", False), (flags.cudnn, "allow_tf32", False)]
    kept = [(part, name, getattr(part, name)) for part, name, _ in held]
    try:
        for part, name, value in held if device.type == "cuda" else ():
            setattr(part, name, value)
        yield
    finally:
        for part, name, before in kept if device.type == "cuda" else ():
            setattr(part, name, before)


@contextlib.contextmanager
def _as_found(module: nn.Module) -> Iterator[None]:
    parts = [(part, dict(vars(part)), dict(part._buffers)) for part in module.modules()]
    buffers = [(value, value.clone()) for value in module.buffers()]
    try:
        yield
    finally:
        for part, attributes, named in parts:
            vars(part).clear()
            vars(part).update(attributes)
            part._buffers.update(named)
        with torch.no_grad():
            for value, before in buffers:
                value.copy_(before)


def require(name: str, original: Original, ready: nn.Module, images: Tensor) -> None:
    """Refuses a ready network that differs from the original, naming the first layer where it does.

    Raises:
        InvalidSetting: it differs by more than a thousandth.
    """
    wanted, got = _returned(original.module, lambda: original.answer(images)), {}
    with torch.no_grad(), seeded(images.device):
        got = _returned(ready, lambda: ready(images))
    differing = [(layer, off(got[layer], value)) for layer, value in wanted.items() if layer in got]
    layer, share = next((item for item in differing if item[1] > MOST), ("logits", 1.0))
    raise InvalidSetting(
        f"a copy of {name} in eval mode does not compute what the module itself does: '{layer}' differs by "
        f"{share:.2%}; something in it depends on how often or in which mode it ran, so give a factory that builds it"
    )


def _returned(module: nn.Module, run: Any) -> dict[str, Any]:
    """The first outputs of all parts, in the order in which they ended."""
    found: dict[str, Any] = {}

    def hear(name: str) -> Any:
        def hook(_: nn.Module, __: Any, output: Any) -> None:
            found.setdefault(name or "logits", {key: value.clone() for key, value in tensors(output).items()})

        return hook

    handles = [part.register_forward_hook(hear(name)) for name, part in module.named_modules()]
    try:
        run()
    finally:
        for handle in handles:
            handle.remove()
    return found
