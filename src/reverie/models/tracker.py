"""Tracker: carries from operator to operator through one forward which pixels every number of a tensor sees.

Where an operator cannot be followed, nothing is claimed from there on.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from torch import Tensor
from torch.utils.weak import WeakIdKeyDictionary

from reverie.models import operators
from reverie.models.aliases import Aliases, looked, pasted, returns_views, shared_axes
from reverie.models.spans import Spans, nothing, of_parts, pixels
from reverie.models.support import Call, Support, each
from reverie.models.support_rules import found

_UNFORESEEN = (RuntimeError, IndexError, TypeError, KeyError, ValueError, AttributeError)


def tensors_in(value: Any) -> Iterator[Tensor]:
    """The tensors of an operator's arguments or outputs, in order."""
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, list | tuple):
        for item in value:
            yield from tensors_in(item)
    elif isinstance(value, dict):
        yield from tensors_in([*value.values()])


class Tracker:
    """The supports of the tensors of one forward."""

    def __init__(self) -> None:
        self.known: Any = WeakIdKeyDictionary()
        self.aliases = Aliases()
        self.lost = False  # a number left for Python, and may come back anywhere
        self.sizewise = False

    def start(self, image: Tensor) -> None:
        """The picture [1,C,H,W]."""
        self.known[image] = pixels(image.shape[2], 2), pixels(image.shape[3], 3)

    def of(self, value: Tensor) -> Support | None:
        """What a tensor's numbers see; None where that cannot be told, or where they are not of the picture."""
        support: Support | None = self.known.get(value)
        return support

    def note(
        self, func: Any, args: Sequence[Any], kwargs: Mapping[str, Any], inputs: Sequence[Tensor],
        made: Sequence[Tensor],
    ) -> None:  # fmt: skip
        """Notes what an operator's outputs see."""
        tracked = [item for item in inputs if item in self.known]
        name = func.overloadpacket.__name__
        if tracked and name == "_local_scalar_dense":
            self.lost = True
        self.sizewise |= bool(tracked) and name in operators.SIZEWISE
        if tracked and made:
            for item, support in zip(made, self._found(func, name, args, kwargs, tracked, made), strict=True):
                self.known[item] = support
        if not made or not inputs:
            return
        if returns_views(func):
            self.aliases.seen(inputs[0], made)
        elif tracked and made[0] is inputs[0]:
            self._written(made[0])

    def _found(
        self, func: Any, name: str, args: Sequence[Any], kwargs: Mapping[str, Any], tracked: Sequence[Tensor],
        made: Sequence[Tensor],
    ) -> Sequence[Support | None]:  # fmt: skip
        supports: Sequence[Support | None] = []
        if not self.lost and all(self.known[item] is not None for item in tracked):
            inputs = [(item, self.known[item]) for item in tracked]
            call = Call(func, name.removesuffix("_"), args, kwargs, inputs, made)
            try:
                supports = found(call)[: len(made)]
            except _UNFORESEEN:  # an operator in a form of which no rule knows
                supports = []
        return [*supports, *[None] * (len(made) - len(supports))]

    def _written(self, part: Tensor) -> None:
        """Tells all that look at the numbers of a tensor that it was written to."""
        owner, others = self.aliases.owner(part), self.aliases.others(part)
        try:
            if part is not owner:
                self.known[owner] = self._pasted(owner, part)
            whole = self.known[owner]
            for view in others:
                self.known[view] = whole and each(
                    whole, lambda spans: spans.moved(lambda item: looked(owner, view, item))  # noqa: B023
                )  # fmt: skip
        except _UNFORESEEN:
            for item in (owner, *others):
                self.known[item] = None

    def _pasted(self, owner: Tensor, part: Tensor) -> Support | None:
        new, old = self.known[part], self.known.get(owner, (nothing(owner.ndim), nothing(owner.ndim)))
        if new is None or old is None:
            return None
        return _over(owner, part, old[0], new[0]), _over(owner, part, old[1], new[1])


def _over(owner: Tensor, part: Tensor, old: Spans, new: Spans) -> Spans:
    """The spans of a tensor after a part of it was overwritten."""
    parts = [pasted(owner, part, *pair) for pair in zip(old.parts, new.parts, strict=True)]
    period, bound = math.lcm(old.period, new.period), old.bound or new.bound
    made = replace(of_parts(parts, old), stride=old.stride or new.stride, period=period, bound=bound)
    back = {own: axis for axis, own in shared_axes(owner, part).items()}
    along = [axis for axis, length in enumerate(new.place.shape) if length > 1]
    if 0 not in (old.stride, new.stride) and old.stride != new.stride:
        return made.adrift()
    if not all(axis in back for axis in along) or new.stride == 0 or old.place.numel() > 1:
        return made
    shape = [1] * owner.ndim  # the grid is all of the part's: what was there before is on none
    for axis in along:
        shape[back[axis]] = new.place.shape[axis]
    return replace(made, place=new.place.reshape(shape))
