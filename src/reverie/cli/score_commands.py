"""The commands that say how far pictures may be believed."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, TypeVar

from reverie.atlas.diagnosis import DoctorRun
from reverie.atlas.unit_scores import ScoreRun
from reverie.cli.picture_commands import check_free, model_of
from reverie.cli.printed_tables import show
from reverie.cli.run_reader import kept
from reverie.files import write_whole
from reverie.paths import check_output, path_named
from reverie.runs import Made, Run
from reverie.settings.doctor import Doctor
from reverie.settings.parts import Loading, Network, Tabled
from reverie.settings.score import UnitScores


class Table(Made, Protocol):
    """What is told as a table, and written as plain values."""

    @property
    def heads(self) -> Sequence[str]:
        """The heads of the table."""
        ...

    @property
    def rows(self) -> Sequence[Sequence[str]]:
        """The rows of the table."""
        ...

    def plain(self) -> Mapping[str, Any]:
        """All of it, for a file."""
        ...


W = TypeVar("W", bound=Table)


def score(asked: UnitScores, network: Network, writing: Tabled) -> None:
    """A table, and by choice a file of the numbers."""
    target = _place(writing)
    tabled(ScoreRun(model_of(network), asked), target, writing)


def doctor(asked: Doctor, loading: Loading, writing: Tabled) -> None:
    """A table, and by choice a file of it; whatever is found is no error."""
    target = _place(writing)
    model = model_of(Network.made(model=asked.model, **loading.flat()))
    tabled(DoctorRun(model, asked), target, writing)


def tabled(run: Run[W], target: Path | None, writing: Tabled) -> None:
    """Reads a run, shows its table and what there is to say of it, and writes the numbers."""

    def write(made: W) -> list[Path]:
        if not writing.quiet:
            show(made.heads, *made.rows)
        if target is None:
            return []
        write_whole(target, f"{json.dumps(made.plain(), indent=1)}\n".encode())
        return [target]

    kept(run, write, quiet=writing.quiet)


def _place(writing: Tabled) -> Path | None:
    if writing.output is None:
        return None
    path = check_output(path_named(writing.output), [".json"])
    check_free(path, writing.force)
    return path
