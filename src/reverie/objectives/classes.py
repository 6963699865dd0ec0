"""Terms that read a classifier's verdict off its logits."""

import torch
from torch import Tensor

from reverie.models.probe import Activations
from reverie.objectives.objective import Objective, Term


def _verdict(activations: Activations) -> Tensor:
    return activations["logits"].flatten(1)


def log_probability(index: int, *, joint: bool = False) -> Objective:
    """Logarithm of a class's probability by the softmax.

    Args:
        joint: one score for the whole batch, its mean.
    """

    def score(logits: Tensor) -> Tensor:
        value = logits.log_softmax(1)[:, index]
        return value.mean(0, keepdim=True) if joint else value

    text = f"{'joint-' if joint else ''}log_probability({index})"
    return Objective(((1.0, Term(text, ("logits",), _verdict, score, tiles=False, couples=joint, excites=False)),))


def margin(index: int, over: int | None = None) -> Objective:
    """By how much a class's logit leads that of another, or of the best of all others; above 0 it has won."""

    def score(logits: Tensor) -> Tensor:
        if over is not None:
            return logits[:, index] - logits[:, over]
        others = logits.clone()
        others[:, index] = -torch.inf
        return logits[:, index] - others.amax(1)

    text = f"margin({index})" if over is None else f"margin({index} over {over})"
    return Objective(((1.0, Term(text, ("logits",), _verdict, score, tiles=False, excites=False)),))
