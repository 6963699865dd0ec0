"""The commands that read a dataset: scan it, and look up what excites a unit."""

from pathlib import Path
from typing import Any

import typer
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn

from reverie.cli.bars import Bar
from reverie.cli.runs import model_of, target_for, use_threads
from reverie.dataset.run import Progress as Passed
from reverie.dataset.run import scanning
from reverie.dataset.store import begun, read_scan
from reverie.errors import ReverieError
from reverie.image import photo_path
from reverie.paths import path_named, shortened
from reverie.series.examples import patches as sheet_of
from reverie.series.examples import scanned_model, told

MOST = 10  # unreadable photos that are listed one by one


def scan(**given: Any) -> None:
    """One file, that grows until it is whole."""
    photos, output, quiet = given.pop("photos"), given.pop("output"), given.pop("quiet")
    stem = shortened(photo_path(photos).stem or "photos")
    path = Path(f"{stem}-scan.db") if output is None else path_named(output)
    _go_on_with_its_threads(path, given)
    model, settings = model_of(given), {name: value for name, value in given.items() if value is not None}
    failed, begun = 0, False
    ended: ReverieError | KeyboardInterrupt | None = None
    with _bar(quiet=quiet) as bar:
        task = bar.add_task(path.name)
        try:
            for passed in scanning(model, photos, path, **settings):
                begun = True
                bar.update(task, completed=passed.done, total=passed.total)
                failed += len(passed.failures)
                _tell(passed, failed)
        except (KeyboardInterrupt, ReverieError) as error:
            ended = error
    if begun:
        _say_how_far(path, quiet=quiet)
    if ended is not None:
        raise ended


def _go_on_with_its_threads(path: Path, given: dict[str, Any]) -> None:
    """Goes on with the number of threads that a scan began with, on which its last bits depend."""
    if given["threads"] is None and path.is_file() and path.stat().st_size and not given["force"]:
        given["threads"] = max(1, min(1024, begun(path).threads))


def _tell(passed: Passed, failed: int) -> None:
    first = failed - len(passed.failures)
    for number, (name, reason) in enumerate(passed.failures, first + 1):
        if number <= MOST:
            typer.echo(f"reverie: {name}: passed over: {reason}", err=True)


def _say_how_far(path: Path, *, quiet: bool) -> None:
    """Whether the scan is whole, and what it holds."""
    found = read_scan(path)
    rest = "" if found.complete else f" ({found.position} of {found.about.total} photos; the same command goes on)"
    bad = f"; {len(found.failures)} photos could not be read and were passed over" if found.failures else ""
    if not quiet or not found.complete:
        layers = len(found.about.layers)
        typer.echo(f"wrote {path}: {found.position - len(found.failures)} photos, {layers} layers{bad}{rest}")


def patches(scan: Path, model: str | None, trust: bool, **given: Any) -> None:
    """One sheet."""
    units, output, force, singles, quiet = (
        given.pop(name) for name in ("units", "output", "force", "singles", "quiet")
    )
    source = read_scan(scan)
    use_threads(given.pop("threads"))
    weights, device = given.pop("weights"), given.pop("device")
    options = {} if weights == "default" else {"weights": weights}
    ready = scanned_model(source, model, trust=trust, device=device, **options)
    target = target_for(output, "patches", force)
    settings = {name: value for name, value in given.items() if value is not None}
    result = sheet_of(ready, units, source, **settings)
    written = result.save(target, singles=singles)
    if not quiet:
        more = f" and {len(written) - 1} pictures in {target.with_suffix('')}" if len(written) > 1 else ""
        typer.echo(f"wrote {written[0]}{more}\n{told(result)}")


def _bar(*, quiet: bool) -> Bar:
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    return Bar(*columns, quiet=quiet, often=2)
