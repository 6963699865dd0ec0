"""Repetition: how much of a run a record asks for: all pictures of a sheet, or one in the batch that it ran in."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

from reverie.attribution import Event, Inquiry, Kernels, Survey, answer, drawn, inquire, survey
from reverie.errors import InvalidSetting, ReverieError, nearest
from reverie.figures.result import Result
from reverie.models.model import Model
from reverie.record import Record
from reverie.synthesis import Recipe, Step, iterate, synthesize

Made = Recipe | Inquiry | Survey | Kernels


@dataclass(frozen=True, eq=False)
class Repetition:
    """What a record asks for.

    Attributes:
        made: what runs.
        taken: steps, or events of an inquiry, after which it ends; None for its own end.
        index: of the picture that is wanted of it; None for all.
    """

    made: Made
    taken: int | None = None
    index: int | None = None

    def steps(self, model: Model, recipe: Recipe, *, trace: bool = False) -> Iterator[Step]:
        """The steps of a recipe's run, as many as were taken."""
        return itertools.islice(iterate(model, recipe, trace=trace), self.taken)

    def events(self, model: Model, inquiry: Inquiry) -> Iterator[Event]:
        """The events of an inquiry, as many as were taken."""
        return itertools.islice(inquire(model, inquiry), self.taken)

    def wanted(self, result: Result) -> Result:
        """Of what was made the picture that is wanted, or all."""
        return result if self.index is None or not len(result) else result[self.index]

    def run(self, model: Model) -> Result:
        """Runs it to its end."""
        if isinstance(self.made, Kernels):
            return self.wanted(drawn(model, self.made))
        if isinstance(self.made, Survey):
            return self.wanted(survey(model, self.made))
        if isinstance(self.made, Inquiry):
            return self.wanted(answer(model, self.made, self.events(model, self.made)))
        return self.wanted(synthesize(model, self.made, self.steps(model, self.made)))


def repetition(record: Record, made: Made, model: Model, unit: str | None = None) -> Repetition:
    """What a record asks for of its recipe.

    Args:
        unit: of a sheet only this one's picture, with the others of its batch, for the same bits.

    Raises:
        InvalidSetting: the sheet shows no such unit, or the picture is none of several.
    """
    taken = noted(record, "estimates_taken" if isinstance(made, Inquiry) else "steps_taken")
    if unit is None:
        return Repetition(made, taken, record.index)
    if record.index is not None:
        raise InvalidSetting("the record is of a single picture; leave out --unit")
    index = _place(made, model, unit)
    if isinstance(made, Inquiry):
        counts = record.automatic.get("estimates")
        of_method = counts[index] if isinstance(counts, list) and index < len(counts) else None
        return Repetition(made.select(index), of_method if isinstance(of_method, int) else None, 0)
    if not isinstance(made, Recipe):
        return Repetition(made.select(index), None, 0)
    number, rows = next((at, rows) for at, rows in enumerate(made.batches()) if index in rows)
    part = made.select(rows)
    left = part.steps if taken is None else taken - number * part.steps
    return Repetition(part, max(1, min(part.steps, left)), index - rows.start)


def _place(made: Made, model: Model, unit: str) -> int:
    """Which picture shows a unit, by its text, its caption or its class's name."""
    texts = [unit, *_resolved(model, unit)]
    for known in (made.names, made.labels if isinstance(made, Recipe) else ()):
        for text in texts:
            if text in known:
                return known.index(text)
    raise InvalidSetting(f"the sheet shows no '{unit}'; nearest: {nearest(unit, made.names)}")


def _resolved(model: Model, unit: str) -> list[str]:
    try:
        return [str(each) for each in model.units(unit)]
    except ReverieError:
        return []


def noted(record: Record, name: str, most: int = 10**9) -> int | None:
    """A count that a record holds, or None where it is none, or beyond reason."""
    found = record.automatic.get(name)
    return found if isinstance(found, int) and not isinstance(found, bool) and 0 < found <= most else None
