"""Follows through one forward which channels of which layers every number is made of.

Operators that move numbers (views, concatenations, shuffles) move their provenance along; pooling and rectifiers keep a
channel what it is; weights, sums and whatever else mixes channels make new ones.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import torch
from torch import Tensor
from torch.utils._pytree import tree_iter, tree_map
from torch.utils.weak import WeakIdKeyDictionary

from reverie.models import operators
from reverie.models.feature_maps import sides
from reverie.models.operators import Watched
from reverie.models.provenance import Provenance, fresh, of_makers, untold


@dataclass(frozen=True, eq=False)
class Weights:
    """A convolution or linear layer as it ran.

    Attributes:
        first: number of its first output channel.
        layer: the innermost module in which it ran.
        kernels: [O,I,h,w]; of a linear layer over a flattened map a kernel as large as the map.
        groups: into which both channels are parted; I is of one of them.
        inputs: parts [groups * I].
    """

    first: int
    layer: str
    kernels: Tensor
    groups: int
    inputs: Provenance

    @property
    def channels(self) -> int:
        """How many channels its output has."""
        return len(self.kernels)


@dataclass(frozen=True, eq=False)
class Junction:
    """New channels that are no weights' output: sums of others, or what cannot be told apart.

    Attributes:
        first: number of its first channel.
        channels: how many.
        terms: of a sum what each channel is the sum of, parts [channels] each; else empty.
        what: the operator or module that made it.
    """

    first: int
    channels: int
    terms: tuple[Provenance, ...]
    what: str


_POOLS = operators.POOLED | operators.ADAPTED | operators.RESIZED


class Follow(Watched):
    """Follows the provenance through one forward, and collects what makes channels.

    Attributes:
        provenance: of each tensor that depends on the picture.
        makers: weights and junctions in the order in which they ran; numbers of channels rise along them.
        inside: names of the modules that are running, the innermost last.
        operators: how many ran so far.
    """

    def __init__(self, aspect: float) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.provenance: Any = WeakIdKeyDictionary()
        self.makers: list[Weights | Junction] = []
        self.inside: list[str] = []
        self.operators = 0
        self.aspect = aspect
        self.next = 1
        self.on_read: Callable[[Provenance], None] = lambda _: None  # told what a maker reads

    def start(self, image: Tensor, factor: Tensor) -> None:
        """The picture [1,C,H,W], whose channels are the first to be numbered.

        Args:
            factor: [C] between the picture in [0,1] and what the network takes.
        """
        channels = int(image.shape[1])
        made = fresh(self.numbered(channels), channels, 1, image.shape)
        self.provenance[image] = replace(made, gain=factor.float().cpu().view(1, -1, 1, 1).expand(*image.shape))

    def numbered(self, channels: int) -> int:
        """The first of so many new numbers."""
        self.next += channels
        return self.next - channels

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Runs the operator, then notes what its outputs are."""
        del types
        kwargs = kwargs or {}
        self.operators += 1
        output = func(*args, **kwargs)
        inputs = [item for item in tree_iter((args, kwargs)) if isinstance(item, Tensor) and item in self.provenance]
        made = [item for item in tree_iter(output) if isinstance(item, Tensor)]
        if inputs and made:
            for item, provenance in zip(made, self._through(func, args, kwargs, inputs, made), strict=True):
                self.provenance[item] = provenance
            if func._schema.is_mutable and made[0]._base is not None and made[0]._base in self.provenance:
                self.provenance[made[0]._base] = untold(made[0]._base.shape)  # written to in part
        return output

    def _through(self, func: Any, args: Any, kwargs: Any, inputs: list[Tensor], made: list[Tensor]) -> list[Provenance]:
        name, first, shape = func.overloadpacket.__name__, self.provenance[inputs[0]], made[0].shape
        if name in operators.MOVED:
            return self._moved(func, args, kwargs, len(made))
        rest = [untold(item.shape) for item in made[1:]]
        pointwise = torch.Tag.pointwise in func.tags
        if name in ("convolution", "addmm", "mm", "linear"):
            return [self._weighted(name, args, shape), *rest]
        if first.maker.shape == shape and (
            name in operators.KEPT or (name == "as_strided_" and sorted(shape)[-2] == 1)
        ):
            return [first, *rest]  # global pooling gives its channels other strides
        if name in _POOLS and len(shape) == 4 and first.maker.ndim == 4:
            return [first.pooled(shape), *rest]
        if name in operators.NORMED:
            return [_normalised(first, args), *rest]
        if name in ("mean", "sum", "amax") and len(args) > 1 and args[1]:
            axes = [args[1]] if isinstance(args[1], int) else list(args[1])
            return [first.reduced(axes, keep=bool(args[2]) if len(args) > 2 else kwargs.get("keepdim", False))]
        if pointwise or name.removesuffix("_") in operators.ELEMENTWISE:
            return [self._pointwise(name.removesuffix("_"), args, kwargs, inputs, shape), *rest]
        return [untold(item.shape) for item in made]

    def _moved(self, func: Any, args: Any, kwargs: Any, count: int) -> list[Provenance]:
        name = func.overloadpacket.__name__
        joins = name in operators.JOINED
        if name == "constant_pad_nd":
            args, kwargs = (args[0], args[1]), {}

        def of_part(index: int) -> list[Tensor]:
            def part(item: Any) -> Any:
                if not isinstance(item, Tensor):
                    return item
                if item in self.provenance:
                    return self.provenance[item].parts[index].contiguous()
                kind = self._kinds[index]
                return torch.zeros(item.shape, dtype=kind) if joins else item

            return list(tree_iter(func(*tree_map(part, args), **tree_map(part, kwargs))))

        columns = [of_part(index) for index in range(len(fields(Provenance)))]
        return [Provenance(*[column[item] for column in columns]) for item in range(count)]

    _kinds = (torch.int64, torch.int64, torch.float32, torch.float32, torch.bool, torch.bool)

    def _weighted(self, name: str, args: Any, shape: Sequence[int]) -> Provenance:
        """A convolution's or matrix product's output, if its weights do not depend on the picture."""
        picture, weight = (args[1], args[2]) if name == "addmm" else (args[0], args[1])
        axis = 1 if name == "convolution" else len(shape) - 1
        usable = picture in self.provenance and weight not in self.provenance
        if name == "convolution" and (args[6] or weight.ndim != 4):
            usable = False  # transposed, or not over a map
        if not usable:
            return untold(shape)
        matrix = weight.t() if name in ("addmm", "mm") else weight
        inputs = self.provenance[picture].channels(axis if name == "convolution" else picture.ndim - 1)
        kernels, groups = matrix.detach().float().cpu(), args[8] if name == "convolution" else 1
        if name != "convolution":
            kernels, inputs = _over_map(kernels, inputs, self.aspect)
        self.on_read(inputs)
        number = self.numbered(len(kernels))
        self.makers.append(Weights(number, self.inside[-1] if self.inside else "", kernels, groups, inputs))
        return fresh(number, len(kernels), axis, shape)

    def _pointwise(self, name: str, args: Any, kwargs: Any, inputs: list[Tensor], shape: Sequence[int]) -> Provenance:
        if len(inputs) == 1:
            provenance: Provenance = self.provenance[inputs[0]]
            if provenance.maker.shape != shape:
                return untold(shape)
            return _by_constant(name, provenance, args, kwargs, first=args[0] is inputs[0])
        several: list[Provenance] = [self.provenance[item].moved(lambda part: part.expand(*shape)) for item in inputs]
        summed = name in ("add", "sub") and len(inputs) == 2
        if all(torch.equal(item.maker, several[0].maker) for item in several[1:]):
            summed = summed and not bool(several[0].bent.any() | several[1].bent.any())
            if not summed:
                return several[0].through_nonlinearity()  # as x * sigmoid(x), or the polynomial inside a GELU
        if summed:
            sign = (1 if name == "add" else -1) * float(kwargs.get("alpha", 1))
            return self._joined([several[0], several[1] if sign == 1 else several[1].times(sign)], "sum")
        main = [self.provenance[item] for item in inputs if item.shape == shape and not self.provenance[item].lost]
        return self._joined(main[:1], name) if main else untold(shape)

    def _joined(self, several: Sequence[Provenance], what: str) -> Provenance:
        """New channels, one for each combination of those that meet."""
        shape = several[0].maker.shape
        if all(item.lost for item in several):
            return untold(shape)
        narrow = [item.narrow() for item in several]
        common = torch.broadcast_shapes(*[item.maker.shape for item in narrow])
        flat = [item.moved(lambda part: part.expand(common).flatten()) for item in narrow]
        kinds, which = torch.unique(torch.stack([item.maker for item in flat]), dim=1, return_inverse=True)
        count = kinds.shape[1]
        at = torch.full((count,), which.numel()).scatter_reduce(0, which, torch.arange(which.numel()), "amin")
        order = at.argsort()  # as they stand
        rank = torch.empty_like(order).scatter_(0, order, torch.arange(count))
        terms = tuple(item.moved(lambda part: part[at[order]]) for item in flat)
        for term in terms:
            self.on_read(term)
        number = self.numbered(count)
        self.makers.append(Junction(number, count, terms if what == "sum" else (), what))
        return of_makers((number + rank[which]).view(common).expand(*shape))

    def opaque(self, shape: Sequence[int], axis: int, what: str) -> Provenance:
        """New channels of a module inside which they cannot be followed."""
        number = self.numbered(int(shape[axis]))
        self.makers.append(Junction(number, int(shape[axis]), (), what))
        return fresh(number, int(shape[axis]), axis, shape)


