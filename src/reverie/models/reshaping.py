"""Reshaping of a tensor of which only the axes along which it differs are held."""

import math
from collections.abc import Iterator, Sequence

from torch import Tensor

from reverie.models.spans import narrow


def reshaped(part: Tensor, before: Sequence[int], after: Sequence[int]) -> Tensor:
    """A part, of length 1 along the axes along which all is alike, of a tensor that is brought to another shape."""
    wide, target = [*part.shape], list[int]()
    for old, new in _groups(before, after):
        if all(part.shape[axis] == 1 for axis in old):
            target += [1] * len(new)
            continue
        for axis in old:
            wide[axis] = before[axis]
        target += [after[axis] for axis in new]
    return narrow(part.expand(wide).reshape(target))


def _groups(before: Sequence[int], after: Sequence[int]) -> Iterator[tuple[range, range]]:
    """The axes of both shapes, in the smallest groups that hold equally many numbers."""
    left = right = 0
    while left < len(before) or right < len(after):
        first, second = left, right
        left, right = min(left + 1, len(before)), min(right + 1, len(after))
        while math.prod(before[first:left]) != math.prod(after[second:right]):
            if math.prod(before[first:left]) < math.prod(after[second:right]):
                left += 1
            else:
                right += 1
        yield range(first, left), range(second, right)
