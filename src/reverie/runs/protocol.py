"""A run tells its events; whoever reads them decides when it ends; what stands then is its result."""

import contextlib
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar, Generic, Protocol, TypeVar

from PIL import Image

from reverie.errors import ReverieError


@dataclass(frozen=True)
class Event:
    """What has just happened.

    Attributes:
        done: pieces of work that are done, of `total`; None where nobody knows how many there are.
        task: what is being done, such as the size that is climbed at, or a method's name.
        note: what a reader should be told of this event, in one sentence; mostly empty.
        preview: makes the picture as it stands; None where there is none.
        score: reads what is climbed; on a GPU that waits for the step.
        finished: what has become whole with this event, such as a frame.
        left: seconds until the whole run ends, where it knows; what `total` counts may be a part of it.
    """

    done: int
    total: int | None
    task: str = ""
    note: str = ""
    preview: Callable[[], Image.Image] | None = None
    score: Callable[[], float] | None = None
    finished: tuple[Any, ...] = ()
    left: float | None = None


class Made(Protocol):
    """What a run leaves: it tells of itself."""

    def told(self, written: Sequence[Path]) -> list[str]:
        """What there is to say of it, in lines, first where it was written to."""
        ...

    def __len__(self) -> int:
        """How many whole things there are; of none nothing is written."""
        ...


M_co = TypeVar("M_co", covariant=True)
M = TypeVar("M")


class Run(Protocol[M_co]):
    """Work that takes time. To cancel it is to stop reading its events."""

    def events(self) -> Iterator[Event]:
        """Does the work, a piece for each event."""
        ...

    def result(self) -> M_co:
        """What stands when the reading stopped, whole or not."""
        ...


class Repeatable(Run[Any], Protocol):
    """The run of a plan, of which a record can ask for a part."""

    taken: ClassVar[str]  # under which name a record notes how many events there were

    def __init__(self, model: Any, plan: Any, *, most: int | None = None, index: int | None = None) -> None:
        """Ends after at most so many events, and gives one of the pictures alone."""

    @staticmethod
    def part(plan: Any, index: int, taken: int | None, facts: Mapping[str, Any]) -> tuple[Any, int | None, int]:
        """One picture's part of a plan, after how many events that ends, and which of its pictures is the one.

        Args:
            taken: events of the whole run.
            facts: of the record.
        """
        ...


Runner = type[Repeatable]


def read(run: Run[Any]) -> Generator[Event, None, None]:
    """A run's events; whoever stops reading them ends the run."""
    events = run.events()
    try:
        yield from events
    finally:
        if isinstance(events, Generator):
            events.close()


class Reading(Generic[M]):
    """A run that is read to its end, until Ctrl-C, or until an error that a user can mend: what is whole is kept.

    Args:
        show: what a reader makes of each event.

    Attributes:
        began: whether there was an event.
        ended: what ended the run early; None where nothing did.
    """

    def __init__(self, run: Run[M], show: Callable[[Event], object]) -> None:
        self.run = run
        self.began = False
        self.ended: ReverieError | KeyboardInterrupt | None = None
        try:
            with contextlib.closing(read(run)) as events:
                for event in events:
                    self.began = True
                    show(event)
        except (KeyboardInterrupt, ReverieError) as error:
            self.ended = error

    def result(self) -> M:
        """What stands."""
        return self.run.result()


def in_turn(runs: Mapping[str, Run[Any]]) -> Iterator[Event]:
    """The events of several runs, one after the other, each a task of its name."""
    for task, run in runs.items():
        with contextlib.closing(read(run)) as events:
            for event in events:
                yield replace(event, task=task)
