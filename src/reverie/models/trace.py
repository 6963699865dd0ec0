"""One forward that lists a network's layers: shapes, calls, receptive fields, and which batch norms may be folded.

Receptive fields follow the operators rather than the modules, so that branches, functional calls and additions are
seen as they run. Source of the arithmetic: Araujo, Norris, Sim 2019, "Computing receptive fields of convolutional
neural networks"; differs: both axes apart (1x7 kernels), and what mixes all positions is unbounded.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_iter
from torch.utils.hooks import RemovableHandle
from torch.utils.weak import WeakIdKeyDictionary

from reverie.models.folding import is_batch_norm
from reverie.models.grids import REGISTERS, Form, Size, form_of


@dataclass(frozen=True)
class Extent:
    """Along one axis, position i of a map sees the pixels from i * stride + start to i * stride + stop (excluded)."""

    stride: int
    start: int
    stop: int

    def through(self, kernel: int, stride: int, padding: int, dilation: int) -> "Extent":
        """The extent after a convolution or pooling."""
        start = self.start - padding * self.stride
        stop = self.stop + ((kernel - 1) * dilation - padding) * self.stride
        return Extent(self.stride * stride, start, stop)

    def joined(self, other: "Extent") -> "Extent | None":
        """What sees all that either sees; None where their strides differ."""
        if self.stride != other.stride:
            return None
        return Extent(self.stride, min(self.start, other.start), max(self.stop, other.stop))


Extents = tuple[Extent, Extent]  # rows, columns


@dataclass(frozen=True)
class Layer:
    """A listed layer.

    Attributes:
        name: dotted module name, with `~2` for the second call of a module that runs several times, and `@class` or
            `@registers` for tokens that stand apart from the grid.
        kind: the module's class.
        channels: of its output.
        size: (height, width) of its output at the network's native input; None where it has no grid.
        extents: what a position sees, along rows and columns; None where it sees everything.
        calls: how often its module runs in one forward.
        form: how its output is read.
    """

    name: str
    kind: str
    channels: int
    size: Size | None
    extents: Extents | None
    calls: int
    form: Form = field(default_factory=Form)

    @property
    def receptive_field(self) -> Size | None:
        """(height, width) in pixels; None where unbounded."""
        return self.extents and (
            self.extents[0].stop - self.extents[0].start,
            self.extents[1].stop - self.extents[1].start,
        )

    @property
    def stride(self) -> Size | None:
        """(vertical, horizontal) step between neighbours, in pixels; None where it has no grid."""
        return self.extents and (self.extents[0].stride, self.extents[1].stride)


@dataclass
class Trace:
    """What one forward showed: the layers, largest map in numbers per image, (convolution, batch norm) pairs."""

    layers: Mapping[str, Layer]
    pairs: Sequence[tuple[str, str]]
    output: Layer
    largest: int


@dataclass
class _Product:
    """A convolution's output on its way: who made it, who normalises it, and how many operators read it."""

    module: str
    norm: str | None = None
    reads: int = 0


class _Watch(TorchDispatchMode):
    """Carries the extents from operator to operator, and counts who reads a convolution's output."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.extents: Any = WeakIdKeyDictionary()
        self.products: Any = WeakIdKeyDictionary()
        self.largest = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Runs the operator, then notes what its outputs see."""
        del types
        inputs = [item for item in tree_iter((args, kwargs or {})) if isinstance(item, Tensor)]
        for item in inputs:
            if item in self.products:
                self.products[item].reads += 1
        extents = _through(func, args, [(item, self.extents[item]) for item in inputs if item in self.extents])
        output = func(*args, **(kwargs or {}))
        tracked = any(item in self.extents for item in inputs)
        for item in tree_iter(output):
            if isinstance(item, Tensor) and tracked:
                kept = extents(item) if callable(extents) else extents
                self.extents[item] = kept
                if item.ndim in (3, 4) and item.shape[0] == 1:
                    self.largest = max(self.largest, item.numel())
        return output


# operators that keep every position where it is, as long as the grid keeps its size
_KEEPS = frozenset(
    [
        "cat",
        "native_batch_norm",
        "_native_batch_norm_legit_no_training",
        "cudnn_batch_norm",
        "batch_norm",
        "clone",
        "view",
        "_unsafe_view",
        "squeeze",
        "unsqueeze",
        "expand",
        "slice",
        "split",
        "split_with_sizes",
        "chunk",
        "constant_pad_nd",
        "avg_pool3d",
        "_to_copy",
        "native_dropout",
        "contiguous",
        "alias",
        "detach",
        "channel_shuffle",
        "narrow",
    ]
)
Rule = Callable[[Tensor], Extents | None]


def _through(func: Any, args: Any, inputs: list[tuple[Tensor, Extents | None]]) -> Rule | Extents | None:
    """What an operator's output sees, given what its inputs see; a function where it depends on the output's shape."""
    name = func.overloadpacket.__name__
    if not inputs or any(extents is None for _, extents in inputs):
        return None
    first: Extents = inputs[0][1]  # type: ignore[assignment]
    if name == "convolution" and not args[6] and args[0].ndim == 4:
        kernel, stride, padding, dilation = args[1].shape[2:], args[3], args[4], args[5]
        return _pooled(first, kernel, stride, padding, dilation)
    if name in ("max_pool2d_with_indices", "max_pool2d", "avg_pool2d"):
        given = [*args[1:], *[[]] * 4]
        dilation = given[3] if name != "avg_pool2d" and given[3] else [1, 1]
        return _pooled(first, given[0], given[1] or given[0], given[2] or [0, 0], dilation)
    if name not in _KEEPS and torch.Tag.pointwise not in func.tags:
        return None
    if name.endswith("batch_norm") and len(args) > 5 and args[5] is True:
        return None  # normalised by the picture's own statistics
    joined: Extents | None = first
    for _, extents in inputs[1:]:
        joined = joined and extents and _both(joined, extents)
    shapes = {tuple(item.shape[-2:]) for item, _ in inputs if item.ndim >= 2}
    return lambda output: joined if shapes == {tuple(output.shape[-2:])} else None


