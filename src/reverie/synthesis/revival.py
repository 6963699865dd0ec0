"""Revival: objectives, parts and recipes built by hand, made again from what a record keeps of them.

It is a stranger's data: nothing but known constructors and classes is called, with arguments of the types that they
say; pictures, networks and decoders are those that the user vouches for.
"""

import base64
import binascii
import dataclasses
import inspect
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, get_type_hints

import numpy as np
import torch
from torch import Tensor

from reverie.errors import RecordRefused, ReverieError
from reverie.models.model import Model
from reverie.models.output import Output
from reverie.objectives import Objective
from reverie.objectives.constructors import CONSTRUCTORS
from reverie.parameterizations import Latent
from reverie.parameterizations.spectrum import parse_spectrum
from reverie.settings.part_types import fits
from reverie.settings.parts import OUTPUTS
from reverie.synthesis.part_classes import KINDS, is_number, part_named
from reverie.synthesis.recipe import Recipe
from reverie.synthesis.storage import MOST, MOST_STEPS
from reverie.unit import parse

MOST_TERMS = 256
LONGEST = 100_000  # characters of a text
DEEPEST = 6  # parts within parts
DTYPES = ("float32", "float64")


@dataclass(frozen=True)
class Reading:
    """What values are read with; each function gives what a record describes, or refuses to.

    Attributes:
        picture: of the shape [N,C,H,W] and the hashes of N pictures.
        objectives: those that are named by their number.
    """

    model: Model
    network: Callable[[Mapping[str, Any]], Model]
    decoder: Callable[[Mapping[str, Any]], Latent]
    picture: Callable[[Sequence[int], Sequence[str]], Tensor]
    objectives: tuple[Objective, ...] = ()


def revived(plain: Any, reading: Reading, kind: Any) -> Any:
    """The objective or part of this kind that a record tells of.

    Raises:
        RecordRefused: no such constructor or class, other arguments than it takes, or one that was not stored.
    """
    _check_stored(plain)
    found = _value(plain, reading, 0)
    if not fits(found, kind, KINDS):
        raise _damaged()
    return found


def revived_recipe(plain: Mapping[str, Any], reading: Reading) -> Recipe:
    """The recipe built by hand that a record tells of.

    Raises:
        RecordRefused: as `revived`; or more steps than a record repeats.
    """
    _check_stored(plain)
    listed = plain.get("objectives")
    if not isinstance(listed, list) or len(listed) > MOST:
        raise _damaged("its objectives")
    objectives = tuple(revived(item, reading, Objective) for item in listed)
    arguments = {name: value for name, value in plain.items() if name != "objectives"}
    made: Recipe = _made("Recipe", Recipe, arguments, dataclasses.replace(reading, objectives=objectives), 0)
    if made.steps > MOST_STEPS:
        raise RecordRefused(f"the record asks for {made.steps} steps; {MOST_STEPS} are repeated at most")
    return made


def _check_stored(plain: Any) -> None:
    if isinstance(plain, Mapping) and "unstored" in plain:
        raise RecordRefused(
            f"the record does not hold {str(plain['unstored'])[:200]}, which was built by hand: "
            f"{str(plain.get('because'))[:200]}; run its code again"
        )


def _damaged(why: str = "") -> RecordRefused:
    return RecordRefused(f"the record is damaged{f' ({why})' if why else ''}; render the picture anew")


def _objective(terms: list[Any], reading: Reading, depth: int) -> Objective:
    if not 0 < len(terms) <= MOST_TERMS:
        raise _damaged("an objective")
    return Objective(tuple(_term(item, reading, depth) for item in terms))


def _term(item: Any, reading: Reading, depth: int) -> tuple[float, Any]:
    match item:
        case [weight, str(name), dict(arguments), int(place)] if is_number(weight) and 0 <= place < MOST_TERMS:
            if name not in CONSTRUCTORS:
                raise RecordRefused(f"there is no objective '{name[:60]}' here; known are {', '.join(CONSTRUCTORS)}")
            terms = getattr(_made(name, CONSTRUCTORS[name], arguments, reading, depth), "terms", ())
            if place < len(terms):
                return float(weight), terms[place][1]
    raise _damaged("an objective's term")


def _made(name: str, maker: Callable[..., Any], arguments: Mapping[str, Any], reading: Reading, depth: int) -> Any:
    """What a known constructor or class makes of arguments that are of the types that its signature says."""
    values = {key: _value(value, reading, depth) for key, value in arguments.items()}
    try:
        inspect.signature(maker).bind(**values)
        hints = get_type_hints(maker)
    except (TypeError, NameError) as error:
        raise _damaged(f"{name}: {error}") from None
    wrong = [key for key, value in values.items() if not fits(value, hints.get(key, Any), KINDS)]
    if wrong:
        raise _damaged(f"{name} takes no such {wrong[0]}")
    try:
        return maker(**values)
    except ReverieError:
        raise
    except Exception as error:
        raise _damaged(f"{name}: {str(error)[:100]}") from None


def _value(plain: Any, reading: Reading, depth: int) -> Any:
    if plain is None or isinstance(plain, bool) or is_number(plain):
        return plain
    if depth > DEEPEST:
        raise _damaged("parts within parts")
    match plain:
        case str() if len(plain) < LONGEST:
            return plain
        case {"each": list(items)} if len(items) <= MOST:
            return tuple(_value(item, reading, depth + 1) for item in items)
        case {"terms": list(terms)}:
            return _objective(terms, reading, depth + 1)
        case {"part": str(name), "arguments": dict(arguments)}:
            made = part_named(name)
            return _made(name, made, arguments, reading, depth + 1) if isinstance(made, type) else made
    return _single(plain, reading)


def _single(plain: Any, reading: Reading) -> Any:
    """A value with no others within."""
    match plain:
        case {"unit": str(text)} if len(text) < LONGEST:
            units = parse(text)
            if len(units) == 1:
                return units[0]
        case {"tensor": list(shape), **rest} if len(rest) == 1:
            return _tensor(shape, *next(iter(rest.items()))).to(reading.model.device)
        case {"objective": int(number)} if 0 <= number < len(reading.objectives):
            return reading.objectives[number]
        case {"network": None}:
            return reading.model
        case {"network": dict(source)}:
            return reading.network(source)
        case {"output": str(kind), "exclusive": bool(exclusive)} if kind in OUTPUTS:
            return Output(kind, exclusive)
        case {"spectrum": _}:
            return parse_spectrum(plain)
        case {"decoder": _}:
            return reading.decoder(plain)
        case {"photo": _, "shape": [int(), int(), int(), int()] as shape, "sha256": list(hashes)}:
            return reading.picture(shape, hashes).to(reading.model.device)
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
