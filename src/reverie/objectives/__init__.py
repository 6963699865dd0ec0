"""What to climb: terms with weights, one score per image, higher is better."""

from reverie.objectives.activations import REDUCTIONS, activation, channel, layer, logit, neuron
from reverie.objectives.objective import Objective, Term, scores
from reverie.objectives.priors import PHOTO_PRIORS, PRIORS, l1, l2, total_variation

__all__ = [
    "PHOTO_PRIORS",
    "PRIORS",
    "REDUCTIONS",
    "Objective",
    "Term",
    "activation",
    "channel",
    "l1",
    "l2",
    "layer",
    "logit",
    "neuron",
    "scores",
    "total_variation",
]
