"""Storage: objectives, parts and recipes that were built by hand, as a record keeps them.

A term or a part is the name of its constructor or class with plain arguments.
"""

import base64
import dataclasses
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from reverie.models.model import Model
from reverie.models.output import Output
from reverie.objectives import Objective
from reverie.objectives.constructors import CONSTRUCTORS
from reverie.parameterizations import Latent, Spectrum
from reverie.record import BUILT
from reverie.synthesis.part_classes import is_number, part_name
from reverie.synthesis.recipe import Recipe
from reverie.unit import Unit

MOST = 8192  # numbers of one tensor, or values of one list
MOST_STEPS = 1_000_000  # of a recipe
LARGEST_RECIPE = 150_000  # characters, which leave room for the rest of a record
UNWRITTEN = ("origin", "each", "reports")  # fields of a recipe that decide nothing of its pictures


class Unstorable(Exception):
    """A value that a record cannot hold."""


@dataclass(frozen=True)
class _Writing:
    """What values are written for: the record's network, and the objectives that have a number there, by identity."""

    model: Model
    shared: Mapping[int, int] = field(default_factory=dict)


def stored(value: Any, model: Model) -> dict[str, Any]:
    """An objective or a part for a record: JSON values only; of one that no record can hold its text alone."""
    try:
        found: dict[str, Any] = _plain(value, _Writing(model))
        return found
    except Unstorable as error:
        return {"unstored": repr(value)[:2000], "because": str(error)}


def origin_of(recipe: Recipe, model: Model) -> tuple[str, Mapping[str, Any]]:
    """What a record says that a recipe is: a function of `reverie.recipes` and its arguments, or all of its parts."""
    if recipe.origin[0]:
        return recipe.origin
    try:
        return BUILT, _built(recipe, model)
    except Unstorable as error:
        return BUILT, {"unstored": ", ".join(recipe.names)[:2000], "because": str(error)}


def _built(recipe: Recipe, model: Model) -> dict[str, Any]:
    if recipe.reports:
        raise Unstorable("it has reports, which are code")
    if recipe.steps > MOST_STEPS:
        raise Unstorable(f"it takes {recipe.steps} steps; a record repeats {MOST_STEPS}")
    # one objective that several pictures share ties them together, so it must be one when it is read again
    objectives = {id(item): item for stage in recipe.stages for item in stage.objectives}
    writing = _Writing(model, {key: number for number, key in enumerate(objectives)})
    terms = [{"terms": _terms(item, writing)} for item in objectives.values()]
    found = {"objectives": terms, **_fields(recipe, writing)}
    if len(json.dumps(found, indent=1)) > LARGEST_RECIPE:
        raise Unstorable(f"it takes more than {LARGEST_RECIPE // 1000} kB, for which a record has no room")
    return found


def _fields(part: Any, writing: _Writing) -> dict[str, Any]:
    """What differs from the defaults of a part's class."""
    found = {}
    for item in dataclasses.fields(part):
        if item.init and not (isinstance(part, Recipe) and item.name in UNWRITTEN):
            usual = item.default if item.default_factory is dataclasses.MISSING else item.default_factory()
            plain = _field(getattr(part, item.name), writing)
            if usual is dataclasses.MISSING or plain != _field(usual, writing):
                found[item.name] = plain
    return found


def _field(value: Any, writing: _Writing) -> Any:
    """A part's value; of pictures the hashes of their numbers, never the numbers."""
    if not isinstance(value, Tensor):
        return _plain(value, writing)
    if value.ndim != 4 or value.dtype != torch.float32:
        raise Unstorable(f"a part holds a tensor of {list(value.shape)}, which is no picture [N,C,H,W] of float32")
    return {"photo": "array", "shape": list(value.shape), "sha256": [exact_digest(row) for row in value]}


def exact_digest(image: Tensor) -> str:
    """SHA-256 of a float32 picture's very numbers: the same bits come of it alone."""
    found = hashlib.sha256(str(tuple(image.shape)).encode())
    found.update(image.detach().cpu().contiguous().numpy().data)
    return found.hexdigest()


def _terms(objective: Objective, writing: _Writing) -> list[list[Any]]:
    return [[weight, *_called(term.call, writing)] for weight, term in objective.terms]


def _called(call: Any, writing: _Writing) -> list[Any]:
    if call is None or call.name not in CONSTRUCTORS:
        raise Unstorable("a term is made by no constructor that reverie knows")
    return [call.name, {name: _plain(value, writing) for name, value in call.arguments.items()}, call.place]


def _plain(value: Any, writing: _Writing) -> Any:
    match value:
        case None | bool() | str():
            return value
        case int() | float() if is_number(value):
            return value
        case Unit():
            return {"unit": str(value)}
        case Tensor():
            return _numbers(value)
        case Objective() if id(value) in writing.shared:
            return {"objective": writing.shared[id(value)]}
        case Objective():
            return {"terms": _terms(value, writing)}
        case Model():
            return {"network": None if value is writing.model else dict(value.source)}
        case Output():
            return {"output": value.kind, "exclusive": value.exclusive}
        case Spectrum():
            return value.plain()
        case Latent() if value.source:
            return dict(value.source)
        case tuple() | list():
            return {"each": [_plain(item, writing) for item in value]}
    name = part_name(value)
    if name is None:
        kind = type(value).__name__
        raise Unstorable(f"it holds {value!r:.60} ({kind}), which is no plain value and no part that reverie knows")
    return {"part": name, "arguments": _fields(value, writing) if dataclasses.is_dataclass(value) else {}}


def _numbers(value: Tensor) -> dict[str, Any]:
    if value.numel() > MOST:
        raise Unstorable(f"a term holds {value.numel()} numbers; a record holds {MOST}")
    kept = value.detach().cpu().to(torch.float64 if value.dtype == torch.float64 else torch.float32)
    text = base64.b64encode(kept.contiguous().numpy().tobytes()).decode()
    return {"tensor": list(kept.shape), str(kept.dtype).removeprefix("torch."): text}
