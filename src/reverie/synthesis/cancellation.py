"""Cancellation: how much of the features' gradients is left when they are added up."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from reverie.models.model import Model
from reverie.models.probe import probe
from reverie.synthesis.engine import Step


@dataclass(frozen=True)
class Cancellation:
    """What a step's pictures said: |sum g_f| / sum |g_f| over the features f of each picture's objective.

    It is 1 where all features pull the same way, about 1 / sqrt(F) where F features pull at random, and 0 where they
    undo each other.
    """

    step: int
    shares: tuple[float, ...]


def cancellation(
    model: Model, image: Tensor, layer: str, features: Sequence[int] | None = None, *, sample: int | None = 32
) -> float:
    """|sum g_f| / sum |g_f|: g_f is the gradient by the image [1,C,H,W] of feature f's mean, |.| is Euclidean.

    Args:
        features: of the layer; all of them unless given.
        sample: take the mean of |g_f| over this many features, evenly spread; None for all of them. The sum of the
            gradients is that of all in any case.
    """
    with torch.enable_grad():
        picture = image.detach().clone().requires_grad_()
        means = probe(model, picture, [layer])[layer].mean((0, 2, 3))
        chosen = means if features is None else means[list(features)]
        total = _length(chosen.sum(), picture)
        every = max(1, len(chosen) // sample) if sample else 1
        lengths = [_length(value, picture) for value in chosen[::every]]
    mean = sum(lengths) / len(lengths)
    return total / (mean * len(chosen)) if mean else 0.0


def _length(value: Tensor, picture: Tensor) -> float:
    (gradient,) = torch.autograd.grad(value, picture, retain_graph=True)
    return float(torch.linalg.vector_norm(gradient))


def measured(
    steps: Iterable[Step],
    model: Model,
    layer: str,
    features: Sequence[Sequence[int] | None],
    told: list[Cancellation],
    *,
    every: int = 8,
    sample: int | None = 32,
) -> Iterator[Step]:
    """The same steps; at the first and after `every` so many `told` gets one more.

    Args:
        features: of each picture, None for all of the layer; pictures of one feature are 1 without asking.
    """
    for step in steps:
        if (step.index % every) == 0:
            images = step.image
            shares = [
                1.0 if chosen is not None and len(chosen) == 1
                else cancellation(model, images[row : row + 1], layer, chosen, sample=sample)
                for row, chosen in enumerate(features)
            ]  # fmt: skip
            told.append(Cancellation(step.done, tuple(shares)))
        yield step
