"""Makes a Model of any module, and checks that it computes what the module computes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from reverie.errors import InvalidSetting, ReverieError
from reverie.image import Size
from reverie.models.causes import cause, check_suitable, dimensions_checked, line
from reverie.models.copying import hooked, uncompiled
from reverie.models.fidelity import MOST, Original, exactly, off, require, seeded
from reverie.models.heads import Endings, Head, head_of, lifted, tensors
from reverie.models.integrity import weights_digest
from reverie.models.model import Model
from reverie.models.output import Output, output_of
from reverie.models.readiness import MEAN, STD, Variants, calibrate, laid_out, pink_noise, ready_copy
from reverie.models.trace import first_tensor, trace

SIZED = (RuntimeError, ValueError, AssertionError, IndexError)  # what a picture of a wrong size leads to


@dataclass(frozen=True)
class Found:
    """A network before it is made ready, and what is known of it.

    Attributes:
        source: how to load it again.
        size: native (height, width).
        mean, std: of its input, for values in [0,1]; ImageNet's unless given, of other channels' .5 and .25.
        random: the weights mean nothing yet: batch norms are calibrated on 1/f noise.
        moments: by layer, mean and deviation of its channels.
    """

    module: nn.Module
    source: Mapping[str, Any] = field(default_factory=dict)
    size: Size = (224, 224)
    mean: Sequence[float] | None = None
    std: Sequence[float] | None = None
    classes: Sequence[str] = ()
    random: bool = False
    moments: Mapping[str, tuple[Tensor, Tensor]] | None = None


def make_model(
    found: Found, name: str, device: torch.device, dtype: torch.dtype = torch.float32, *, pooling: str = "own",
    output: str | Output = "auto", key: str | None = None,
) -> Model:  # fmt: skip
    """A Model of any module.

    Args:
        output: how its logits are read, see OUTPUTS, or as is known already.
        key: which of several outputs its logits are.

    Raises:
        InvalidSetting: the module cannot be copied, its copy does not compute the same, or it does not run.
    """
    module = uncompiled(found.module)
    check_suitable(module, name)
    inputs = _input_channels(module)
    mean = _statistic(found.mean, MEAN, 0.5, inputs, "mean")
    std = _statistic(found.std, STD, 0.25, inputs, "std")
    example = pink_noise(4 if found.random else 2, inputs, found.size).to(device)
    shift, scale = (torch.tensor(value, device=device).view(1, -1, 1, 1) for value in (mean, std))
    example = (example - shift) / scale
    try:
        with seeded(device), exactly(device):  # a forward may draw by chance: the caller's random state is left alone
            plain, layout, returned, endings = _same(module, name, example[:1])
            head, reading, notes = _read(name, plain, returned, endings, example[:1], len(found.classes), output, key)
            alone = not _together(plain, example[:2].contiguous(memory_format=layout))
            if found.random:
                calibrate(plain, example[: 1 if alone else None])
            example = example[:1].contiguous(memory_format=layout)
            seen = trace(plain, example)
            variants = Variants(plain, _true_pairs(plain, seen.pairs, example), dtype)
    except ReverieError:
        raise
    except (Exception, SystemExit, GeneratorExit) as error:
        raise InvalidSetting(_failure(name, found.size, inputs, error)) from error
    known, more = _fitting(name, found.classes, seen.output.channels)
    source = _described(found, mean, std, reading, head, plain)
    moments = {layer: (mean.to(device), std.to(device)) for layer, (mean, std) in (found.moments or {}).items()}
    return Model(
        name, seen.layers, known, found.size, inputs, mean, std, device, dtype, seen.largest, variants, source, moments,
        layout, pooling, reading, (*notes, *more), alone, seen.sizewise,
    )  # fmt: skip


def _described(
    found: Found, mean: Sequence[float], std: Sequence[float], reading: Output, head: Head, plain: nn.Module
) -> dict[str, Any]:
    """How to load the network again, and what tells whether it is the same."""
    return {
        **found.source,
        "mean": list(mean),
        "std": list(std),
        "size": list(found.size),
        "output": reading.kind,
        "weights_sha256": weights_digest(plain),
        **({"output_key": head.path} if head.path else {}),
    }


Same = tuple[nn.Module, torch.memory_format, Any, Endings]


def _same(module: nn.Module, name: str, images: Tensor) -> Same:
    """A ready copy that computes what the module computes; with its layout, and what it returned and how."""
    plain, original = ready_copy(module, images.device), Original(module, images.device)
    layout, returned, endings = _ran(plain, name, images)
    wanted = original.answer(images)
    if off(returned, wanted) <= MOST:
        return plain, layout, returned, endings
    plain = ready_copy(module, images.device, settled=False)
    layout, returned, endings = _ran(plain, name, images)
    if off(returned, wanted) <= MOST or original.chances(images):
        return plain, layout, returned, endings
    require(name, original, plain, images)
    raise AssertionError("unreachable")


def _ran(module: nn.Module, name: str, images: Tensor) -> tuple[torch.memory_format, Any, Endings]:
    """Channels-last, the faster one, but for a module whose `view`s need the plain layout; brings the module to it."""
    for layout in (torch.channels_last, torch.contiguous_format):
        endings = Endings()
        try:
            with torch.no_grad(), seeded(images.device), dimensions_checked(module, name), endings:
                return layout, module(images.contiguous(memory_format=layout)), endings
        except RuntimeError as error:
            if "view" not in str(error) or layout is torch.contiguous_format:
                raise
            laid_out(module, torch.contiguous_format)
    raise AssertionError("unreachable")


def _together(module: nn.Module, images: Tensor) -> bool:
    """Whether a module takes two pictures at once: some fold a batch into one, such as by `.view(1, -1)`."""
    try:
        with torch.no_grad():
            found = tensors(module(images)).values()
    except RuntimeError:
        return False
    return all(value.ndim > 0 and len(value) == len(images) for value in found)


def _read(
    name: str, module: nn.Module, returned: Any, endings: Endings, images: Tensor, classes: int,
    output: str | Output, key: str | None,
) -> tuple[Head, Output, tuple[str, ...]]:  # fmt: skip
    """Which output holds the logits, and how they are read; what returns no plain logits is made to."""

    def depends(later: str, earlier: str) -> bool:
        with torch.enable_grad():
            found = tensors(module(images[:1].clone().requires_grad_()))
            if not found[later].requires_grad or not found[earlier].requires_grad:
                return False
            (gradient,) = torch.autograd.grad(found[later].sum(), found[earlier], allow_unused=True)
        return gradient is not None

    head, note = head_of(name, returned, classes, key, depends)
    value = tensors(returned)[head.path]
    head = Head(head.path, lifted(value, endings))
    if not head.idle or not isinstance(returned, Tensor):
        module.register_forward_hook(head)
    value = value.unsqueeze(1) if head.lift else value.transpose(1, 2) if value.ndim == 3 else value
    ending = str(endings.names.get(tensors(returned)[head.path], ""))
    return head, output if isinstance(output, Output) else output_of(value, ending, output), (note,) if note else ()


def _fitting(name: str, classes: Sequence[str], count: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The class names where there is one for each output, else none and why."""
    if not classes or len(classes) == count:
        return tuple(classes), ()
    return (), (
        f"{name} has {count} output{'s' * (count != 1)} and {len(classes)} class names, which are left out; "
        "give as many with --classes",
    )


