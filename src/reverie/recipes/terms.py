"""Terms of an objective from their texts: units with weights, responses, priors."""

import math
import re
from collections.abc import Sequence

from torch import Tensor

from reverie.errors import InvalidSetting
from reverie.models.model import Model
from reverie.models.moments import channel_moments
from reverie.objectives import PHOTO_PRIORS, PRIORS, Objective, activation
from reverie.unit import Unit


def weighted(text: str) -> tuple[str, float]:
    """`UNIT=WEIGHT` apart; the weight is 1 where none is written.

    Raises:
        InvalidSetting: a weight that is no number.
    """
    found = re.fullmatch(r"(.*?)=([^=\"]*)", text)
    if not found:
        return text, 1.0
    try:
        weight = float(found[2])
        if not math.isfinite(weight):
            raise ValueError
        return found[1], weight
    except ValueError:
        raise InvalidSetting(f"'{found[2]}' in '{text}' is no weight; write UNIT=NUMBER, such as block8=0.5") from None


def response(model: Model, unit: Unit, reduction: str) -> Objective:
    """A unit's activation, with the moments of its layer's channels where the reduction needs them."""
    return activation(unit, reduction, moments=channel_moments(model, unit.layer) if reduction == "whitened" else None)


def minus_priors(objective: Objective, priors: Sequence[str], photo: Tensor | None = None) -> Objective:
    """The objective less each prior, given as `NAME=WEIGHT`; those from a photo where there is one."""
    for text in [priors] if isinstance(priors, str) else priors:
        name, weight = weighted(text)
        prior = PRIORS[name]() if photo is None or name in PRIORS else PHOTO_PRIORS[name](photo)
        objective = objective - weight * prior
    return objective
