"""The command that lays out photos."""

from reverie.cli.picture_commands import check_free, model_of, target_for
from reverie.cli.run_reader import kept
from reverie.imagemap.build import MapRun
from reverie.imagemap.image_map import ENDING
from reverie.paths import photo_path
from reverie.settings.map import Map
from reverie.settings.parts import Network, Output


def map(asked: Map, network: Network, writing: Output) -> None:  # a command's name
    """A picture, a page and a map's file."""
    target = target_for(writing, f"{photo_path(asked.photos).resolve().stem}-map")
    for beside in (".html", ENDING):
        check_free(target.with_suffix(beside), writing.force)
    run = MapRun(model_of(network), asked)
    kept(run, lambda made: made.save(target), quiet=writing.quiet)
