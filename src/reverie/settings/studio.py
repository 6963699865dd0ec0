"""What `studio` takes."""

from typing import Annotated

from msgspec import Meta

from reverie.settings.parts import Network
from reverie.settings.setting import Settings, asked


class Studio(Settings):
    """Opens the studio: all of it in a browser, live, on this machine alone."""

    asks = Network
    usage = ("", "--model bundled --folder pictures")

    atlas: Annotated[
        str | None,
        asked("A file of `reverie atlas build`, to browse and to take units' pictures from.", group="Common"),
    ] = None
    scan: Annotated[
        str | None,
        asked("A file of `reverie scan`, for real patches on units' cards; the atlas's unless given.", group="Common"),
    ] = None
    folder: Annotated[
        str, asked("Where pictures are kept, as PNGs with their records; made unless there.", group="Common")
    ] = "reverie-studio"
    port: Annotated[
        Annotated[int, Meta(ge=0, le=65_535)], asked("Port on 127.0.0.1; 0 for any that is free.", group="Common")
    ] = 0
    no_browser: Annotated[bool, asked("Say the address, and open no browser.", group="Common")] = False
