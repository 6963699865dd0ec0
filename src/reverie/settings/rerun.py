"""What `rerun` takes."""

from typing import Annotated

from reverie.settings.parts import Recorded, Several
from reverie.settings.setting import Settings, asked


class Rerun(Settings):
    """Repeats a picture or a sheet from the record inside it: the same bits on the same machine's processor."""

    asks = Recorded
    writes = Several
    usage = ("photo-dream-1.png", "sheet.png --unit block8:12")

    picture: Annotated[
        str, asked("A PNG that reverie wrote, or a JPEG or WebP with its record beside it.", argument="PICTURE")
    ]
    unit: Annotated[str | None, asked("Repeat this unit's picture of a sheet alone.", group="Common")] = None
    photo: Annotated[
        tuple[str, ...], asked("The photo or mask, where it is not found by its name.", group="Common")
    ] = ()
    decoder: Annotated[str | None, asked("The decoder that painted it, path/to/file.py:factory.", group="Network")] = (
        None
    )
    also: Annotated[
        tuple[str, ...],
        asked("The other networks that it excites, where they are code or weights of their own.", group="Network"),
    ] = ()
