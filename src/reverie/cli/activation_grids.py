"""The command that draws an activation atlas."""

from reverie.atlas.activation_grid import grid_run
from reverie.cli.reading import kept
from reverie.cli.runs import check_free, model_of, target_for
from reverie.settings.grid import Grid
from reverie.settings.parts import Network, Output


def atlas_grid(asked: Grid, network: Network, writing: Output) -> None:
    """A poster, and a page beside it."""
    target = target_for(writing, f"{asked.layer}-grid")
    check_free(target.with_suffix(".html"), writing.force)
    kept(grid_run(model_of(network), asked), lambda made: made.save(target), quiet=writing.quiet)
