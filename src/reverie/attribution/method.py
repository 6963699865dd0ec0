"""What an attribution is asked, and what it has found so far."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

import torch
from torch import Tensor

from reverie.models.model import Model
from reverie.models.probe import probe
from reverie.objectives import Objective

Value = TypeVar("Value")


@dataclass(frozen=True)
class Estimate:
    """An attribution as it stands.

    Attributes:
        done, total: forwards, or forwards and backwards.
        read: makes `raw`.
        facts: what else was found, as plain values for the record.
        notes: sentences for the reader.
        beside: makes captioned pictures of the photo's size to stand beside the map, from the photo [C,H,W].
    """

    done: int
    total: int
    read: Callable[[], Tensor]
    facts: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    beside: Callable[[Tensor], tuple[tuple[str, Tensor], ...]] = lambda _: ()

    @classmethod
    def of(
        cls,
        raw: Tensor,
        done: int = 1,
        total: int = 1,
        facts: Mapping[str, Any] | None = None,
        notes: Sequence[str] = (),
    ) -> "Estimate":
        """One whose array is at hand."""
        return cls(done, total, lambda: raw, facts or {}, tuple(notes))

    @property
    def raw(self) -> Tensor:
        """Signed, of the picture's height and width: [C,H,W] of gradients, [H,W] of maps; made when asked."""
        return self.read()


@dataclass(frozen=True)
class Settings:
    """What methods take; None stands for a method's own choice."""

    layer: str | None = None
    samples: int | None = None
    noise: float = 0.15
    baseline: str | None = None
    window: int | None = None
    stride: int | None = None
    seed: int = 0


def usual(value: Value | None, otherwise: Value) -> Value:
    """What is given, or what a method takes where nothing is."""
    return otherwise if value is None else value


class Method(Protocol):
    """Settings of one way to attribute; no state."""

    @property
    def name(self) -> str:
        """The name by which the command line asks for it."""
        ...

    @property
    def asks(self) -> str:
        """Which output of a class it explains: its `logit` or its `probability`."""
        ...

    @property
    def caveat(self) -> str:
        """What is known against it, in one line."""
        ...

    def estimates(self, model: Model, image: Tensor, objective: Objective) -> Iterator[Estimate]:
        """What is known of a picture [1,C,H,W] after each piece of work; the last one is the answer."""
        ...


Making = Callable[[Settings], Method]


def chunks(count: int, most: int) -> list[range]:
    """0 to `count` in pieces of at most `most`."""
    return [range(first, min(first + most, count)) for first in range(0, count, most)]


def responses(model: Model, images: Tensor, objective: Objective) -> Tensor:
    """The objective's score of each picture, [N], forward only and as many at once as fit."""
    with torch.no_grad():
        most = model.together((int(images.shape[-2]), int(images.shape[-1])))
        parts = [objective.score(probe(model, part, objective.layers)) for part in images.split(most)]
    return torch.cat(parts)


def importance(raw: Tensor) -> Tensor:
    """One number per position [H,W]: a map itself; of a gradient [C,H,W] the largest magnitude over the channels.

    Source: Simonyan, Vedaldi, Zisserman 2014, section 3.1.
    """
    return raw if raw.ndim == 2 else raw.abs().amax(0)


def names(items: Sequence[str]) -> str:
    """A list in a sentence."""
    return ", ".join(items[:-1]) + " and " + items[-1] if len(items) > 1 else "".join(items)
