"""Objective: a sum of weighted terms."""

import functools
import inspect
import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ParamSpec

import torch
from torch import Tensor

from reverie.models.probe import Activations

P = ParamSpec("P")


@dataclass(frozen=True)
class Call:
    """How a term was made: its constructor's name and arguments, and its place in what the constructor returns."""

    name: str
    arguments: Mapping[str, Any]
    place: int = 0


@dataclass(frozen=True)
class Term:
    """One thing to want, as two small functions.

    Attributes:
        text: how it is written.
        layers: the layers it reads; none for a prior, which reads the picture.
        statistics: activations to sums over positions, [N,K]; the sums of two tiles add up to those of both.
        score: sums to one number per image, [N].
        tiles: whether scores of tiles, weighted by their share of the picture, add up to that of the picture.
        gathers: whether its statistics, taken over tiles that say their place, add up to those of the picture where its
            score does not; two passes over the tiles then give what one over the picture does.
        excites: whether a high score means that units respond; else it is nearness to an aim, at most 0.
        couples: whether the images of a batch depend on each other, so that it must not be split.
        channels: of its layers, the only ones that it reads; none where it reads them all.
        call: how it was made, so that a record can make it again.
    """

    text: str
    layers: tuple[str, ...]
    statistics: Callable[[Activations], Tensor]
    score: Callable[[Tensor], Tensor]
    tiles: bool = True
    gathers: bool = False
    excites: bool = True
    couples: bool = False
    channels: frozenset[int] = frozenset()
    call: Call | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, repr=False)
class Objective:
    """A sum of weighted terms; `+`, `-` and `*` with a number return new ones."""

    terms: tuple[tuple[float, Term], ...]

    @property
    def layers(self) -> tuple[str, ...]:
        """All layers that are read, each once."""
        return tuple(dict.fromkeys(layer for _, term in self.terms for layer in term.layers))

    @property
    def channels(self) -> frozenset[int]:
        """The only channels that are read of the layers; none where all are."""
        each = [term.channels for _, term in self.terms if term.layers]
        return frozenset[int]().union(*each) if all(each) else frozenset()

    @property
    def tiles(self) -> bool:
        """Whether every term may be taken tile by tile."""
        return all(term.tiles for _, term in self.terms)

    @property
    def gathers(self) -> bool:
        """Whether it may be taken in two passes over tiles: what reads no layer is read off the picture itself."""
        return all(term.gathers or term.tiles or not term.layers for _, term in self.terms)

    @property
    def couples(self) -> bool:
        """Whether any term ties the images of a batch together."""
        return any(term.couples for _, term in self.terms)

    @property
    def wishes(self) -> "Objective":
        """What is to be excited: without priors, without what is to be lowered, and without distances from an aim."""
        wanted = [(weight, term) for weight, term in self.terms if term.layers and weight > 0 and term.excites]
        return Objective(tuple(wanted))

    def score(self, activations: Activations) -> Tensor:
        """One number per image, [N], higher is better."""
        parts = [weight * term.score(term.statistics(activations)) for weight, term in self.terms]
        return torch.stack(parts).sum(0)

    def __add__(self, other: "Objective") -> "Objective":
        return Objective(self.terms + other.terms) if isinstance(other, Objective) else NotImplemented

    def __sub__(self, other: "Objective") -> "Objective":
        return self + -1 * other if isinstance(other, Objective) else NotImplemented

    def __mul__(self, factor: float) -> "Objective":
        if not isinstance(factor, int | float):
            return NotImplemented
        return Objective(tuple((weight * factor, term) for weight, term in self.terms))

    __rmul__ = __mul__

    def __neg__(self) -> "Objective":
        return self * -1

    def __repr__(self) -> str:
        text = ""
        for weight, term in self.terms:
            sign = " - " if weight < 0 else " + "
            text += (
                (sign if text else "-" if weight < 0 else "")
                + (f"{abs(weight):.12g}*" if abs(weight) != 1 else "")
                + term.text
            )
        return text


def constructor(function: Callable[P, Objective]) -> Callable[P, Objective]:
    """Lets the terms that a function makes carry its name and arguments, so that a picture of them repeats."""
    signature = inspect.signature(function)

    @functools.wraps(function)
    def noted(*args: P.args, **kwargs: P.kwargs) -> Objective:
        made, given = function(*args, **kwargs), signature.bind(*args, **kwargs).arguments
        calls = [Call(function.__name__, given, place) for place in range(len(made.terms))]
        return Objective(
            tuple((weight, replace(term, call=call)) for (weight, term), call in zip(made.terms, calls, strict=True))
        )

    return noted


def joint(objectives: Sequence[Objective]) -> Objective:
    """The terms of all of them, to ask what they read."""
    return Objective(tuple(item for objective in objectives for item in objective.terms))


def scores(objectives: Sequence[Objective], activations: Activations) -> Tensor:
    """One number per image, [N], where each image has its own objective, or all share one."""
    first = objectives[0]
    if all(objective is first for objective in objectives):
        return first.score(activations)
    # neighbours that share an objective are scored together, for it may tie them to each other
    runs = [list(run) for _, run in itertools.groupby(objectives, key=id)]
    parts = activations.split([len(run) for run in runs])
    return torch.cat([run[0].score(part) for run, part in zip(runs, parts, strict=True)])
