"""What `dream` takes, and what every dream is made of."""

from typing import Annotated

from msgspec import Meta

from reverie.settings.fields import (
    Also,
    DreamPreset,
    EachPhoto,
    Mask,
    Photo,
    PhotoPrior,
    PhotoSize,
    RandomSeed,
    Rate,
    Reduction,
    StepsEach,
    Tile,
    Weighted,
)
from reverie.settings.parts import Filmed, Network
from reverie.settings.setting import Settings, asked


class Dreaming(Settings):
    """How a photo is amplified."""

    layers: Weighted = ()
    preset: DreamPreset = "default"
    octaves: Annotated[
        Annotated[int, Meta(ge=1, le=50)] | None,
        asked("Number of sizes, from coarse to fine; the larger the picture, the more, unless given."),
    ] = None
    octave_scale: Annotated[
        Annotated[float, Meta(ge=1.01, le=10)] | None, asked("Ratio of a size to the one before.", rare=True)
    ] = None
    steps: StepsEach = None
    rate: Rate = None
    strength: Annotated[
        Annotated[float, Meta(ge=0.01, le=100)],
        asked("How strong a dream, beside the preset's: .5 for half as far, 2 for twice.", group="Common"),
    ] = 1.0
    jitter: Annotated[Annotated[int, Meta(ge=0)] | None, asked("Largest random shift, in pixels.", rare=True)] = None
    reduction: Reduction = None
    guide: Annotated[
        Photo | None,
        asked(
            "A photo whose features are sought: each position grows its best match.", group="Objective", reads="photo"
        ),
    ] = None
    also: Also = ()
    prior: PhotoPrior = ()
    mask: Mask = None
    size: PhotoSize = None
    tile: Tile = None
    seed: RandomSeed = 0


class Dream(Dreaming, kw_only=True):
    """Amplifies in a photo what layers or units see in it, from coarse to fine."""

    made_by = "reverie.recipes.deep_dream:dream"
    leading = ("photo", "layers")
    asks = Network
    writes = Filmed
    usage = ("photo.jpg", "photo.jpg --layer block11 --size 2048")

    photo: EachPhoto
