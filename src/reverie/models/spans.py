"""Spans: of every number of a tensor, which rows (or columns) of pixels it sees."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, reduce

import torch
from torch import Tensor

from reverie.models.extents import HOLE, Taps

FAR = 2**40  # beyond any picture


@dataclass(frozen=True, eq=False)
class Spans:
    """What the numbers of a tensor see along one axis of the picture.

    Its parts have as many axes as the tensor, and length 1 along those where all is alike. A number that sees nothing
    has its stop before its first.

    Attributes:
        first, stop: the first pixel that a number sees, and the one past the last.
        low, high: the same in a picture that goes on at all sides; -FAR and FAR where that has no end.
        place: the position on the map's grid.
        stride: pixels between positions; 0 where there is no grid.
        period: see Extent.
        bound: whether a number depends on where it is, not only on what it sees.
    """

    first: Tensor
    stop: Tensor
    low: Tensor
    high: Tensor
    place: Tensor
    stride: int
    period: int
    bound: bool = False

    @property
    def parts(self) -> tuple[Tensor, ...]:
        """What moves with the tensor's numbers."""
        return self.first, self.stop, self.low, self.high, self.place

    def moved(self, function: Callable[[Tensor], Tensor]) -> "Spans":
        """The spans when each part is moved alike."""
        return of_parts([function(part) for part in self.parts], self)

    def adrift(self) -> "Spans":
        """The spans on no grid, so that nothing is known of other pictures."""
        return replace(self, low=_all(-FAR, self.low), high=_all(FAR, self.low), place=_all(0, self.low), stride=0)

    def shaped(self, axes: int) -> "Spans":
        """The spans with more axes in front."""
        more = axes - self.first.ndim
        return self if more == 0 else self.moved(lambda part: part.view((1,) * more + part.shape))

    def reduced(self, axes: Sequence[int], *, keep: bool) -> "Spans":
        """After each number came to depend on all others along some axes."""
        along = [axis % self.first.ndim for axis in axes]
        if keep and all(part.shape[axis] == 1 for part in self.parts for axis in along):
            return self
        calm = self.adrift() if any(self.place.shape[axis] > 1 for axis in along) else self

        def over(part: Tensor, *, most: bool) -> Tensor:
            if all(part.shape[axis] == 1 for axis in along):
                return part if keep else part.squeeze(along)
            return part.amax(along, keepdim=keep) if most else part.amin(along, keepdim=keep)

        return replace(
            calm, first=over(calm.first, most=False), stop=over(calm.stop, most=True), low=over(calm.low, most=False),
            high=over(calm.high, most=True), place=over(calm.place, most=False),
        )  # fmt: skip

    def grouped(self, axis: int, groups: int, channels: int) -> "Spans":
        """After each of so many channels came to depend on all of its group."""
        calm = self.on_grid(self.along[-1]) if self.place.shape[axis] > 1 else self
        if groups == 1 or all(part.shape[axis] == 1 for part in self.parts):
            return calm.reduced([axis], keep=True)

        def spread(part: Tensor, *, most: bool) -> Tensor:
            if part.shape[axis] == 1:
                return part
            parted = part.view([*part.shape[:axis], groups, part.shape[axis] // groups, *part.shape[axis + 1 :]])
            each: Tensor = parted.amax(axis + 1) if most else parted.amin(axis + 1)
            return each.repeat_interleave(channels // groups, axis)

        return replace(
            calm, first=spread(calm.first, most=False), stop=spread(calm.stop, most=True),
            low=spread(calm.low, most=False), high=spread(calm.high, most=True),
        )  # fmt: skip

    def through(self, taps: Taps, axis: int) -> "Spans":
        """After an operator that reads positions along an axis of the tensor."""
        if taps.plain:
            return self
        sights = _read(self.first, taps.inside, axis, FAR), _read(self.stop, taps.inside, axis, -FAR)
        made = replace(self, first=sights[0], stop=sights[1])
        if self.place.shape[axis] == 1:
            alike = all(part.shape[axis] == 1 for part in (self.low, self.high))
            return made if alike else made.adrift()
        ordered = self.on_grid(axis)
        stride, count = (ordered.stride * taps.step if taps.step else 0), self.place.shape[axis]
        each = ordered.period // ordered.stride if ordered.stride else 0
        if stride == 0 or stride != int(stride) or count < each:
            return made.adrift()
        inside = torch.where(taps.reads >= count, count - each + (taps.reads - count) % each, taps.reads)
        inside = torch.where(taps.reads < 0, taps.reads % each, inside)
        beyond = torch.where(taps.reads == HOLE, 0, (taps.reads - inside) * ordered.stride)
        inside = torch.where(taps.reads == HOLE, HOLE, inside)
        low, high = _read(ordered.low, inside, axis, FAR, beyond), _read(ordered.high, inside, axis, -FAR, beyond)
        whole = math.lcm(ordered.period, int(stride), int(ordered.stride * taps.step.numerator) if taps.step else 1)
        place = numbered(len(taps.reads), axis, self.first.ndim)
        return replace(made, low=low, high=high, place=place, stride=int(stride), period=whole)

    def on_grid(self, axis: int) -> "Spans":
        """The spans with the places along an axis numbered from 0, and no others; adrift where they have no order."""
        if self.place is numbered(self.place.shape[axis], axis, self.place.ndim):
            return self
        if self.place.shape[axis] == 1 or self.stride == 0:
            return self.adrift()
        count, steps = self.place.shape[axis], self.place.diff(dim=axis)
        place, step = numbered(count, axis, self.place.ndim), int(steps.flatten()[0])
        if step > 0 and bool((steps == step).all()):
            stride = self.stride * step
            return replace(self, place=place, stride=stride, period=math.lcm(self.period, stride))
        if self.place.numel() > count:
            return self.adrift()
        line = self.place.flatten() - self.place.min()
        run = int((line == line[0]).sum())
        if step == 0 and self.stride % run == 0 and torch.equal(line, torch.arange(count) // run):
            return replace(self, place=place, stride=self.stride // run)
        return self._unrolled(line, place)

    def _unrolled(self, line: Tensor, place: Tensor) -> "Spans":
        """The spans with places that go round, as those of a circular padding, laid out in a row."""
        count, around = len(line), int(line.max()) + 1
        start = int((line == 0).nonzero()[0])
        if not torch.equal((torch.arange(count) - start) % around, line):
            return self.adrift()
        shift = (place - start - line.view_as(place)) * self.stride
        return replace(self, low=self.low + shift, high=self.high + shift, place=place)

    @property
    def along(self) -> list[int]:
        """The axes of the tensor along which the place differs."""
        return [axis for axis, length in enumerate(self.place.shape) if length > 1]

    def settled(self) -> "Spans":
        """The spans with the places numbered anew, if they are only some of the former, at equal steps."""
        axes = self.along
        if len(axes) != 1 or self.stride == 0:
            return self
        steps = self.place.diff(dim=axes[0])
        return self.on_grid(axes[0]) if bool((steps == steps.flatten()[0]).all() & (steps > 0).all()) else self


def of_parts(parts: Sequence[Tensor], like: Spans) -> Spans:
    """Spans of these parts in their order, else alike."""
    first, stop, low, high, place = parts
    return replace(like, first=first, stop=stop, low=low, high=high, place=place)


def narrow(part: Tensor) -> Tensor:
    """A part of length 1 along the axes along which all is alike."""
    for axis, length in enumerate(part.shape):
        if length > 1 and (part.stride(axis) == 0 or bool((part == part.narrow(axis, 0, 1)).all())):
            part = part.narrow(axis, 0, 1)
    return part


def _all(value: int, like: Tensor) -> Tensor:
    return torch.full((1,) * like.ndim, value)


@lru_cache(1024)
def numbered(count: int, axis: int, axes: int) -> Tensor:
    """The numbers from 0 along one of so many axes."""
    return torch.arange(count).view([-1 if at == axis else 1 for at in range(axes)])


def _read(part: Tensor, reads: Tensor, axis: int, nothing: int, more: Tensor | None = None) -> Tensor:
    """The least (the most, if `nothing` is below 0) of what each position reads."""
    if part.shape[axis] == 1:
        return part
    shape = list(part.shape)
    shape[axis] = 1
    longer = torch.cat([part, part.new_full(shape, nothing)], axis)
    places = torch.where(reads == HOLE, part.shape[axis], reads)
    found = longer.index_select(axis, places.flatten())
    found = found.view([*part.shape[:axis], *reads.shape, *part.shape[axis + 1 :]])
    if more is not None:
        found = found + more.view([*more.shape, *[1] * (part.ndim - axis - 1)])
    return found.amin(axis + 1) if nothing > 0 else found.amax(axis + 1)


def pixels(length: int, axis: int) -> Spans:
    """Those of a picture [1,C,H,W] whose axis has this length."""
    place = numbered(length, axis, 4)
    return Spans(place, place + 1, place, place + 1, place, 1, 1)


def nothing(axes: int) -> Spans:
    """Those of numbers that do not come from the picture."""
    least, most, zero = (torch.full((1,) * axes, value) for value in (FAR, -FAR, 0))
    return Spans(least, most, least, most, zero, 0, 1)


def joined(several: Sequence[Spans]) -> Spans:
    """Those of numbers that are made of several tensors' numbers, which broadcast."""
    axes = max(item.first.ndim for item in several)
    several = _agreed([item.shaped(axes) for item in several])
    grid = next((item for item in several if item.stride), several[0])
    torn = any(
        item.stride and item is not grid
        and not (item.stride == grid.stride and (item.place is grid.place or torch.equal(item.place, grid.place)))
        for item in several
    )  # fmt: skip
    first, stop, low, high = (_extreme([item.parts[at] for item in several], most=at in (1, 3)) for at in range(4))
    period, bound = math.lcm(*(item.period for item in several)), any(item.bound for item in several)
    made = Spans(first, stop, low, high, grid.place, grid.stride, period, bound)
    return made.adrift() if torn else made


def _extreme(parts: Sequence[Tensor], *, most: bool) -> Tensor:
    """The least, or the most, of parts that broadcast."""
    if len(parts) > 2 and all(part.shape == parts[0].shape for part in parts):
        return torch.stack([*parts]).amax(0) if most else torch.stack([*parts]).amin(0)
    return reduce(torch.maximum if most else torch.minimum, parts)


def _agreed(several: Sequence[Spans]) -> Sequence[Spans]:
    """The spans with their places numbered anew where they differ, as those of every second position do."""
    first, *others = [item for item in several if item.stride] or several
    same = all(item.place is first.place or torch.equal(item.place, first.place) for item in others)
    return several if same else [item.settled() for item in several]


def beside(several: Sequence[Spans], axis: int, lengths: Sequence[int]) -> Spans:
    """Those of tensors that are put side by side along an axis, whose lengths are given."""
    several = several if any(axis in item.along for item in several) else _agreed(several)
    whole = joined([item.reduced([axis], keep=True) for item in several])
    alike = len({item.stride for item in several}) == 1

    def parts(index: int) -> Tensor:
        row = [item.parts[index] for item in several]
        if row[0].shape[axis] == 1 and all(torch.equal(part, row[0]) for part in row[1:]):
            return row[0]
        sides = [(*part.shape[:axis], 1, *part.shape[axis + 1 :]) for part in row]
        shape = tuple(max(several) for several in zip(*sides, strict=True))
        wide = [(*shape[:axis], length, *shape[axis + 1 :]) for length in lengths]
        return torch.cat([part.expand(side) for part, side in zip(row, wide, strict=True)], axis)

    if not alike or whole.stride == several[0].stride:
        low, high = (whole.low, whole.high) if whole.stride == 0 else (parts(2), parts(3))
        return replace(whole, first=parts(0), stop=parts(1), low=low, high=high)
    # along the grid itself: the places may still go round
    return replace(of_parts([parts(index) for index in range(5)], whole), stride=several[0].stride)
