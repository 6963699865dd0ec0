"""Objective: a sum of weighted terms."""

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from reverie.models.probe import Activations


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
    """

    text: str
    layers: tuple[str, ...]
    statistics: Callable[[Activations], Tensor]
    score: Callable[[Tensor], Tensor]
    tiles: bool = True
    gathers: bool = False
    excites: bool = True
    couples: bool = False


@dataclass(frozen=True, repr=False)
class Objective:
    """A sum of weighted terms; `+`, `-` and `*` with a number return new ones."""

    terms: tuple[tuple[float, Term], ...]

    @property
    def layers(self) -> tuple[str, ...]:
        """All layers that are read, each once."""
        return tuple(dict.fromkeys(layer for _, term in self.terms for layer in term.layers))

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


def scores(objectives: Sequence[Objective], activations: Activations) -> Tensor:
    """One number per image, [N], where each image has its own objective, or all share one."""
    first = objectives[0]
    if all(objective is first for objective in objectives):
        return first.score(activations)
    # neighbours that share an objective are scored together, for it may tie them to each other
    runs = [list(run) for _, run in itertools.groupby(objectives, key=id)]
    parts = activations.split([len(run) for run in runs])
    return torch.cat([run[0].score(part) for run, part in zip(runs, parts, strict=True)])
