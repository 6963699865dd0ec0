"""The commands that read a dataset: scan it, and look up what excites a unit."""

from pathlib import Path

import typer
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn

from reverie.atlas.patch_sheets import patches as sheet_of
from reverie.atlas.patch_sheets import scanned_model, told
from reverie.cli.bars import Bar
from reverie.cli.runs import model_of, target_for, use_threads
from reverie.dataset.scanning import Progress as Passed
from reverie.dataset.scanning import scanning
from reverie.dataset.store import begun, read_scan
from reverie.errors import ReverieError
from reverie.image import photo_path
from reverie.paths import path_named, shortened
from reverie.settings.parts import Network, Output, Pictured, Recorded
from reverie.settings.patches import Patches
from reverie.settings.scan import Scan

MOST = 10  # unreadable photos that are listed one by one


def scan(asked: Scan, network: Network, writing: Output) -> None:
    """One file, that grows until it is whole."""
    stem = shortened(photo_path(asked.photos).stem or "photos")
    path = Path(f"{stem}-scan.db") if writing.output is None else path_named(writing.output)
    model = model_of(_with_its_threads(path, network, writing))
    failed, begun = 0, False
    ended: ReverieError | KeyboardInterrupt | None = None
    with _bar(quiet=writing.quiet) as bar:
        task = bar.add_task(path.name)
        try:
            for passed in scanning(model, output=path, force=writing.force, **asked.flat()):
                begun = True
                bar.update(task, completed=passed.done, total=passed.total)
                failed += len(passed.failures)
                _tell(passed, failed)
        except (KeyboardInterrupt, ReverieError) as error:
            ended = error
    if begun:
        _say_how_far(path, quiet=writing.quiet)
    if ended is not None:
        raise ended


def _with_its_threads(path: Path, network: Network, writing: Output) -> Network:
    """Goes on with the number of threads that a scan began with, on which its last bits depend."""
    if network.threads is None and path.is_file() and path.stat().st_size and not writing.force:
        return network.changed(threads=max(1, min(1024, begun(path).threads)))
    return network


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


def patches(asked: Patches, network: Recorded, writing: Pictured) -> None:
    """One sheet."""
    source = read_scan(asked.scan)
    use_threads(network.threads)
    options = {} if network.weights == "default" else {"weights": network.weights}
    ready = scanned_model(source, network.model, trust=network.trust, device=network.device, **options)
    target = target_for(writing, "patches")
    result = sheet_of(ready, **{**asked.flat(), "scan": source})
    written = result.save(target, singles=writing.singles)
    if not writing.quiet:
        more = f" and {len(written) - 1} pictures in {target.with_suffix('')}" if len(written) > 1 else ""
        typer.echo(f"wrote {written[0]}{more}\n{told(result)}")


def _bar(*, quiet: bool) -> Bar:
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    return Bar(*columns, quiet=quiet, often=2)
