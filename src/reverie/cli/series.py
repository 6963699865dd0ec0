"""The commands of many runs: each stops where one likes, and goes on where it stopped."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import typer
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn

from reverie import series
from reverie.cli.bars import Bar
from reverie.cli.runs import LOADING, made_with, model_from, use_threads
from reverie.errors import ReverieError
from reverie.extras import installed
from reverie.image import photo_path
from reverie.models.model import Model
from reverie.paths import path_named, shortened
from reverie.series.sheets import Sheet, sweep
from reverie.series.shots import Reel, Shot

T = TypeVar("T")


def sheet(**given: Any) -> None:
    """One sheet for each layer, in a folder."""
    output, force, quiet, html = (given.pop(name) for name in ("output", "force", "quiet", "html"))
    model, layers, settings = _network(given), given.pop("layers"), _given(given)
    folder = Path() if output is None else path_named(output)
    run = _Ended(sweep(model, layers, folder, force=force, **settings))
    grown: dict[Path, Sheet] = {}
    with _bar(quiet=quiet) as bar:
        task = bar.add_task("sheet")
        for made in run:
            grown[made.path] = made
            bar.update(task, description=made.path.stem, completed=made.done, total=len(made.recipe.names))
    for made in grown.values():
        written, whole = made.write(html=html), made.done == len(made.recipe.names)
        rest = "" if whole else f" ({made.done} of {len(made.recipe.names)} pictures; the same command goes on)"
        if not quiet or not whole:
            own = made_with(model, made.recipe.stages[0].layers)
            typer.echo(f"wrote {' and '.join(map(str, written))}: {own}{rest}")
    if run.by is not None:
        raise run.by


def zoom(**given: Any) -> None:
    """A camera's way into a photo, as a film."""
    place, model, photo = _writing(given), _network(given), given.pop("photo")
    shot = series.zoom(model, photo, given.pop("layers"), **_given(given))
    _shoot(model, shot, f"{shortened(photo_path(photo).stem)}-zoom{film_ending()}", **place)


def film(**given: Any) -> None:
    """Footage as a dream."""
    place, model, footage = _writing(given), _network(given), given.pop("footage")
    shot = series.film(model, footage, given.pop("layers"), **_given(given))
    _shoot(model, shot, f"{shortened(Path(footage).stem)}-dream{film_ending()}", **place)


def _shoot(model: Model, shot: Shot, name: str, *, output: Path | None, force: bool, quiet: bool) -> None:
    """Makes a film; what is finished when it ends early is written too, and kept for going on."""
    target = Path() if output is None else path_named(output)
    reel = Reel(shot, target / name if target.is_dir() else target, force=force)
    run = _Ended(reel.frames())
    with _bar(quiet=quiet) as bar:
        task = bar.add_task(reel.path.name, total=shot.total, completed=reel.done)
        for frame in run:
            bar.update(task, completed=frame.number + 1)
    if run.by is not None and not reel.done:
        raise run.by
    written = reel.write(whole=run.by is None)
    rest = "" if run.by is None else f" ({reel.done} of {shot.total or 'its'} frames; the same command goes on)"
    if not quiet or run.by is not None:
        typer.echo(f"wrote {written}: {made_with(model, shot.record.arguments['layers'])}{rest}")
    if run.by is not None:
        raise run.by


def _writing(given: dict[str, Any]) -> dict[str, Any]:
    return {name: given.pop(name) for name in ("output", "force", "quiet")}


def _network(given: dict[str, Any]) -> Model:
    """The network that the options name; takes them out of the settings."""
    use_threads(given.pop("threads"))
    options = {name: given.pop(name) for name in LOADING}
    return model_from(given.pop("model"), options)


def _given(settings: dict[str, Any]) -> dict[str, Any]:
    """The settings that were said: all others are left to the library."""
    return {name: value for name, value in settings.items() if value is not None}


class _Ended(Iterable[T]):
    """What a generator yields, until its end, Ctrl-C or an error that a user can mend."""

    def __init__(self, run: Iterator[T]) -> None:
        self.run = run
        self.by: ReverieError | KeyboardInterrupt | None = None

    def __iter__(self) -> Iterator[T]:
        try:
            yield from self.run
        except (KeyboardInterrupt, ReverieError) as error:
            self.by = error


def _bar(*, quiet: bool) -> Bar:
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    return Bar(*columns, quiet=quiet, often=2)


def film_ending() -> str:
    """Of films that nobody names."""
    return ".mp4" if installed("av") else ".webp"
