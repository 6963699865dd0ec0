"""What `card` takes."""

from typing import Annotated, Any

from msgspec import Meta

from reverie.settings.fields import OneUnit, OtherPictures, RandomSeed, Steps, Whole
from reverie.settings.parts import Network, Output
from reverie.settings.setting import Settings, asked


class Card(Settings):
    """Lays out all that can be shown of a unit: its pictures, real patches, values, weights and similar units."""

    made_by = "reverie.atlas.unit_board:card"
    leading = ("unit",)
    asks = Network
    writes = Output
    usage = ("block8:12", "logits:tabby --scan scan.db")

    unit: OneUnit
    scan: Annotated[
        Any | None,
        asked("A file of `reverie scan`, or an atlas, with this network and layer.", group="Common", names="file"),
    ] = None
    photos: Annotated[
        str | None,
        asked("Where the scanned photos are now; where they were unless given.", group="Common", names="folder"),
    ] = None
    steps: Annotated[Steps, asked("Steps of the unit's own pictures.")] = 128
    size: Annotated[Whole | None, asked("Side of the unit's own pictures; the native one unless given.")] = None
    patches: Annotated[Whole, asked("Real patches of each kind.")] = 9
    links: Annotated[Whole, asked("How many of the strongest weights each way, and of similar units.")] = 8
    link_steps: Annotated[Annotated[int, Meta(ge=0)], asked("Steps of other units' pictures; 0 leaves them out.")] = 32
    pictures: OtherPictures = None
    seed: RandomSeed = 0
