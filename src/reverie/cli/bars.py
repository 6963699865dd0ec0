"""A bar on a terminal; elsewhere, in a log, a line now and then."""

import time
from typing import Any

from rich.console import Console
from rich.progress import Progress, ProgressColumn, TaskID

from reverie.errors import printable

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
