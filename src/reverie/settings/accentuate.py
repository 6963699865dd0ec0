"""What `accentuate` takes."""

from typing import Annotated

from msgspec import Meta

from reverie.settings.fields import Mask, NativeSize, OnePhoto, PhotoPrior, RandomSeed, Some, Steps, Unit
from reverie.settings.parts import Network, Several
from reverie.settings.setting import Settings, asked


class Accentuate(Settings):
    """Changes a photo so that units respond more while an early layer's features stay: what in it they look for."""

    made_by = "reverie.recipes.exaggeration:accentuate"
    leading = ("photo", "unit")
    asks = Network
    writes = Several
    usage = ("photo.jpg logits:tabby", "photo.jpg block11:3 --negative")

    photo: OnePhoto
    unit: Annotated[
        tuple[Unit, ...],
        asked(
            "What to raise: LAYER:CHANNEL, LAYER:0-15, logits:CLASS ...",
            argument="UNIT...",
            reads="unit",
        ),
    ]
    negative: Annotated[bool, asked("Lower the unit instead.", group="Objective")] = False
    hold: Annotated[
        Annotated[float, Meta(ge=0, le=1e6)],
        asked("How hard the photo's features hold against the unit; 0 lets go of the photo.", group="Objective"),
    ] = 0.5
    layer: Annotated[
        str | None,
        asked(
            "Layer whose features are held; one about a quarter of the way to the unit unless given.", group="Objective"
        ),
    ] = None
    mask: Mask = None
    prior: PhotoPrior = ()
    steps: Annotated[Steps, asked("Steps of Adam.")] = 96
    rate: Annotated[Some, asked("Adam's first rate, which falls to a tenth.")] = 0.05
    size: NativeSize = None
    seed: RandomSeed = 0