def _failure(name: str, size: Size, inputs: int, error: BaseException) -> str:
    known = cause(error) or ("" if isinstance(error, SIZED) else f"its forward fails ({line(error)})")
    if known:
        return f"{name} cannot be asked: {known}"
    return (
        f"{name} does not run on a picture of {size[0]}x{size[1]} with {inputs} channels ({line(error)}); "
        "give its native size with --native-size (size= in Python)"
    )


def _true_pairs(module: nn.Module, pairs: Sequence[tuple[str, str]], example: Tensor) -> Sequence[tuple[str, str]]:
    """The pairs, or none if folding them would change the network's output: a guard against modules with side doors."""
    pairs = [pair for pair in pairs if not any(hooked(module.get_submodule(name)) for name in pair)]
    if not pairs:
        return pairs
    with torch.no_grad():
        wanted = first_tensor(module(example))
        got = first_tensor(Variants(module, pairs, torch.float32).module(())(example))
    if wanted is None or got is None:
        return ()
    error = functional.mse_loss(got, wanted).sqrt()
    return pairs if bool(error <= 1e-4 * wanted.square().mean().sqrt() + 1e-6) else ()


def _input_channels(module: nn.Module) -> int:
    for part in module.modules():
        if isinstance(part, nn.Conv2d):
            return part.in_channels
    return 3


def _statistic(
    given: Sequence[float] | None, usual: tuple[float, ...], other: float, channels: int, what: str
) -> tuple[float, ...]:
    values = (
        tuple(float(item) for item in given) if given is not None else usual if channels == 3 else (other,) * channels
    )
    if len(values) == 1:
        values = values * channels
    if len(values) != channels:
        raise InvalidSetting(f"{what} has {len(values)} values, but the network's input has {channels} channels")
    if what == "std" and min(values) <= 0:
        raise InvalidSetting(f"std must be above 0, not {min(values)}")
    return values
