"""What `atlas grid` takes."""

from typing import Annotated, Any

from msgspec import Meta

from reverie.settings.fields import LAYOUTS, Batch, Photo, RandomSeed, Steps, Whole, Workers
from reverie.settings.parts import Network, Output
from reverie.settings.setting import Settings, asked

CELLS = 48  # along a side, at most
PATCHES = 6  # of a cell, at most
NAMED = 6  # classes that a cell speaks for


class Gridded(Output):
    """The output of an activation atlas, and the atlas file that keeps it too."""

    atlas: Annotated[
        str | None, asked("Atlas file of the network that keeps the cells too: its site shows them.", group="Output")
    ] = None


class Grid(Settings):
    """Draws an activation atlas: what a layer sees anywhere in many photos, or at each place of one, as pictures.

    Like lies beside like; each picture shows what the activations of its cell have in common.
    """

    within = "atlas"
    made_by = "reverie.atlas.activation_grid:grid"
    leading = ("layer",)
    asks = Network
    writes = Gridded
    usage = ("block11 --photos photos/", "block11 --photo sample:flower")

    layer: Annotated[str, asked("LAYER with a grid, such as a block.", argument="LAYER", reads="unit")]
    photos: Annotated[
        Any | None,
        asked("Photos to look at: a folder, a .tar file, or a .txt file that names one path a line.", group="Common"),
    ] = None
    photo: Annotated[
        Photo | None,
        asked("One photo: at each place of the layer what the network sees there.", group="Common", reads="photo"),
    ] = None
    cells: Annotated[
        Annotated[int, Meta(ge=2, le=CELLS)], asked("Cells along a side of the atlas.", group="Common")
    ] = 20
    positions: Annotated[
        Annotated[int, Meta(ge=100, le=1_000_000)],
        asked("How many activations are laid out, drawn by chance from all photos.", group="Objective"),
    ] = 10_000
    fewest: Annotated[Whole, asked("Activations below which a cell stays empty.", group="Objective")] = 5
    method: Annotated[str, asked("How they are laid out: {}.", group="Objective", choice=LAYOUTS)] = "tsne"
    cosine: Annotated[
        Annotated[float, Meta(ge=0, le=16)],
        asked("Power of the cosine by which a direction is weighed.", group="Objective", rare=True),
    ] = 2.0
    plain: Annotated[
        bool, asked("Do not whiten: what all activations share counts as much as what tells them apart.", rare=True)
    ] = False
    size: Annotated[
        Annotated[int, Meta(ge=16, le=512)] | None,
        asked("Side of a cell's picture; 96, or the network's native one where that is smaller, unless given."),
    ] = None
    steps: Annotated[Steps, asked("Steps of each picture.")] = 128
    patches: Annotated[
        Annotated[int, Meta(ge=0, le=PATCHES)], asked("Real patches of each cell, on the page.", group="Objective")
    ] = PATCHES
    batch: Batch = None
    workers: Workers = None
    seed: RandomSeed = 0
