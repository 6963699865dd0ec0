"""A bar on a terminal; elsewhere, in a log, a line now and then."""

import time
from typing import Any, TypeVar

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)

from reverie.cli.saying import say
from reverie.errors import printable
from reverie.runs import Reading, Run

T = TypeVar("T")
EVERY = 30.0  # seconds between two lines


class Bar(Progress):
    """Progress on the standard error: drawn on a terminal, told in lines in a log, and neither where it is quiet."""

    def __init__(self, *columns: ProgressColumn, quiet: bool, often: float = 4) -> None:
        console = Console(stderr=True)
        super().__init__(*columns, console=console, disable=quiet or not console.is_terminal, refresh_per_second=often)
        self._telling, self._told = not quiet and not console.is_terminal, time.monotonic()

    def update(self, task_id: TaskID, *args: Any, **given: Any) -> None:
        """As rich's; in a log a line where none has been written for a while."""
        super().update(task_id, *args, **given)
        if self._telling and time.monotonic() - self._told >= EVERY:
            self._told, task = time.monotonic(), self.tasks[self.task_ids.index(task_id)]
            total = "" if task.total is None else f" of {task.total:.0f}"
            line = f"reverie: {printable(task.description)}: {task.completed:.0f}{total}"
            self.console.print(line, markup=False, highlight=False, soft_wrap=True)


def watched(run: Run[T], *, quiet: bool) -> Reading[T]:
    """Reads a run with a bar for each of its tasks, until its end, Ctrl-C or an error that a user can mend."""
    reading = Reading(run)
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    with Bar(*columns, quiet=quiet, often=2) as bar:
        tasks: dict[str, TaskID] = {}
        for event in reading:
            if event.task not in tasks:
                tasks[event.task] = bar.add_task(event.task)
            bar.update(tasks[event.task], completed=event.done, total=event.total)
            if event.note:
                say(f"reverie: {event.note}", err=True)
    return reading
