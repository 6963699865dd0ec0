"""The command that lays out photos."""

from pathlib import Path
from typing import Any

from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn

from reverie.cli.bars import Bar
from reverie.cli.runs import check_free, model_of, target_for
from reverie.cli.saying import say
from reverie.image import photo_path
from reverie.imagemap.build import image_map
from reverie.imagemap.image_map import ENDING
from reverie.settings.map import Map
from reverie.settings.parts import Network, Output

SHOWN = 8  # photos that were passed over and are named one by one


def map(asked: Map, network: Network, writing: Output) -> None:  # a command's name
    """A picture, a page and a map's file."""
    target = target_for(writing, f"{photo_path(asked.photos).resolve().stem}-map")
    for beside in (".html", ENDING):
        check_free(target.with_suffix(beside), writing.force)
    model, quiet = model_of(network), writing.quiet
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    with Bar(*columns, quiet=quiet) as bar:
        tasks: dict[str, Any] = {}

        def heard(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = bar.add_task(what, total=total)
            bar.update(tasks[what], completed=done)

        made = image_map(model, heard=heard, **asked.flat())
    _complain(made.failures)
    written = made.save(target)
    if not quiet:
        say(f"wrote {_listed(written)}", *made.about)


def _complain(failures: tuple[tuple[str, str], ...]) -> None:
    """Names the photos that were passed over."""
    for _, reason in failures[:SHOWN]:
        say(f"reverie: passed over: {reason}", err=True)
    if len(failures) > SHOWN:
        say(f"reverie: passed over {len(failures) - SHOWN} more photos", err=True)


def _listed(paths: list[Path]) -> str:
    return f"{', '.join(str(path) for path in paths[:-1])} and {paths[-1]}"
