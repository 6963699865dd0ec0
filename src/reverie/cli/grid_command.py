"""The command that draws an activation atlas."""

from pathlib import Path

from reverie.atlas.activation_grid import grid_run
from reverie.atlas.atlas_file import read_atlas
from reverie.atlas.grid_figure import ActivationGrid
from reverie.atlas.grid_keeping import enter_grid, keeper
from reverie.cli.picture_commands import check_free, model_of, target_for
from reverie.cli.run_reader import kept
from reverie.errors import InvalidSetting
from reverie.settings.grid import Grid, Gridded
from reverie.settings.parts import Network


def atlas_grid(asked: Grid, network: Network, writing: Gridded) -> None:
    """A poster, a page beside it, and by choice rows of an atlas file."""
    target = target_for(writing, f"{asked.layer}-grid")
    check_free(target.with_suffix(".html"), writing.force)
    if writing.atlas is not None and asked.photo is not None:
        raise InvalidSetting("--atlas keeps the cells of many photos: leave it out, or name them with --photos")
    if writing.atlas is not None:
        read_atlas(writing.atlas)
    run = grid_run(model_of(network), asked)
    if writing.atlas is not None:
        keeper(writing.atlas, run.layer, run.model.source)

    def write(made: ActivationGrid) -> list[Path]:
        return made.save(target) + ([] if writing.atlas is None else [enter_grid(made, writing.atlas)])

    kept(run, write, quiet=writing.quiet)
