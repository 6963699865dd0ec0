"""Constructors: the functions that make objectives, by the names under which a record keeps what they made."""

import importlib
from collections.abc import Callable, Mapping
from typing import Any

from reverie.objectives.objective import Objective
from reverie.plugins import Table

OWN = (
    "activation", "alignment", "alpha_norm", "channel", "direction", "direction_map", "diversity", "elsewhere",
    "features", "gram", "guided", "kept", "l1", "l2", "layer", "log_probability", "logit", "margin", "neuron",
    "presence", "probability", "quadratic_variation", "total_variation",
)  # fmt: skip


def _own() -> Mapping[str, Callable[..., Objective]]:
    public = importlib.import_module("reverie.objectives")
    return {name: getattr(public, name) for name in OWN}


def _function(found: Any) -> Callable[..., Objective] | None:
    return found if callable(found) else None


CONSTRUCTORS: Table[Callable[..., Objective]] = Table("objectives", _own, _function)
