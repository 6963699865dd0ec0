"""What `filters` takes."""

from typing import Annotated

from msgspec import Meta

from reverie.settings.choices import Choice
from reverie.settings.fields import SCALES, Most, OneUnit, OtherPictures, RandomSeed, Whole
from reverie.settings.parts import Drawn, Network
from reverie.settings.setting import Settings, asked

ORDERS = Choice("order", {"norm": "the longest weights first", "channel": "its number"})


class Linking(Settings):
    """How the connections of a channel are drawn."""

    links: Annotated[Whole, asked("How many of the strongest weights each way.", group="Objective")] = 8
    steps: Annotated[
        Annotated[int, Meta(ge=0)], asked("Steps of other units' pictures; 0 leaves them out.", group="Objective")
    ] = 32
    pictures: OtherPictures = None
    seed: RandomSeed = 0


class Connections(Linking, kw_only=True):
    """Draws the strongest weights into a unit and out of it, with pictures of the units at their other ends."""

    made_by = "reverie.atlas.links:connections"
    leading = ("unit",)

    unit: OneUnit
    size: Annotated[
        Whole | None, asked("Side of each unit's picture, at most the network's native one; 128 unless given.")
    ] = None


class Filters(Linking, kw_only=True):
    """Draws the weights of a layer's channels: the first layer's in colours, of deeper ones a kernel for each input."""

    made_by = "reverie.recipes.weights:filters"
    leading = ("layer",)
    asks = Network
    writes = Drawn
    usage = ("stem", "block8:12 --html")

    layer: Annotated[
        str,
        asked(
            "LAYER or LAYER:0-15 for kernels; LAYER:CHANNEL for what feeds a channel, what it feeds.", argument="LAYER"
        ),
    ]
    most: Most = 64
    scale: Annotated[float | str, asked("Where the colours end: {}.", choice=SCALES)] = "own"
    order: Annotated[str, asked("Which channel comes first: by {}.", choice=ORDERS)] = "norm"
    size: Annotated[Annotated[int, Meta(ge=8, le=2048)], asked("Side of each picture.")] = 160
    kernels: Annotated[bool, asked("Of a single channel draw the kernels alone.", group="Objective")] = False
