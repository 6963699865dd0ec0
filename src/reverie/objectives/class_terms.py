"""Terms that read a classifier's verdict off its logits; of maps of logits the mean over positions."""

from functools import partial

import torch
from torch import Tensor

from reverie.models.output import Output
from reverie.models.probe import Activations
from reverie.objectives.objective import Objective, Term, constructor


def _means(activations: Activations) -> Tensor:
    return activations["logits"].flatten(2).mean(2)


def _first(statistics: Tensor) -> Tensor:
    return statistics[:, 0]


@constructor
def log_probability(
    index: int, output: Output | None = None, *, absent: bool = False, joint: bool = False
) -> Objective:
    """Logarithm of a class's probability.

    Args:
        output: how the network's logits are read, its `Model.output`; a softmax over all unless given.
        absent: of the probability that the class is not there instead.
        joint: one score for the whole batch, its mean.
    """

    def statistics(activations: Activations) -> Tensor:
        values = (output or Output()).logarithms(activations["logits"], absent=absent)
        return values[:, index].flatten(1).mean(1, keepdim=True)

    def mean(value: Tensor) -> Tensor:
        return value.mean(0)

    text = f"{'joint-' if joint else ''}log_probability({'not ' if absent else ''}{index})"
    score = mean if joint else _first
    return Objective(((1.0, Term(text, ("logits",), statistics, score, tiles=False, couples=joint, excites=False)),))


@constructor
def margin(index: int, over: int | None = None) -> Objective:
    """How much a class's logit leads that of another, or of the best of all others; above 0 it has won."""

    def score(logits: Tensor) -> Tensor:
        if over is not None:
            return logits[:, index] - logits[:, over]
        others = logits.clone()
        others[:, index] = -torch.inf
        return logits[:, index] - others.amax(1)

    text = f"margin({index})" if over is None else f"margin({index} over {over})"
    return Objective(((1.0, Term(text, ("logits",), _means, score, tiles=False, excites=False)),))


@constructor
def presence(index: int, output: Output) -> Objective:
    """How much a class that excludes no other leads its absence; above 0 its probability is above one half."""
    score = partial(output.lead, index=index)
    return Objective(((1.0, Term(f"presence({index})", ("logits",), _means, score, tiles=False, excites=False)),))
