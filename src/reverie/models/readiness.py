"""Makes a copy of a module ready: eval, frozen, channels-last, batch norm folded where no tap needs the parts."""

import threading
from collections.abc import Iterable, Sequence

import torch
from torch import Tensor, nn

from reverie.errors import InvalidSetting
from reverie.models.copying import copied, hooked, settle
from reverie.models.folding import merge, remainder
from reverie.models.normalisation import BandedResponseNorm
from reverie.randomness import generator, normal

COPYING = (nn.Hardtanh, nn.SiLU, nn.Hardswish, nn.Mish)  # in place they copy their input first, for the gradient
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # ImageNet's, of RGB in [0,1]


def device_named(name: str) -> torch.device:
    """`auto` is cuda, else mps, else cpu.

    Raises:
        InvalidSetting: a device that is not here.
    """
    here = ["cpu"]
    here = ["mps", *here] if torch.backends.mps.is_available() else here
    here = ["cuda", *here] if torch.cuda.is_available() else here
    if name == "auto":
        return torch.device(here[0])
    if name.split(":")[0] not in here:
        raise InvalidSetting(f"there is no device '{name}' here; allowed are auto, {', '.join(here)}")
    try:
        return torch.empty(0, device=name).device
    except (RuntimeError, AssertionError):
        raise InvalidSetting(f"there is no device '{name}' here; allowed are auto, {', '.join(here)}") from None


def precision_named(name: str, device: torch.device) -> torch.dtype:
    """The number type of a precision's name; `auto` is bfloat16 where the device has matrix units for it."""
    best = torch.bfloat16 if matrix_units(device) else torch.float32
    return {"float32": torch.float32, "bfloat16": torch.bfloat16, "auto": best}[name]


def matrix_units(device: torch.device) -> bool:
    """Whether the device says that it has matrix units for bfloat16; without them it may be slower than float32."""
    if device.type == "cuda":
        return torch.cuda.get_device_capability(device) >= (8, 0)
    if device.type != "cpu":
        return False
    try:
        return bool(torch.cpu.get_capabilities().get("amx_bf16", False))
    except (AttributeError, RuntimeError):  # the question is not part of every torch
        return False


def computed_in_software(dtype: torch.dtype, device: torch.device) -> bool:
    """Whether this processor lacks arithmetic for a number type, which then is many times slower than float32."""
    if dtype != torch.bfloat16 or device.type != "cpu":
        return False
    try:
        return not torch.ops.mkldnn._is_mkldnn_bf16_supported()
    except (AttributeError, RuntimeError):  # the question is not part of torch's public interface
        return False


def ready_copy(module: nn.Module, device: torch.device, *, settled: bool = True) -> nn.Module:
    """A copy in eval mode on the device, float32, frozen, channels-last; the module itself is left as it was found.

    Hooks are part of the network, and stay; see `settle` for those that compute a weight.

    Args:
        settled: what weights are computed from is put in place of it, once.
    """
    twin = copied(module).eval().requires_grad_(False)
    if settled:
        settle(twin)
    return laid_out(twin.float().to(device), torch.channels_last)


def pink_noise(count: int, channels: int, size: Sequence[int], seed: int = 0) -> Tensor:
    """Pictures [count, channels, H, W] with a 1/f amplitude spectrum, mean .5 and deviation .2 in [0,1]."""
    height, width = size
    spectrum = torch.fft.rfft2(normal((channels, height, width), [generator(seed, f"pink {i}") for i in range(count)]))
    frequency = torch.hypot(torch.fft.fftfreq(height)[:, None], torch.fft.rfftfreq(width)[None])
    frequency[0, 0] = 1 / max(height, width)
    noise = torch.fft.irfft2(spectrum / frequency, s=(height, width))
    noise = Tensor(noise / noise.std((-2, -1), keepdim=True).clamp_min(1e-8))
    return (0.5 + 0.2 * noise).clamp(0, 1)


def calibrate(module: nn.Module, images: Tensor) -> None:
    """Sets the running statistics of random batch norms to those of the images: else activations vanish with depth."""
    norms = [part for part in module.modules() if isinstance(part, nn.modules.batchnorm._BatchNorm)]
    momenta = [norm.momentum for norm in norms]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # a cumulative mean: one pass suffices
        norm.train()
    with torch.no_grad():
        module(images)
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum
        norm.eval()


class Variants:
    """A ready module in its folded forms, which share all weights that folding does not change.

    What any tap returns must equal the caller's own module, so a tapped convolution keeps its batch norm. Forms are
    made when first asked for, under a lock, since threads share a model.
    """

    def __init__(self, module: nn.Module, pairs: Sequence[tuple[str, str]], dtype: torch.dtype) -> None:
        self.plain, self._pairs, self._dtype = module, tuple(pairs), dtype
        self.convolutions = frozenset(name for name, _ in pairs)  # with a batch norm folded in where not tapped
        self._made: dict[frozenset[str], nn.Module] = {}
        self._lock = threading.Lock()

    def module(self, tapped: Iterable[str]) -> nn.Module:
        """The fastest form in which each tapped module, by its dotted name, still returns its own value."""
        kept = self.convolutions & set(tapped)
        with self._lock:
            if kept not in self._made:
                self._made[kept] = self._fold(kept)
            return self._made[kept]

    def _fold(self, kept: frozenset[str]) -> nn.Module:
        pairs = [pair for pair in self._pairs if pair[0] not in kept]
        folded = {id(tensor) for pair in pairs for name in pair for tensor in _tensors(self.plain.get_submodule(name))}
        shared = {id(tensor): tensor for tensor in _tensors(self.plain) if id(tensor) not in folded}
        twin = copied(self.plain, shared)
        for convolution, norm in pairs:
            merge(twin.get_submodule(convolution), twin.get_submodule(norm))
            twin.set_submodule(norm, remainder(twin.get_submodule(norm)))
        for name, part in list(twin.named_modules()):
            if pairs and isinstance(part, COPYING):  # the folded form is compared with the network, and this with it
                part.inplace = False
            if isinstance(part, nn.LocalResponseNorm) and not hooked(part):
                twin.set_submodule(name, BandedResponseNorm(part))
        if self._dtype != torch.float32:
            twin = copied(twin).to(self._dtype)
        return twin


def laid_out(module: nn.Module, layout: torch.memory_format) -> nn.Module:
    """The module itself, with its weights over maps in a memory layout; torch's own way fails on those over volumes."""
    for value in _tensors(module):
        if value.ndim == 4:
            value.data = value.data.contiguous(memory_format=layout)
    return module


def _tensors(module: nn.Module) -> list[Tensor]:
    return [*module.parameters(), *module.buffers()]