def _normalised(provenance: Provenance, args: Any) -> Provenance:
    """After a batch norm: a factor for each channel, if it uses its own statistics."""
    _, weight, _, mean, variance, *more = args
    numbers = [item for item in more if isinstance(item, float)]
    if mean is None or variance is None or (more and more[0] is True):
        return provenance.through_nonlinearity()
    factor = (variance.double() + numbers[-1]).rsqrt()
    factor = factor if weight is None else factor * weight.double()
    return provenance.times(factor.float().cpu().view(1, -1, *[1] * (provenance.maker.ndim - 2)))


def _by_constant(name: str, provenance: Provenance, args: Any, kwargs: Any, *, first: bool) -> Provenance:
    """After an operator whose other operand, if any, does not depend on the picture.

    Args:
        first: whether the operand that does is the first one.
    """
    if name == "neg" or (name == "sub" and not first):
        return provenance.times(-1.0)
    if name in ("add", "sub"):
        return provenance
    if kwargs or (name, first) not in (("mul", True), ("mul", False), ("div", True)):
        return provenance.through_nonlinearity()
    other = args[1] if first else args[0]
    factor = other.detach().float().cpu() if isinstance(other, Tensor) else torch.tensor(float(other))
    return provenance.times(factor if name == "mul" else 1 / factor)


def _over_map(kernels: Tensor, inputs: Provenance, aspect: float) -> tuple[Tensor, Provenance]:
    """A linear layer [O,F] over flattened maps as kernels [O,C,h,w] of channels; else [O,F,1,1] of what there is."""
    makers, which, counts = torch.unique(inputs.maker, return_inverse=True, return_counts=True)
    each = int(counts[0])
    if each == 1 or int(makers[0]) < 1 or not bool((counts == each).all()):
        return kernels[:, :, None, None], inputs
    order = torch.argsort(which, stable=True).view(len(makers), each)
    order = order[order[:, 0].argsort()]
    height, width = sides(each, aspect)
    return kernels[:, order].unflatten(2, (height, width)), inputs.moved(lambda part: part[order[:, 0]])
