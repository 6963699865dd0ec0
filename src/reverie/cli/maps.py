"""The command that lays out photos."""

from pathlib import Path

from reverie.cli.bars import watched
from reverie.cli.runs import check_free, model_of, target_for
from reverie.cli.saying import say
from reverie.image import photo_path
from reverie.imagemap.build import MapRun
from reverie.imagemap.image_map import ENDING
from reverie.settings.map import Map
from reverie.settings.parts import Network, Output


def map(asked: Map, network: Network, writing: Output) -> None:  # a command's name
    """A picture, a page and a map's file."""
    target = target_for(writing, f"{photo_path(asked.photos).resolve().stem}-map")
    for beside in (".html", ENDING):
        check_free(target.with_suffix(beside), writing.force)
    run = MapRun(model_of(network), asked)
    reading = watched(run, quiet=writing.quiet)
    if reading.ended is None or (reading.last is not None and len(run.result())):
        made = run.result()
        written = made.save(target)
        if not writing.quiet or reading.ended is not None:
            say(f"wrote {_listed(written)}", *made.about)
    if reading.ended is not None:
        raise reading.ended


def _listed(paths: list[Path]) -> str:
    return f"{', '.join(str(path) for path in paths[:-1])} and {paths[-1]}"
