"""A run tells its events; whoever reads them decides when it ends; what stands then is its result."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

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
    """

    done: int
    total: int | None
    task: str = ""
    note: str = ""
    preview: Callable[[], Image.Image] | None = None
    score: Callable[[], float] | None = None
    finished: tuple[Any, ...] = ()


class Made(Protocol):
    """What a run leaves: it can be written, and tells of itself."""

    def save(self, path: str | Path) -> list[Path]:
        """Writes what was made; the files, the one that was asked for first."""
        ...

    def __len__(self) -> int:
        """How many whole things there are; of none nothing can be written."""
        ...

    @property
    def told(self) -> Sequence[str]:
        """What there is to say of it, in lines."""
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


class Reading(Generic[M]):
    """A run that is read to its end, until Ctrl-C, or until an error that a user can mend: what is whole is kept.

    Attributes:
        last: the last event; None before the first.
        ended: what ended the run early; None where nothing did.
    """

    def __init__(self, run: Run[M]) -> None:
        self.run = run
        self.last: Event | None = None
        self.ended: ReverieError | KeyboardInterrupt | None = None

    def __iter__(self) -> Iterator[Event]:
        events = self.run.events()
        try:
            for event in events:
                self.last = event
                yield event
        except (KeyboardInterrupt, ReverieError) as error:
            self.ended = error
        finally:
            close = getattr(events, "close", None)
            if close is not None:
                close()

    def result(self) -> M:
        """What stands."""
        return self.run.result()


def finished(run: Run[M]) -> M:
    """The result of a run that is read to its end.

    Raises:
        ReverieError: whatever the run raises.
    """
    for _ in run.events():
        pass
    return run.result()
