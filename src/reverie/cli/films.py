"""The commands of many runs: each stops where one likes, and goes on where it stopped."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TypeVar

from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn

from reverie.atlas.sheets import Sheet as Begun
from reverie.atlas.sheets import sweep
from reverie.cli.runs import model_of
from reverie.cli.saying import say
from reverie.errors import ReverieError, listed
from reverie.extras import installed
from reverie.image import photo_path
from reverie.models.model import Model
from reverie.paths import path_named, shortened
from reverie.runs.bars import Bar
from reverie.settings.film import Film
from reverie.settings.parts import Network, Output, Paged
from reverie.settings.sheet import Sheet
from reverie.settings.zoom import Zoom
from reverie.video.dream import film as film_of
from reverie.video.frames import Reel, Shot
from reverie.video.zoom import zoom as zoom_of

T = TypeVar("T")


def sheet(asked: Sheet, network: Network, writing: Paged) -> None:
    """One sheet for each layer, in a folder."""
    model, folder = model_of(network), path_named(writing.output or ".")
    run = _Ended(sweep(model, folder=folder, force=writing.force, **asked.flat()))
    grown: dict[Path, Begun] = {}
    with _bar(quiet=writing.quiet) as bar:
        task = bar.add_task("sheet")
        for made in run:
            grown[made.path] = made
            bar.update(task, description=made.path.stem, completed=made.done, total=len(made.recipe.names))
    for made in grown.values():
        written, whole = made.write(html=writing.html), made.done == len(made.recipe.names)
        rest = "" if whole else f" ({made.done} of {len(made.recipe.names)} pictures; the same command goes on)"
        if not writing.quiet or not whole:
            own = f"{model.title}, {listed(made.recipe.stages[0].layers, 3)}"
            say(f"wrote {' and '.join(map(str, written))}: {own}{rest}")
    if run.by is not None:
        raise run.by


def zoom(asked: Zoom, network: Network, writing: Output) -> None:
    """A camera's way into a photo, as a film."""
    model = model_of(network)
    shot = zoom_of(model, asked)
    _shoot(model, shot, f"{shortened(photo_path(asked.photo).stem)}-zoom{film_ending()}", writing)


def film(asked: Film, network: Network, writing: Output) -> None:
    """Footage as a dream."""
    model = model_of(network)
    shot = film_of(model, asked)
    _shoot(model, shot, f"{shortened(Path(asked.footage).stem)}-dream{film_ending()}", writing)


def _shoot(model: Model, shot: Shot, name: str, writing: Output) -> None:
    """Makes a film; what is finished when it ends early is written too, and kept for going on."""
    target = path_named(writing.output or ".")
    reel = Reel(shot, target / name if target.is_dir() else target, force=writing.force)
    run = _Ended(reel.frames())
    with _bar(quiet=writing.quiet) as bar:
        task = bar.add_task(reel.path.name, total=shot.total, completed=reel.done)
        for frame in run:
            bar.update(task, completed=frame.number + 1)
    if run.by is not None and not reel.done:
        raise run.by
    written = reel.write(whole=run.by is None)
    rest = "" if run.by is None else f" ({reel.done} of {shot.total or 'its'} frames; the same command goes on)"
    if not writing.quiet or run.by is not None:
        say(f"wrote {written}: {model.title}, {listed(shot.record.arguments['layers'], 3)}{rest}")
    if run.by is not None:
        raise run.by


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
