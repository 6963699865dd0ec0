"""Stored objectives: each term as the name of its constructor and plain arguments, as a record keeps it."""

import base64
import binascii
import importlib
import inspect
import math
from collections.abc import Callable, Mapping
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

import numpy as np
import torch
from torch import Tensor

from reverie.errors import RecordRefused, ReverieError
from reverie.models.model import Model
from reverie.models.output import Output
from reverie.objectives.objective import Objective
from reverie.plugins import Table
from reverie.settings.parts import OUTPUTS
from reverie.unit import Unit, parse

Network = Callable[[Mapping[str, Any]], Model]  # gives the network that a record describes, or refuses to
MOST = 8192  # numbers of one tensor
MOST_TERMS = 256
DEEPEST = 4  # objectives within objectives
DTYPES = {"float32": torch.float32, "float64": torch.float64}
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


class Unstorable(Exception):
    """An argument that a record cannot hold."""


def stored(objective: Objective, model: Model) -> dict[str, Any]:
    """The objective for a record: JSON values only; of one that no record can hold its text alone."""
    try:
        return {"terms": _terms(objective, model)}
    except Unstorable as error:
        return {"unstored": repr(objective)[:2000], "because": str(error)}


def _terms(objective: Objective, model: Model) -> list[list[Any]]:
    return [[weight, *_called(term.call, model)] for weight, term in objective.terms]


def _called(call: Any, model: Model) -> list[Any]:
    if call is None or call.name not in CONSTRUCTORS:
        raise Unstorable("a term is made by no constructor that reverie knows")
    return [call.name, {name: _plain(value, model) for name, value in call.arguments.items()}, call.place]


def _plain(value: Any, model: Model) -> Any:
    match value:
        case None | bool() | int() | str():
            return value
        case float() if math.isfinite(value):
            return value
        case Unit():
            return {"unit": str(value)}
        case Tensor() if value.numel() <= MOST:
            kept = value.detach().cpu().to(torch.float64 if value.dtype == torch.float64 else torch.float32)
            text = base64.b64encode(kept.contiguous().numpy().tobytes()).decode()
            return {"tensor": list(kept.shape), str(kept.dtype).removeprefix("torch."): text}
        case Tensor():
            raise Unstorable(f"a term holds {value.numel()} numbers; a record holds {MOST}")
        case Objective():
            return {"terms": _terms(value, model)}
        case Model():
            return {"network": None if value is model else dict(value.source)}
        case Output():
            return {"output": value.kind, "exclusive": value.exclusive}
        case tuple() | list():
            return {"each": [_plain(item, model) for item in value]}
        case _:
            raise Unstorable(f"a term holds a {type(value).__name__}, which is no plain value")


def revived(plain: Any, model: Model, network: Network, depth: int = 0) -> Objective:
    """The objective that a record tells of: a stranger's data, so nothing but known constructors is called.

    Raises:
        RecordRefused: no such constructor, other arguments than it takes, or an objective that was not stored.
    """
    terms = plain.get("terms") if isinstance(plain, dict) else None
    if isinstance(plain, dict) and "unstored" in plain:
        raise RecordRefused(
            f"the record does not hold the picture's objective {str(plain['unstored'])[:200]}, which was built by "
            f"hand: {str(plain.get('because'))[:200]}; run its code again"
        )
    if not isinstance(terms, list) or not 0 < len(terms) <= MOST_TERMS or depth > DEEPEST:
        raise _damaged()
    return Objective(tuple(_revived_term(item, model, network, depth) for item in terms))


def _damaged(why: str = "") -> RecordRefused:
    return RecordRefused(f"the record's objective is damaged{f' ({why})' if why else ''}; render the picture anew")


def _revived_term(item: Any, model: Model, network: Network, depth: int) -> tuple[float, Any]:
    if not isinstance(item, list) or len(item) != 4:
        raise _damaged()
    weight, name, arguments, place = item
    if not (_is_number(weight) and isinstance(name, str) and isinstance(arguments, dict) and _is_whole(place)):
        raise _damaged()
    if name not in CONSTRUCTORS:
        raise RecordRefused(f"there is no objective '{name[:60]}' here; known are {', '.join(CONSTRUCTORS)}")
    constructor = CONSTRUCTORS[name]
    values = {key: _value(value, model, network, depth) for key, value in arguments.items()}
    _check(name, constructor, values)
    try:
        made = constructor(**values)
        return float(weight), made.terms[place][1]
    except ReverieError:
        raise
    except Exception as error:
        raise _damaged(f"{name}: {str(error)[:100]}") from None


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value) and abs(value) < 1e30


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < MOST_TERMS


def _check(name: str, constructor: Callable[..., Any], values: Mapping[str, Any]) -> None:
    """That arguments are of the types that a constructor's signature says."""
    try:
        inspect.signature(constructor).bind(**values)
        hints = get_type_hints(constructor)
    except (TypeError, NameError) as error:
        raise _damaged(f"{name}: {error}") from None
    for key, value in values.items():
        if not _fits(value, hints.get(key, Any)):
            raise _damaged(f"{name} takes no such {key}")


def _fits(value: Any, kind: Any) -> bool:
    if kind is Any:
        return True
    if get_origin(kind) in (Union, UnionType):
        return any(_fits(value, each) for each in get_args(kind))
    if get_origin(kind) is tuple:
        kinds = get_args(kind)
        return isinstance(value, tuple) and len(value) == len(kinds) and all(map(_fits, value, kinds))
    if kind in (int, float):
        return _is_number(value) and (kind is float or isinstance(value, int))
    return (kind is type(None) and value is None) or (isinstance(kind, type) and isinstance(value, kind))


def _value(plain: Any, model: Model, network: Network, depth: int) -> Any:
    if plain is None or isinstance(plain, bool) or _is_number(plain) or (isinstance(plain, str) and len(plain) < 1000):
        return plain
    match plain:
        case {"unit": str(text)} if len(text) < 100_000:
            units = parse(text)
            if len(units) == 1:
                return units[0]
        case {"tensor": list(shape), **rest} if len(rest) == 1:
            return _tensor(shape, *next(iter(rest.items()))).to(model.device)
        case {"terms": _}:
            return revived(plain, model, network, depth + 1)
        case {"network": None}:
            return model
        case {"network": dict(source)}:
            return network(source)
        case {"output": str(kind), "exclusive": bool(exclusive)} if kind in OUTPUTS:
            return Output(kind, exclusive)
        case {"each": list(items)} if len(items) <= 4:
            return tuple(_value(item, model, network, depth) for item in items)
    raise _damaged()


def _tensor(shape: list[Any], dtype: Any, text: Any) -> Tensor:
    sides = all(isinstance(side, int) and not isinstance(side, bool) and 0 < side <= MOST for side in shape)
    if not sides or len(shape) > 4 or math.prod(shape) > MOST or dtype not in DTYPES or not isinstance(text, str):
        raise _damaged("a tensor")
    try:
        values = np.frombuffer(base64.b64decode(text, validate=True), dtype).reshape(shape)
    except (ValueError, binascii.Error):
        raise _damaged("a tensor") from None
    if not np.isfinite(values).all():
        raise _damaged("a tensor's numbers")
    return torch.from_numpy(values.copy())
