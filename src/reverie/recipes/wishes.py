"""Wishes: what a picture is to excite, from a unit's text, the text of a sum, or an objective built by hand."""

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import reduce
from typing import Any

import torch

from reverie.errors import InvalidSetting, ReverieError, UnknownName, alike, nearest
from reverie.expression import Sum, Weighed, looks_like_sum, parse_sum
from reverie.image import Size
from reverie.models.model import Model
from reverie.models.moments import deviation, ordinary
from reverie.models.probe import probe
from reverie.objectives import PRIORS, Objective
from reverie.settings.fields import REDUCTIONS
from reverie.synthesis.storage import stored
from reverie.unit import Unit, parse

Wanted = str | Unit | Objective
NAMED = {name.replace("-", "_"): prior for name, prior in PRIORS.items()}  # as an expression writes them


@dataclass(frozen=True)
class Wish:
    """What one picture is to excite.

    Attributes:
        text: reads back as the same wish; of an objective built by hand its expression.
        units: those of its terms that are units of the network, with their weights.
        rest: its terms that read the picture alone; of an objective built by hand all.
    """

    text: str
    units: tuple[Weighed, ...] = ()
    rest: Objective = field(default_factory=lambda: Objective(()))

    def __str__(self) -> str:
        return self.text

    @property
    def unit(self) -> Unit | None:
        """The only unit, where the wish is no more than it."""
        plain = len(self.units) == 1 and not self.rest.terms and (self.units[0].weight, self.units[0].reduction)
        return self.units[0].unit if plain == (1, "") else None

    @property
    def built(self) -> bool:
        """Whether it is an objective built by hand."""
        return not self.units

    @property
    def layers(self) -> tuple[str, ...]:
        """All layers that are read, each once."""
        return tuple(dict.fromkeys([*(term.unit.layer for term in self.units), *self.rest.layers]))

    def objective(self, respond: Callable[[Unit, str], Objective]) -> Objective:
        """What to climb, where a unit counts by its reduction, or by the run's own where none is written ("")."""
        parts = [_times(term.weight, respond(term.unit, term.reduction)) for term in self.units]
        return reduce(Objective.__add__, [*parts, self.rest] if self.rest.terms else parts)

    def plain(self, model: Model) -> str | dict[str, Any]:
        """What a record says of it."""
        return stored(self.rest, model) if self.built else self.text

    def label(self, model: Model) -> str:
        """What to write under its picture."""
        if self.unit is not None:
            return model.label(self.unit)
        text = self.text
        for term in self.units:
            name = model.label(term.unit).partition(" (logits:")[0]
            text = re.sub(re.escape(str(term.unit)) + r"(?![0-9@+])", lambda _, name=name: name, text)  # type: ignore[misc]
        return text


def wishes_of(
    model: Model, asked: Wanted | Sequence[Wanted], *, rows: int | None = None, size: Size | None = None
) -> tuple[Wish, ...]:
    """Wishes checked against a network, class names turned into channels; a text of several units is several.

    Args:
        rows: as for `Model.units`.
        size: on which an objective built by hand must run.

    Raises:
        UnknownName: no such layer, channel or class.
        InvalidSetting: no text in the grammar, or an objective that does not run on the network.
    """
    several = list(asked) if isinstance(asked, Sequence) and not isinstance(asked, str) else [asked]
    if not several:
        model.units([])  # says what is missing
    return tuple(wish for item in several for wish in _wishes(model, item, rows, size or model.size))


def _wishes(model: Model, item: Wanted, rows: int | None, size: Size) -> list[Wish]:
    if isinstance(item, Objective):
        return [_built(model, item, rows, size)]
    if isinstance(item, str) and looks_like_sum(item):
        try:
            units = model.units(item, rows=rows)  # a class or layer that is called like a sum is meant itself
        except ReverieError:
            return [_summed(model, parse_sum(item), rows)]
    else:
        units = model.units(item, rows=rows)
    return [Wish(str(unit), (Weighed(1.0, unit),)) for unit in units]


def _built(model: Model, objective: Objective, rows: int | None, size: Size) -> Wish:
    text = repr(objective)
    if rows is not None:
        raise InvalidSetting("--dictionary and --concept make units directions; leave them out beside an objective")
    if not objective.terms:
        raise InvalidSetting("the objective has no terms; add one, such as channel('block8', 12)")
    for name in objective.layers:
        model.layer(name)
    _tried(model, objective, size)
    return Wish(text, (), objective)


def _tried(model: Model, objective: Objective, size: Size) -> None:
    """That an objective gives a number on this network for a picture of this size.

    Raises:
        InvalidSetting: it does not.
    """
    blank = torch.full((1, model.channels, *size), 0.5, device=model.device)
    try:
        with torch.no_grad():
            score = objective.score(probe(model, blank, objective.layers))
        fits = score.shape == (1,)
        why = f"its score has the shape {list(score.shape)}, not [N]"
    except (RuntimeError, IndexError, KeyError, ValueError, TypeError) as error:
        fits, why = False, str(error).partition("\n")[0]
    if not fits:
        raise InvalidSetting(f"the objective '{objective!r}' does not run on {model.name}: {why}")


def _summed(model: Model, found: Sum, rows: int | None) -> Wish:
    units: list[Weighed] = []
    rest = Objective(())
    resolved = []
    for term in found.terms:
        name = term.unit.layer
        if name in NAMED and name not in model.layers and not term.unit.channels and not term.reduction:
            rest = rest + _times(term.weight, NAMED[name]())
            resolved.append(term)
            continue
        if not term.unit.channels and name not in model.layers and alike(name, NAMED):
            near = nearest(name, [*NAMED, *model.layers])
            raise UnknownName(f"{model.name} has no layer '{name}', and there is no such prior; nearest: {near}")
        if term.reduction:
            REDUCTIONS.check(term.reduction)
        (unit,) = model.units(term.unit, rows=rows)
        units.append(replace(term, unit=unit))
        resolved.append(units[-1])
    if not units:
        raise InvalidSetting(f"'{found}' names no unit; name one, such as 'block8:12 - 0.5*{found.terms[0].unit}'")
    return Wish(str(Sum(tuple(resolved))), tuple(units), rest)


def _times(weight: float, objective: Objective) -> Objective:
    return objective if weight == 1 else weight * objective


def layers_named(asked: Any) -> list[str]:
    """The layers that texts, units and objectives name, each once, whether the network has them or not."""
    several = [asked] if isinstance(asked, str | Unit | Objective) else asked
    return list(dict.fromkeys(layer for item in several for layer in _layers(item)))


def _layers(item: Wanted) -> Sequence[str]:
    if isinstance(item, Objective):
        return item.layers
    if isinstance(item, Unit):
        return (item.layer,)
    if looks_like_sum(item):
        return [term.unit.layer for term in parse_sum(item).terms]
    return [unit.layer for unit in parse(item)]


def spread(model: Model, wish: Wish) -> float:
    """How much a wish varies over ordinary pictures: of a sum the root of its terms' summed squares.

    Of an objective built by hand the standard deviation of its score over ordinary pictures.
    """
    if wish.unit is not None:
        return deviation(model, wish.unit)
    if not wish.built:
        return math.hypot(*(term.weight * deviation(model, term.unit) for term in wish.units))
    with torch.no_grad():
        scores = [wish.rest.score(probe(model, image, wish.layers)) for image in ordinary(model)]
    return max(float(torch.cat(scores).std()), 1e-12)