def _both(left: Extents, right: Extents) -> Extents | None:
    rows, columns = left[0].joined(right[0]), left[1].joined(right[1])
    return None if rows is None or columns is None else (rows, columns)


def _pooled(before: Extents, kernel: Any, stride: Any, padding: Any, dilation: Any) -> Extents:
    def at(value: Any, axis: int) -> int:
        return int(value[axis] if len(value) > 1 else value[0])

    steps = [
        before[axis].through(at(kernel, axis), at(stride, axis), at(padding, axis), at(dilation, axis))
        for axis in (0, 1)
    ]
    return steps[0], steps[1]


def first_tensor(output: Any) -> Tensor | None:
    """The tensor of a module's output, the first one of a tuple or a mapping."""
    if isinstance(output, Mapping):
        output = output.get("logits", next(iter(output.values()), None))
    if hasattr(output, "logits") and not isinstance(output, Tensor):
        output = output.logits
    while isinstance(output, tuple | list) and output:
        output = output[0]
    return output if isinstance(output, Tensor) else None


def trace(module: nn.Module, image: Tensor) -> Trace:
    """Runs one image [1,C,H,W] through a module that is in eval mode, and lists what ran."""
    watch, lister = _Watch(), _Lister((image.shape[2], image.shape[3]))
    seen: dict[str, list[Layer]] = {}
    products: list[_Product] = []
    norms = {name for name, part in module.named_modules() if is_batch_norm(part)}

    def after(name: str) -> Callable[[nn.Module, Any, Any], None]:
        def hook(part: nn.Module, args: Any, output: Any) -> None:
            layer = lister.describe(name, part, output, watch.extents)
            if layer is not None:
                seen.setdefault(name, []).append(layer)
            if isinstance(part, nn.Conv2d):
                products.append(_Product(name))
                watch.products[output] = products[-1]
            elif name in norms and args[0] in watch.products:
                watch.products[args[0]].norm = name

        return hook

    handles: list[RemovableHandle] = []
    try:
        for name, part in module.named_modules():
            if name:
                handles.append(part.register_forward_hook(after(name)))
        watch.extents[image] = (Extent(1, 0, 1), Extent(1, 0, 1))
        with torch.no_grad(), watch:
            output = module(image)
    finally:
        for handle in handles:
            handle.remove()
    whole = lister.describe("logits", module, output, watch.extents) or Layer("logits", "", 0, None, None, 1)
    whole = replace(whole, kind="output")
    return Trace(_listed(seen, whole), _foldable(products, seen), whole, watch.largest)


class _Lister:
    """Describes layers in the order in which they run: how one is read may depend on those before it."""

    def __init__(self, picture: Size) -> None:
        self.picture = picture
        self.grids: dict[Size, None] = {}
        self.shapes: dict[tuple[int, ...], Form] = {}

    def describe(self, name: str, part: nn.Module, output: Any, extents: Any) -> Layer | None:
        value = first_tensor(output)
        if value is None or value.ndim < 2 or not _of_one(value):
            return None
        form = form_of(part, value, self.picture, self.grids, self.shapes.get(tuple(value.shape)))
        shape = form.grid(torch.empty(value.shape, device="meta"), self.picture).shape
        grid = (shape[2], shape[3]) if value.ndim in (3, 4) else None
        self.shapes[tuple(value.shape)] = form
        if value.ndim == 4 and grid is not None:
            self.grids.pop(grid, None)
            self.grids[grid] = None
        seen = extents.get(value) if form.axes == "NCHW" and value in extents else None
        return Layer(name, type(part).__name__, shape[1], grid, seen, 1, form)


def _of_one(value: Tensor) -> bool:
    """Whether it is the output for one picture: windows and other parts of it come as a batch."""
    return value.shape[0] == 1 or (value.ndim == 3 and value.shape[1] == 1)


def _listed(seen: Mapping[str, list[Layer]], output: Layer) -> dict[str, Layer]:
    layers: dict[str, Layer] = {}
    for name, calls in seen.items():
        for index, layer in enumerate(calls, 1):
            key = name if len(calls) == 1 else f"{name}~{index}"
            layers[key] = replace(layer, name=key, calls=len(calls))
            for form in layer.form.apart_from_it():
                grid = (1, layer.form.apart - 1) if form.part == REGISTERS else None
                layers[key + form.part] = replace(layers[key], name=key + form.part, size=grid, form=form)
    return {**{name: layer for name, layer in layers.items() if name != "logits"}, "logits": output}


def _foldable(products: Sequence[_Product], seen: Mapping[str, list[Layer]]) -> list[tuple[str, str]]:
    """Pairs in which each part runs once and nothing but the batch norm reads the convolution."""
    return [
        (item.module, item.norm)
        for item in products
        if item.norm is not None and item.reads == 1 and len(seen[item.module]) == 1 and len(seen[item.norm]) == 1
    ]
