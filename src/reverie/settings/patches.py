"""What `patches` takes."""

from typing import Annotated, Any

from msgspec import Meta

from reverie.settings.choices import Choice
from reverie.settings.fields import Unit, Whole
from reverie.settings.parts import Pictured, Recorded
from reverie.settings.setting import Settings, asked

KINDS = Choice(
    "kind of patch",
    {
        "top": "where the channel is largest",
        "least": "where it is smallest",
        "median": "the largest place of photos that excite it neither much nor little",
        "random": "places of photos chosen by chance",
    },
)
BESIDE = Choice("picture beside a patch", ("gradient", "guided-backprop"))


class Patches(Settings):
    """Shows the real patches that excite units, from a scan: cut out at the receptive field, each value checked."""

    made_by = "reverie.atlas.patch_sheets:patches"
    leading = ("units", "scan")
    asks = Recorded
    writes = Pictured
    usage = (
        "block8:12 --scan scan.db",
        "block8:0-3 --scan scan.db --kind top --kind least",
    )

    units: Annotated[tuple[Unit, ...], asked("LAYER:CHANNEL, LAYER:0-3, logits:CLASS ...", argument="UNIT...")]
    scan: Annotated[Any, asked("The file that `reverie scan` wrote, or an atlas.", group="Common")]
    photos: Annotated[str | None, asked("Where the photos are now; where they were unless given.", group="Common")] = (
        None
    )
    kind: Annotated[tuple[str, ...], asked("{}.", choice=KINDS)] = ("top",)
    most: Annotated[Whole, asked("How many patches of each kind.")] = 9
    beside: Annotated[str | None, asked("Beside each patch its picture by {}.", choice=BESIDE)] = None
    side: Annotated[Annotated[int, Meta(ge=16, le=2048)], asked("Side of a patch's picture, in pixels.")] = 160
    copies: Annotated[
        bool, asked("Show copies of one photo, files of the same bytes, each by itself; else the first alone.")
    ] = False
