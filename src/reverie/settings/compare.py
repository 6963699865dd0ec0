"""What `compare` takes."""

from typing import Annotated

from msgspec import Meta

from reverie.settings.fields import Area, Photo, RandomSeed, Some, Steps, Whole, sized
from reverie.settings.parts import Network, Several
from reverie.settings.setting import Settings, asked


class Compare(Settings):
    """Shows the first feature of a layer, the first few and all of them side by side, each climbed by equal steps."""

    made_by = "reverie.recipes.comparisons:compare"
    leading = ("layer",)
    asks = Network
    writes = Several
    usage = ("block8", "block8 --photo photo.jpg")

    layer: Annotated[str, asked("The layer whose features are compared.", argument="LAYER")]
    photo: Annotated[Photo | None, asked("Start from this photo too, in a second row.", reads="photo")] = None
    few: Annotated[Whole, asked("How many features the first few are.", group="Objective")] = 5
    steps: Annotated[Steps, asked("Steps of each picture.")] = 96
    rate: Annotated[Some, asked("Length of the first step, falling to a sixth.")] = 0.02
    size: Annotated[
        Area | None,
        asked("The long side, or HEIGHTxWIDTH; the native size, and the photo's aspect, unless given.", parse=sized),
    ] = None
    every: Annotated[
        Whole, asked("Steps from one measurement of how far the features' gradients cancel to the next.", rare=True)
    ] = 8
    sample: Annotated[
        Annotated[int, Meta(ge=0)],
        asked("Features whose gradients are measured, evenly spread; 0 for all.", rare=True),
    ] = 32
    seed: RandomSeed = 0
