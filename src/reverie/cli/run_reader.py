"""The reader of runs: a bar, pictures on the way, and an end that keeps what is whole."""

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from reverie.cli.saying import say
from reverie.files import save
from reverie.runs import Event, Made, Reading, Run
from reverie.runs.bars import Bar

M = TypeVar("M")
W = TypeVar("W", bound=Made)


def kept(
    run: Run[W],
    write: Callable[[W], list[Path]],
    *,
    quiet: bool,
    watch: int | None = None,
    target: Path | None = None,
    after: Callable[[W], W] | None = None,
) -> W:
    """Reads a run, writes what it made, and says what there is to say; what was whole when it ended early is kept too.

    Args:
        watch: write the picture as it stands to the target every so many events.
        after: adds to what was made before it is written.

    Raises:
        ReverieError, KeyboardInterrupt: what ended the run early.
    """
    reading = _read(run, quiet=quiet, watch=watch, target=target)
    if reading.ended is not None and not reading.began:
        raise reading.ended
    made = reading.result()
    if reading.ended is not None and not len(made):
        raise reading.ended
    made = made if after is None else after(made)
    written = write(made)
    if not quiet or reading.ended is not None:
        say(*made.told(written))
    if reading.ended is not None:
        raise reading.ended
    return made


def _read(run: Run[M], *, quiet: bool, watch: int | None = None, target: Path | None = None) -> Reading[M]:
    count = itertools.count(1)
    with Bar(quiet=quiet) as bar:

        def show(event: Event) -> None:
            bar.show(event)
            due = watch is not None and next(count) % watch == 0
            if due and target is not None and event.preview is not None and event.done != event.total:
                save(event.preview(), target)

        return Reading(run, show)
