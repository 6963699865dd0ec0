"""Opacity: what a transparent picture pays for what it covers."""

import torch
from torch import Tensor

from reverie.models.probe import Activations
from reverie.objectives.objective import Objective, Term


def transparent(objective: Objective, weight: float = 1.0) -> Objective:
    """The objective less its own share for each share of the picture that is opaque: s - weight |s| opacity.

    Of a picture whose last channel is its opacity. Source: Mordvintsev et al. 2018, "Differentiable Image
    Parameterizations", section on transparency, s (1 - mean opacity); differs: a negative score gains by transparency
    too.
    """

    def statistics(activations: Activations) -> Tensor:
        # a product does not add up over tiles, so the score itself stands here
        return torch.stack([objective.score(activations), activations.picture[:, -1].flatten(1).mean(1)], 1)

    def score(values: Tensor) -> Tensor:
        return values[:, 0] - weight * values[:, 0].abs() * values[:, 1]

    text = f"transparent({objective!r}, {weight:g})"
    couples, channels = objective.couples, objective.channels
    term = Term(text, objective.layers, statistics, score, tiles=False, couples=couples, channels=channels)
    return Objective(((1.0, term),))
