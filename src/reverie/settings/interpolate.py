"""What `interpolate` takes."""

from typing import Annotated

from msgspec import Meta

from reverie.settings.fields import Made, PictureSize, Prior, RandomSeed, Some, Steps, Unit
from reverie.settings.parts import Network, Several
from reverie.settings.setting import Settings, asked


class Interpolate(Settings):
    """Draws a strip of pictures from one unit to another, neighbours alike, so that one sees what they share."""

    made_by = "reverie.recipes.interpolation:interpolate"
    leading = ("through",)
    asks = Network
    writes = Several
    usage = ("block11:3 block11:40", "logits:tabby logits:lion --between 6")

    through: Annotated[
        tuple[Unit, ...],
        asked(
            "Two units or more, in their order: LAYER:CHANNEL, logits:CLASS ...",
            argument="UNIT...",
            reads="unit",
        ),
    ]
    between: Annotated[Annotated[int, Meta(ge=0, le=64)], asked("Pictures between two of them.")] = 4
    align: Annotated[
        str | None, asked("LAYER or LAYER=WEIGHT in which neighbours are kept alike too.", group="Objective")
    ] = None
    parameterization: Made = "aligned"
    prior: Prior = ()
    steps: Annotated[Steps, asked("Steps of Adam.")] = 256
    rate: Annotated[Some | None, asked("Adam's first rate, which falls to a twentieth.")] = None
    size: PictureSize = None
    seed: RandomSeed = 0
