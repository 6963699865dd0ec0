"""What `sheet` takes."""

from typing import Annotated

from reverie.settings.feature import Featuring
from reverie.settings.fields import Unit, Whole
from reverie.settings.parts import Network, Paged
from reverie.settings.setting import asked


class Sheet(Featuring, kw_only=True):
    """Draws every channel of layers: for each layer a captioned sheet, and a folder that keeps what is finished."""

    made_by = "reverie.atlas.layer_sheets:sheet"
    leading = ("layers", "folder")
    asks = Network
    writes = Paged
    usage = ("block11 -o sheets/", "block8:0-63 block11 --html", "block8:0-63 --scan scan.db")

    layers: Annotated[
        tuple[Unit, ...],
        asked(
            "LAYER for all its channels, or units such as LAYER:0-63; one sheet each.",
            argument="LAYER...",
            reads="unit",
        ),
    ]
    groups: Annotated[
        Whole | None,
        asked(
            "Draw so many groups of channels that fire together in photos, in place of each channel.", group="Objective"
        ),
    ] = None
    photos: Annotated[
        tuple[str, ...],
        asked(
            "A folder of photos by which each picture is scored; with --groups photos or folders in which these are "
            "looked for, the sample photos unless given.",
            group="Objective",
        ),
    ] = ()
    scan: Annotated[
        str | None,
        asked(
            "A file of `reverie scan`, or an atlas, by which each picture is scored.", group="Objective", names="file"
        ),
    ] = None
