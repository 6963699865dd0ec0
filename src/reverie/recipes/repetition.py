"""Repetition: how much of a run a record asks for: all pictures of a sheet, or one in the batch that it ran in."""

from dataclasses import dataclass

from reverie.attribution import ActivationMaps, Explanation, Kernels
from reverie.errors import InvalidSetting, ReverieError, nearest
from reverie.figures.result import Result
from reverie.models.model import Model
from reverie.record import Record
from reverie.runs import Run, Runner
from reverie.synthesis import Recipe

Made = Recipe | Explanation | ActivationMaps | Kernels


@dataclass(frozen=True, eq=False)
class Repetition:
    """What a record asks for.

    Attributes:
        made: what runs.
        runner: how.
        taken: events after which it ends; None for its own end.
        index: of the picture that is wanted of it; None for all.
    """

    made: Made
    runner: Runner
    taken: int | None = None
    index: int | None = None

    def run(self, model: Model) -> Run[Result]:
        """The run that gives what is wanted."""
        return self.runner(model, self.made, most=self.taken, index=self.index)


def repetition(record: Record, runner: Runner, made: Made, model: Model, unit: str | None = None) -> Repetition:
    """What a record asks for of its recipe.

    Args:
        unit: of a sheet only this one's picture, with the others of its batch, for the same bits.

    Raises:
        InvalidSetting: the sheet shows no such unit, or the picture is none of several.
    """
    taken = noted(record, runner.taken)
    if unit is None:
        return Repetition(made, runner, taken, record.index)
    if record.index is not None:
        raise InvalidSetting("the record is of a single picture; leave out --unit")
    part, taken, index = runner.part(made, _place(made, model, unit), taken, record.automatic)
    return Repetition(part, runner, taken, index)


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
