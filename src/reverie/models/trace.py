"""One forward that lists a network's layers: shapes, calls, receptive fields, and which batch norms may be folded.

Receptive fields follow the operators rather than the modules, so that branches, functional calls and additions are
seen as they run.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle
from torch.utils.weak import WeakIdKeyDictionary

from reverie.models.feature_maps import CLASS, Form, Size, form_of
from reverie.models.folding import is_batch_norm
from reverie.models.layers import Field, Layer, field_of
from reverie.models.operators import Watched
from reverie.models.support import Support
from reverie.models.tracker import Tracker, tensors_in


@dataclass
class Traced:
    """What one forward showed: the layers, largest map in numbers per image, (convolution, batch norm) pairs.

    `sizewise` says whether what positions see may follow another rule in pictures of another size.
    """

    layers: Mapping[str, Layer]
    pairs: Sequence[tuple[str, str]]
    output: Layer
    largest: int
    sizewise: bool


@dataclass
class _Product:
    """A convolution's output on its way: who made it, who normalises it, and how many operators read it."""

    module: str
    norm: str | None = None
    reads: int = 0


class _Watch(Watched):
    """Follows what each number sees from operator to operator, and counts who reads a convolution's output."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.tracker = Tracker()
        self.products: Any = WeakIdKeyDictionary()
        self.largest = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Runs the operator, then notes what its outputs see."""
        del types
        kwargs = kwargs or {}
        inputs = [*tensors_in(args), *tensors_in(kwargs)]
        for item in inputs:
            if item in self.products:
                self.products[item].reads += 1
        output = func(*args, **kwargs)
        made = [*tensors_in(output)]
        self.tracker.note(func, args, kwargs, inputs, made)
        for item in made:
            if item.ndim in (3, 4) and item.shape[0] == 1 and item in self.tracker.known:
                self.largest = max(self.largest, item.numel())
        return output


def first_tensor(output: Any) -> Tensor | None:
    """The tensor of a module's output, the first one of a tuple or a mapping."""
    if isinstance(output, Mapping):
        output = output.get("logits", next(iter(output.values()), None))
    if hasattr(output, "logits") and not isinstance(output, Tensor):
        output = output.logits
    while isinstance(output, tuple | list) and output:
        output = output[0]
    return output if isinstance(output, Tensor) else None


def trace(module: nn.Module, image: Tensor, *, partly: bool = False) -> Traced:
    """Runs one image [1,C,H,W] through a module that is in eval mode, and lists what ran.

    Args:
        partly: whether what ran before an error is listed too.
    """
    watch, lister = _Watch(), _Lister((image.shape[2], image.shape[3]))
    seen: dict[str, list[list[_Described]]] = {}
    products: list[_Product] = []
    output = None
    norms = set() if image.is_meta else {name for name, part in module.named_modules() if is_batch_norm(part)}

    def after(name: str) -> Callable[[nn.Module, Any, Any], None]:
        def hook(part: nn.Module, args: Any, output: Any) -> None:
            layers = lister.describe(name, part, output, watch.tracker)
            if layers:
                seen.setdefault(name, []).append(layers)
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
        watch.tracker.start(image)
        with torch.no_grad(), watch:
            output = module(image)
    except Exception:
        if not partly:
            raise
    finally:
        for handle in handles:
            handle.remove()
    described = lister.describe("logits", module, output, watch.tracker)
    whole = described[0].layer if described else Layer("logits", "", 0, None, None, 1)
    whole = replace(whole, field=lister.field(described[0]) if described else None, kind="output")
    return Traced(
        _listed(seen, whole, lister.field), _foldable(products, seen), whole, watch.largest, watch.tracker.sizewise
    )


@dataclass(frozen=True, eq=False)
class _Described:
    """A layer as it ran, and what its numbers see; its field is made when the forward is over."""

    layer: Layer
    support: Support | None
    shape: tuple[int, ...]


class _Lister:
    """Describes layers in the order in which they run: how one is read may depend on those before it."""

    def __init__(self, picture: Size) -> None:
        self.picture = picture
        self.grids: dict[Size, None] = {}
        self.shapes: dict[tuple[int, ...], Form] = {}
        self.tokens: dict[int, Form] = {}
        self.fields: dict[tuple[int, Form, tuple[int, ...]], tuple[Support, Field]] = {}

    def describe(self, name: str, part: nn.Module, output: Any, tracker: Tracker) -> list[_Described]:
        """The layer, and those of its tokens that stand apart; none where it is no layer of one picture."""
        value = first_tensor(output)
        if value is None or value.ndim < 2 or not _of_one(value):
            return []
        shape = tuple(value.shape)
        form = form_of(part, value, self.picture, self.grids, self.shapes.get(shape), self.tokens)
        self.shapes[shape] = form
        if form.axes == "NTC":
            self.tokens[shape[1]] = form
        layers = [self._layer(name, part, shape, each) for each in (form, *form.apart_from_it())]
        if value.ndim == 4 and layers[0].size is not None and form.axes != "NHTC":
            self.grids.pop(layers[0].size, None)
            self.grids[layers[0].size] = None
        return [_Described(layer, tracker.of(value), shape) for layer in layers]

    def _layer(self, name: str, part: nn.Module, shape: tuple[int, ...], form: Form) -> Layer:
        plain = form.axes == "NCHW" and len(shape) == 4
        read = shape if plain else form.grid(torch.empty(shape, device="meta"), self.picture).shape
        grid = (read[2], read[3]) if len(shape) in (3, 4) and form.part != CLASS else None
        return Layer(name + form.part, type(part).__name__, read[1], grid, None, 1, form)

    def field(self, described: _Described) -> Field | None:
        """What the positions of a layer see; many layers share it."""
        if described.support is None:
            return None
        key = id(described.support), described.layer.form, described.shape
        if key not in self.fields:
            made = field_of(described.support, described.layer.form, described.shape, self.picture)
            self.fields[key] = described.support, made
        return self.fields[key][1]


def _of_one(value: Tensor) -> bool:
    """Whether it is the output for one picture: windows and other parts of it come as a batch."""
    return value.shape[0] == 1 or (value.ndim == 3 and value.shape[1] == 1)


def _listed(
    seen: Mapping[str, list[list[_Described]]], output: Layer, field: Callable[[_Described], Field | None]
) -> dict[str, Layer]:
    layers: dict[str, Layer] = {}
    for name, calls in seen.items():
        for index, several in enumerate(calls, 1):
            key = name if len(calls) == 1 else f"{name}~{index}"
            for described in several:
                own = key + described.layer.form.part
                layers[own] = replace(described.layer, name=own, calls=len(calls), field=field(described))
    return {**{name: layer for name, layer in layers.items() if name != "logits"}, "logits": output}


def _foldable(products: Sequence[_Product], seen: Mapping[str, Sequence[object]]) -> list[tuple[str, str]]:
    """Pairs in which each part runs once and nothing but the batch norm reads the convolution."""
    return [
        (item.module, item.norm)
        for item in products
        if item.norm is not None
        and item.reads == 1
        and len(seen.get(item.module, ())) == len(seen.get(item.norm, ())) == 1
    ]
