"""What to climb: terms with weights, one score per image, higher is better."""

from reverie.objectives.activation_terms import REDUCTIONS, activation, channel, layer, logit, neuron, probability
from reverie.objectives.class_terms import log_probability, margin, presence
from reverie.objectives.dictionaries import directions_in, write_directions
from reverie.objectives.directions import (
    alignment,
    concept,
    direction,
    direction_map,
    diversity,
    guided,
    interpolation,
    photo_features,
)
from reverie.objectives.ensembles import elsewhere
from reverie.objectives.feature_terms import features, kept
from reverie.objectives.objective import Objective, Term, constructor, scores
from reverie.objectives.priors import PHOTO_PRIORS, PRIORS, alpha_norm, l1, l2, quadratic_variation, total_variation
from reverie.objectives.statistics import gram

__all__ = [
    "PHOTO_PRIORS",
    "PRIORS",
    "REDUCTIONS",
    "Objective",
    "Term",
    "activation",
    "alignment",
    "alpha_norm",
    "channel",
    "concept",
    "constructor",
    "direction",
    "direction_map",
    "directions_in",
    "diversity",
    "elsewhere",
    "features",
    "gram",
    "guided",
    "interpolation",
    "kept",
    "l1",
    "l2",
    "layer",
    "log_probability",
    "logit",
    "margin",
    "neuron",
    "photo_features",
    "presence",
    "probability",
    "quadratic_variation",
    "scores",
    "total_variation",
    "write_directions",
]
