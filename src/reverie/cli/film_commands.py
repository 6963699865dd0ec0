"""The commands of many runs: each stops where one likes, and goes on where it stopped."""

from pathlib import Path

from reverie.atlas.layer_sheets import Sweep, sweep
from reverie.cli.picture_commands import model_of
from reverie.cli.run_reader import kept
from reverie.extras import installed
from reverie.paths import path_named, photo_path, shortened
from reverie.settings.film import Film
from reverie.settings.parts import Network, Output, Paged
from reverie.settings.sheet import Sheet
from reverie.settings.zoom import Zoom
from reverie.video.film_dreams import film as film_of
from reverie.video.frames import Reel, Shot
from reverie.video.zooming import zoom as zoom_of


def sheet(asked: Sheet, network: Network, writing: Paged) -> None:
    """One sheet for each layer, in a folder."""
    model, folder = model_of(network), path_named(writing.output or ".")
    run = Sweep(sweep(model, asked, folder, force=writing.force))
    kept(run, lambda made: made.write(html=writing.html), quiet=writing.quiet)


def zoom(asked: Zoom, network: Network, writing: Output) -> None:
    """A camera's way into a photo, as a film."""
    model = model_of(network)
    shot = zoom_of(model, asked)
    _shoot(shot, f"{shortened(photo_path(asked.photo).stem)}-zoom{film_ending()}", writing)


def film(asked: Film, network: Network, writing: Output) -> None:
    """Footage as a dream."""
    model = model_of(network)
    shot = film_of(model, asked)
    _shoot(shot, f"{shortened(Path(asked.footage).stem)}-dream{film_ending()}", writing)


def _shoot(shot: Shot, name: str, writing: Output) -> None:
    """Makes a film; what is finished when it ends early is written too, and kept for going on."""
    target = path_named(writing.output or ".")
    reel = Reel(shot, target / name if target.is_dir() else target, force=writing.force)
    kept(reel, lambda made: made.write(), quiet=writing.quiet)


def film_ending() -> str:
    """The ending of films that nobody names."""
    return ".mp4" if installed("av") else ".webp"
