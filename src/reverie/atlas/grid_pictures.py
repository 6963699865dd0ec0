"""Pictures of directions: one for each cell of a grid, all started and shaken alike, so that neighbours look alike."""

from collections.abc import Sequence
from dataclasses import replace

from torch import Tensor

from reverie.constraints import in_range
from reverie.errors import InvalidSetting
from reverie.image import Size
from reverie.models.model import Model
from reverie.objectives import Objective, direction
from reverie.objectives.whitening import whitened_direction
from reverie.recipes.presets import FEATURE, ascent
from reverie.settings.grid import Grid
from reverie.synthesis import Recipe, Stage
from reverie.unit import Unit

SIDE = 96  # of a picture unless another one is asked for


def cell_pictures(model: Model, asked: Grid, vectors: Sequence[Tensor], matrix: Tensor | None) -> Recipe:
    """The recipe of a picture for each activation [C].

    All begin from the same noise and are seen through the same shifts: what differs between neighbours is what the
    network sees, not chance.

    Args:
        matrix: [C,C], whitens them; None leaves them as they are.

    Raises:
        InvalidSetting: a size at which the network does not run.
    """
    size, preset = picture_size(model, asked), replace(FEATURE["default"], steps=asked.steps)
    unit = Unit(asked.layer)

    def aim(vector: Tensor) -> Objective:
        if matrix is None:
            return direction(unit, vector, cosine=asked.cosine)
        return whitened_direction(unit, vector, matrix, cosine=asked.cosine)

    names = tuple("cell" for _ in vectors)
    return Recipe(
        names=names,
        stages=(Stage(tuple(aim(vector) for vector in vectors), size, asked.steps, ascent(preset, 0, None)),),
        parameterization=preset.parameterization,
        transforms=preset.transforms,
        constraint=None if preset.parameterization.bounded else in_range,
        seed=asked.seed,
        redirect=preset.redirect,
        batch=model.together(size) if asked.batch is None else asked.batch,
        labels=names,
    )


def picture_size(model: Model, asked: Grid) -> Size:
    """How large each cell's picture is: as asked for, else SIDE, or the native size where that is smaller.

    Raises:
        InvalidSetting: one at which the network does not run.
    """
    side = min(SIDE, *model.size) if asked.size is None else asked.size
    smallest = model.smallest_side([asked.layer])
    if side < min(smallest, *model.size):
        raise InvalidSetting(
            f"{model.name} does not run on a picture of {side}x{side} up to {asked.layer}: the smallest side is "
            f"{smallest}; give a larger --size"
        )
    return side, side
