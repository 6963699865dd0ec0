"""Support: which pixels the numbers of an operator's outputs see, given what its inputs' numbers see.

One rule for each kind of operator of the table in `operators`; what is in none of them cannot be followed.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import torch
from torch import Tensor

from reverie.models.spans import Spans, joined, nothing

Support = tuple[Spans, Spans]  # rows, columns


def each(support: Support, function: Callable[[Spans], Spans]) -> Support:
    """The same for rows and columns."""
    return function(support[0]), function(support[1])


def merged(supports: Sequence[Support]) -> Support:
    """The support of numbers that are made of several tensors' numbers, which broadcast."""
    return joined([rows for rows, _ in supports]), joined([columns for _, columns in supports])


@dataclass(frozen=True, eq=False)
class Call:
    """An operator that ran.

    Attributes:
        name: without the `_` of those that work in place.
        args, kwargs: what it was given.
        inputs: the tensors among them that come from the picture, with what they see.
        made: the tensors that it returned.
    """

    func: Any
    name: str
    args: Sequence[Any]
    kwargs: Mapping[str, Any]
    inputs: Sequence[tuple[Tensor, Support]]
    made: Sequence[Tensor]

    @cached_property
    def given(self) -> dict[str, Any]:
        """Its arguments by name, with the defaults of what was left out."""
        names = argument_names(self.func)
        return {**dict(names), **dict(zip((name for name, _ in names), self.args, strict=False)), **self.kwargs}

    @property
    def first(self) -> Support:
        """The support of the first input."""
        return self.inputs[0][1]

    @property
    def shape(self) -> torch.Size:
        """The shape of the first output."""
        return self.made[0].shape

    def of(self, value: Tensor) -> Support:
        """What an argument sees."""
        found = [support for item, support in self.inputs if item is value]
        return found[0] if found else (nothing(value.ndim), nothing(value.ndim))

    def axes(self, axes: Any) -> list[int]:
        """A number of an axis, or several, or None for all."""
        every = range(self.inputs[0][0].ndim)
        return [*every] if axes is None or axes == [] else [axes] if isinstance(axes, int) else [*axes]


Rule = Callable[[Call], Sequence[Support | None]]


@lru_cache(4096)
def argument_names(func: Any) -> tuple[tuple[str, Any], ...]:
    """Names and defaults of an operator's arguments."""
    return tuple(
        (item.name, item.default_value if item.has_default_value() else None) for item in func._schema.arguments
    )
