"""Aliases: tensors that look at the same numbers, and what is known of the numbers after a part of them was written."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from torch import Tensor
from torch.utils.weak import WeakIdKeyDictionary, WeakIdRef

from reverie.models.spans import narrow


@lru_cache(1024)
def returns_views(func: Any) -> bool:
    """Whether what an operator returns looks at its first argument's numbers."""
    about = [item.alias_info for item in func._schema.returns]
    return any(item is not None and not item.is_write for item in about)


class Aliases:
    """Who holds whose numbers."""

    def __init__(self) -> None:
        self.owners: Any = WeakIdKeyDictionary()
        self.views: Any = WeakIdKeyDictionary()

    def seen(self, source: Tensor, made: Sequence[Tensor]) -> None:
        """Keeps that tensors look at another one's numbers."""
        owner = self.owner(source)
        for item in made:
            self.owners[item] = owner
            self.views.setdefault(owner, []).append(WeakIdRef(item))

    def owner(self, value: Tensor) -> Tensor:
        """The tensor whose numbers it looks at; itself where they are its own."""
        found: Tensor = self.owners.get(value, value)
        return found

    def others(self, value: Tensor) -> list[Tensor]:
        """The views of its owner's numbers that are still in use, without itself."""
        views = [reference() for reference in self.views.get(self.owner(value), [])]
        return [item for item in views if item is not None and item is not value]


def shared_axes(owner: Tensor, view: Tensor) -> dict[int, int]:
    """Axes of a tensor along which its view is as long, with the view's own axis for each."""
    return {
        axis: own
        for axis in range(owner.ndim)
        for own in range(view.ndim)
        if 1 < owner.shape[axis] == view.shape[own] and owner.stride(axis) == view.stride(own)
    }


def looked(owner: Tensor, view: Tensor, part: Tensor) -> Tensor:
    """The view of a part: of a tensor that has the owner's axes, of length 1 where all is alike."""
    return _laid(owner, view, part, None)


def pasted(owner: Tensor, view: Tensor, part: Tensor, new: Tensor) -> Tensor:
    """The part after the view was overwritten with a new part, which has the view's axes."""
    return _laid(owner, view, part, new)


def _laid(owner: Tensor, view: Tensor, part: Tensor, new: Tensor | None) -> Tensor:
    shared = shared_axes(owner, view)
    alike = {axis for axis, own in shared.items() if part.shape[axis] == 1 and (new is None or new.shape[own] == 1)}
    left = {shared[axis] for axis in alike}
    outer = [1 if axis in alike else side for axis, side in enumerate(owner.shape)]
    inner = [1 if axis in left else side for axis, side in enumerate(view.shape)]
    reach = sum((side - 1) * step for side, step in zip(outer, owner.stride(), strict=True))
    numbers = part.new_empty(1 + reach)
    whole = numbers.as_strided(outer, owner.stride())
    whole.copy_(part.expand(outer))
    window = numbers.as_strided(inner, view.stride(), int(view.storage_offset()) - int(owner.storage_offset()))
    if new is None:
        return narrow(window.clone())
    window.copy_(new.expand(inner))
    return narrow(whole.clone())
