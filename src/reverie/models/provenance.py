"""Provenance: which channel of which layer each number of a tensor is."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace

import torch
from torch import Tensor

UNTOLD = -1  # in place of a maker's channel: mixed so that nobody can tell
NOTHING = 0  # what is not of the picture: padding, tokens that are weights


@dataclass(frozen=True, eq=False)
class Provenance:
    """What is known of each number of a tensor; all parts have the tensor's shape.

    Attributes:
        maker: the channel that made it, by the number that it has in the forward; or UNTOLD, or NOTHING.
        label: the listed layer's channel under which it is known, by its number; 0 for none.
        scale: linear factor since it was made, up to the first nonlinearity.
        gain: linear factor since it got its label.
        bent: whether it went through a nonlinearity.
        kept: whether its label stays, since it is only pooled after it was finished.
    """

    maker: Tensor
    label: Tensor
    scale: Tensor
    gain: Tensor
    bent: Tensor
    kept: Tensor

    def moved(self, function: Callable[[Tensor], Tensor]) -> "Provenance":
        """The provenance when each part is moved alike."""
        return Provenance(*[function(part) for part in self.parts])

    @property
    def parts(self) -> tuple[Tensor, ...]:
        """All parts, in order."""
        return tuple(getattr(self, item.name) for item in fields(self))

    def times(self, factor: Tensor | float) -> "Provenance":
        """After a linear factor, which broadcasts to the tensor's shape."""
        thin, shape = self.narrow(), self.maker.shape
        factor = torch.as_tensor(factor, dtype=torch.float32)
        scale = torch.where(thin.bent, thin.scale, thin.scale * factor)
        made = replace(thin, scale=scale, gain=thin.gain * factor, kept=torch.tensor(False))
        return made.moved(lambda part: part.expand(shape))

    def through_nonlinearity(self) -> "Provenance":
        """After a function of each number alone."""
        yes, no = torch.tensor(True), torch.tensor(False)
        return replace(self, bent=yes.expand_as(self.maker), kept=no.expand_as(self.maker))

    def named(self, numbers: Tensor, axis: int, after: int) -> "Provenance":
        """The provenance, labelled anew along an axis where a maker's number is above `after` and the label may go."""
        thin, shape = self.narrow(axis), self.maker.shape
        numbers = numbers.view([-1 if at == axis else 1 for at in range(len(shape))])
        fits = (thin.maker > after) & ~thin.kept
        made = replace(
            thin,
            label=torch.where(fits, numbers, thin.label),
            gain=torch.where(fits, torch.ones(()), thin.gain),
        )
        return made.moved(lambda part: part.expand(shape))

    def pooled(self, shape: Sequence[int]) -> "Provenance":
        """After pooling each channel of [1,C,H,W] to another grid; untold where a channel's positions differ."""
        spread = self.channels(1).moved(lambda part: part.view(1, -1, 1, 1).expand(*shape))
        return replace(spread, kept=spread.kept | spread.bent)

    def reduced(self, axes: Sequence[int], *, keep: bool) -> "Provenance":
        """After a mean over axes; untold where the numbers along them are of several channels."""
        along = tuple(axes)
        least, most = self.maker.amin(along, keepdim=keep), self.maker.amax(along, keepdim=keep)
        rest = self.moved(lambda part: part.amax(along, keepdim=keep))
        return replace(rest, maker=torch.where(least == most, most, UNTOLD), kept=rest.kept | rest.bent)

    def channels(self, axis: int) -> "Provenance":
        """One for each channel along an axis, parts [C]; untold where a channel's positions differ."""
        flat = self.narrow(axis).moved(lambda part: part.movedim(axis, 0).flatten(1))
        most, at = flat.maker.max(1)
        alike = ((flat.maker == most[:, None]) | (flat.maker == NOTHING)).all(1)
        picked = flat.moved(lambda part: part.gather(1, at[:, None])[:, 0])
        return replace(picked, maker=torch.where(alike, most, UNTOLD))

    def narrow(self, *kept: int) -> "Provenance":
        """Without the repetitions that `expand` made, but along the axes that are kept."""
        still = [all(part.stride(at) == 0 for part in self.parts) for at in range(self.maker.ndim)]
        cut = tuple(slice(0, 1) if same and at not in kept else slice(None) for at, same in enumerate(still))
        return self.moved(lambda part: part[cut])

    @property
    def lost(self) -> bool:
        """Whether nothing is known of it."""
        return bool((self.narrow().maker == UNTOLD).all())


def fresh(first: int, channels: int, axis: int, shape: Sequence[int]) -> Provenance:
    """Provenance of new channels along an axis, numbered from `first`."""
    numbers = torch.arange(first, first + channels, dtype=torch.int64)
    numbers = numbers.view([-1 if at == axis else 1 for at in range(len(shape))]).expand(*shape)
    return of_makers(numbers)


def untold(shape: Sequence[int]) -> Provenance:
    """Provenance of which nothing is known."""
    return of_makers(torch.tensor(UNTOLD).expand(*shape))


def of_makers(maker: Tensor) -> Provenance:
    """Provenance of channels that were just made."""
    one, no = torch.tensor(1.0).expand_as(maker), torch.tensor(False).expand_as(maker)
    return Provenance(maker, torch.tensor(0).expand_as(maker), one, one, no, no)
