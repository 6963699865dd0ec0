"""The run of pictures that need no search: a layer's responses or weights, each drawn for an event."""

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Protocol, Self

from reverie.figures.result import Result
from reverie.models.model import Model
from reverie.runs import Event


class Drawn(Protocol):
    """What can be drawn, picture by picture."""

    @property
    def names(self) -> tuple[str, ...]:
        """What is drawn, a picture each."""
        ...

    def select(self, index: int) -> Self:
        """The plan of one picture alone."""
        ...

    def drawn(self, model: Model) -> Iterator[Any]:
        """What each picture is made of, one after the other."""
        ...

    def result(self, model: Model, parts: list[Any]) -> Result:
        """The pictures of these parts."""
        ...


class Drawing:
    """A run that draws.

    Args:
        most: end after so many pictures.
        index: of a record, the picture that is wanted; None for all.
    """

    taken: ClassVar[str] = "pictures_taken"

    def __init__(self, model: Model, plan: Drawn, *, most: int | None = None, index: int | None = None) -> None:
        self.model, self.plan, self.most, self.index = model, plan, most, index
        self.parts: list[Any] = []

    @staticmethod
    def part(plan: Drawn, index: int, taken: int | None, facts: Mapping[str, Any]) -> tuple[Drawn, int | None, int]:
        """One picture of a record's plan."""
        del taken, facts
        return plan.select(index), None, 0

    def events(self) -> Iterator[Event]:
        """Draws, a picture for each event."""
        for name, part in zip(self.plan.names[: self.most], self.plan.drawn(self.model), strict=False):
            self.parts.append(part)
            yield Event(len(self.parts), len(self.plan.names), name)

    def result(self) -> Result:
        """What is drawn by now."""
        result = self.plan.result(self.model, self.parts)
        return result if self.index is None or not len(result) else result[self.index]
