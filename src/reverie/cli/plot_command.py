"""The command that draws a trace."""

from pathlib import Path

from reverie.cli.picture_commands import check_free, target_for
from reverie.cli.saying import say
from reverie.figures.film_writer import Film, check_film
from reverie.paths import path_named
from reverie.recipes.trace_plots import plot as plot_of
from reverie.settings.listings import Plot
from reverie.settings.parts import Output
from reverie.synthesis.filming import RATE


def plot(asked: Plot, writing: Output) -> None:
    """Draws the trace that lies beside a picture, and tells which features rose most and which never did."""
    film = None if asked.film is None else path_named(asked.film)
    target = target_for(writing, f"{Path(asked.picture).stem}-plot")
    if film is not None:
        check_free(check_film(film), writing.force)
    drawn = plot_of(asked.picture)
    written = [drawn.save(target)]
    if film is not None:
        with Film(film, RATE) as reel:
            for frame in drawn.frames():
                reel.write(frame)
            for _ in range(RATE):
                reel.write(drawn.pixels)
        written.append(film)
    if not writing.quiet:
        say(*drawn.lines, *(f"wrote {path}" for path in written))
