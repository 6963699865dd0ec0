"""Edits: what is changed in what a network's layers return, for one thread and one block of code."""

import contextlib
import math
import re
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from torch import Tensor

from reverie.errors import InvalidSetting, UnknownName
from reverie.models.feature_maps import Form, Size, call_name
from reverie.unit import Span, Unit

ALLOWED = "'ablate', 'amplify(FACTOR)' or 'clamp(VALUE)'"
Replacing = Callable[[Tensor], Tensor]  # what goes on in place of what a module returned


@dataclass(frozen=True)
class Change:
    """What becomes of an activation: `factor` times what it was, plus `value`.

    Raises:
        InvalidSetting: a number that is not finite.
    """

    factor: float = 0.0
    value: float = 0.0

    def __post_init__(self) -> None:
        if not (math.isfinite(self.factor) and math.isfinite(self.value)):
            raise InvalidSetting(f"an activation is changed by finite numbers, not {self.factor} and {self.value}")

    def __str__(self) -> str:
        """The change as `change_named` reads it back."""
        if self.factor:
            return f"amplify({self.factor!r})"
        return f"clamp({self.value!r})" if self.value else "ablate"


def change_named(text: "str | Change") -> Change:
    """A change by its text.

    Raises:
        InvalidSetting: another text.
    """
    if isinstance(text, Change):
        return text
    found = re.fullmatch(r"\s*(ablate|(amplify|clamp)\(([^()]*)\))\s*", text) if isinstance(text, str) else None
    try:
        number = float(found[3] or 0) if found else math.nan
    except ValueError:
        number = math.nan
    if found is None or not math.isfinite(number):
        raise InvalidSetting(f"'{text}' changes no unit; allowed are {ALLOWED}")
    return Change(factor=number) if found[2] == "amplify" else Change(value=number)


@dataclass(frozen=True)
class Edit:
    """A change of a unit, its channels numbers."""

    unit: Unit
    change: Change

    def apply(self, grid: Tensor) -> None:
        """Changes a layer's map [N,C,H,W] in place.

        Raises:
            UnknownName: rows or columns that the map does not have.
        """
        where = self._span(self.unit.rows, grid, 2), self._span(self.unit.columns, grid, 3)
        for channel in self.unit.channels or (slice(None),):
            part = grid[:, channel, where[0], where[1]]  # type: ignore[index]
            if self.change.factor:
                part.mul_(self.change.factor).add_(self.change.value)
            else:
                part.fill_(self.change.value)

    def _span(self, span: Span | None, grid: Tensor, axis: int) -> slice:
        if span is None:
            return slice(None)
        if span[1] >= grid.shape[axis]:
            rows, columns = grid.shape[2:]
            raise UnknownName(
                f"'{self.unit}' is not in the {rows} rows and {columns} columns that '{self.unit.layer}' has for this "
                "picture; name others"
            )
        return slice(span[0], span[1] + 1)


class _Here(threading.local):
    """The edits of this thread, each with the network that they are of."""

    def __init__(self) -> None:
        self.blocks: list[tuple[object, tuple[Edit, ...]]] = []


_HERE = _Here()


def edits_here(network: object) -> tuple[Edit, ...]:
    """The edits of a network in this thread, in the order in which they began."""
    return tuple(edit for other, edits in _HERE.blocks if other is network for edit in edits)


@contextlib.contextmanager
def edited(network: object, edits: Sequence[Edit]) -> Iterator[None]:
    """Edits what a network's layers return, in this thread, until the block ends."""
    block = (network, tuple(edits))
    _HERE.blocks.append(block)
    try:
        yield
    finally:
        _HERE.blocks = [other for other in _HERE.blocks if other is not block]


@contextlib.contextmanager
def unedited() -> Iterator[None]:
    """Runs networks in this thread as they are, until the block ends."""
    kept, _HERE.blocks = _HERE.blocks, []
    try:
        yield
    finally:
        _HERE.blocks = kept


def replacing(
    edits: Sequence[Edit], form: Callable[[str], Form], size: Size, instead: Mapping[str, Replacing] | None = None
) -> dict[str, Replacing]:
    """What the network goes on with for a picture of this size, by the name of a call.

    Args:
        instead: by the layer's name, what goes on before the edits are put into it.
    """
    found = {call_name(name): function for name, function in (instead or {}).items()}
    for edit in edits:
        name = call_name(edit.unit.layer)
        found[name] = _after(found.get(name), edit, form(edit.unit.layer), size)
    return found


def _after(first: Replacing | None, edit: Edit, form: Form, size: Size) -> Replacing:
    return lambda output: _put(edit, form, output if first is None else first(output), size)


def _put(edit: Edit, form: Form, output: Tensor, size: Size) -> Tensor:
    """What a module returned, with an edit in it."""
    if form.axes == "NHTC":  # the heads of an attention, whose channels follow one another
        heads, tokens = output.shape[1], output.transpose(1, 2).flatten(2)
        changed: Tensor = _put(edit, replace(form, axes="NTC"), tokens, size).unflatten(2, (heads, -1))
        return changed.transpose(1, 2)
    value = output.clone()
    edit.apply(form.grid(value, size))  # a view of it
    return value


def within(output: Any, function: Replacing) -> Any:
    """What a module returned with its first tensor replaced; other tensors beside it stay.

    Raises:
        InvalidSetting: an output of a kind that cannot be taken apart.
    """
    if isinstance(output, Tensor):
        return function(output)
    if type(output) in (tuple, list) and output:
        return type(output)([within(output[0], function), *output[1:]])
    if type(output) is dict and output:
        key = "logits" if "logits" in output else next(iter(output))
        return {**output, key: within(output[key], function)}
    raise InvalidSetting(f"a layer that returns a {type(output).__name__} cannot be changed; name one inside it")


def plain(edits: Sequence[Edit]) -> list[list[str]]:
    """The edits for a record."""
    return [[str(edit.unit), str(edit.change)] for edit in edits]
