"""Progress: a run that is read to its end, with a bar or with whatever a caller makes of its events."""

import contextlib
import time
from collections.abc import Callable
from typing import TypeVar

from reverie.runs.bars import Bar
from reverie.runs.protocol import Event, Run, read

M = TypeVar("M")
Progress = bool | Callable[[Event], object] | None
PATIENCE = 2.0  # seconds after which somebody at a terminal wants to know how far it is


def finished(run: Run[M], progress: Progress = False) -> M:
    """The result of a run that is read to its end.

    Args:
        progress: True for a bar, in a log a line now and then; a function that gets each event; None for a bar where
            there is a terminal or a notebook and the run takes longer than two seconds.

    Raises:
        ReverieError: whatever the run raises.
    """
    began = time.monotonic()
    with contextlib.ExitStack() as shown, contextlib.closing(read(run)) as events:
        bar: Bar | None = None
        for event in events:
            if callable(progress):
                progress(event)
            elif bar is None and progress is not False and (progress or time.monotonic() - began > PATIENCE):
                bar = shown.enter_context(Bar(quiet=False, telling=bool(progress)))
            if bar is not None:
                bar.show(event)
    return run.result()
