"""A bar on a terminal; elsewhere, in a log, a line now and then."""

import time
from datetime import timedelta
from typing import Any

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from reverie.errors import printable
from reverie.runs.protocol import Event

EVERY = 30.0  # seconds between two lines
READ = 8  # events from one look at the score to the next: it waits for a GPU


class Bar(Progress):
    """Progress on the standard error: drawn on a terminal, told in lines in a log, and neither where it is quiet.

    Args:
        often: drawings a second.
        telling: whether a log gets its lines.
    """

    def __init__(self, *columns: ProgressColumn, quiet: bool, often: float = 4, telling: bool = True) -> None:
        console = Console(stderr=True)
        drawn = console.is_terminal or console.is_jupyter
        super().__init__(
            *(columns or _columns()), console=console, disable=quiet or not drawn, refresh_per_second=often
        )
        self._last: Event | None = None
        self._line = TaskID(0)
        self._noting = not quiet and (drawn or telling)
        self._telling, self._told = telling and not quiet and not drawn, time.monotonic()

    def update(self, task_id: TaskID, *args: Any, **given: Any) -> None:
        """Moves the bar as rich does; in a log it writes a line where none has been written for a while."""
        super().update(task_id, *args, **given)
        if self._telling and time.monotonic() - self._told >= EVERY:
            self._told, task = time.monotonic(), self.tasks[self.task_ids.index(task_id)]
            total = "" if task.total is None else f" of {task.total:.0f}"
            left = f", {_spelt(task.fields['left'])} left" if task.fields.get("left") is not None else ""
            line = f"reverie: {printable(task.description)}: {task.completed:.0f}{total}{left}"
            self.console.print(line, markup=False, highlight=False, soft_wrap=True)

    def show(self, event: Event) -> None:
        """Shows how far a run is, and tells its note; what begins to count anew gets a line of its own."""
        if self._last is None or not _goes_on(self._last, event):
            self._line = self.add_task(event.task, total=event.total, score="")
        read: dict[str, str] = {}
        self._last = event
        if event.score is not None and not self.disable and (event.done % READ == 1 or event.done == event.total):
            read = {"score": f"objective {event.score():.4g}"}
        told = {**read, "left": event.left}
        self.update(self._line, completed=event.done, total=event.total, description=event.task, **told)
        if event.note and self._noting:
            self.console.print(f"reverie: {event.note}", markup=False, highlight=False, soft_wrap=True)


class _Left(TimeRemainingColumn):
    """How long the whole run takes yet, where it knows; else what is counted now."""

    def render(self, task: Task) -> Text:
        left = task.fields.get("left")
        return super().render(task) if left is None else Text(_spelt(left), style="progress.remaining")


def _spelt(seconds: float) -> str:
    return str(timedelta(seconds=round(seconds)))


def _columns() -> tuple[ProgressColumn, ...]:
    score = TextColumn("{task.fields[score]}", markup=False)
    return (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        _Left(),
        score,
    )


def _goes_on(last: Event, event: Event) -> bool:
    """Whether an event is of the same count as the last one, though perhaps of another size."""
    return event.task == last.task or (event.total == last.total and last.done < event.done)
