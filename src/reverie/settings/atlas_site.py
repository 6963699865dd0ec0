"""What the export of an atlas takes."""

from typing import Annotated

from msgspec import Meta

from reverie.settings.atlas import AtlasFile
from reverie.settings.choices import Choice
from reverie.settings.parts import Output
from reverie.settings.setting import Settings, asked

FORMATS = Choice("format", {"webp": "", "avif": "two fifths smaller"})


class Export(Settings):
    """Writes an atlas as a static site: ordinary files, for any browser and any host, from the disk too."""

    within = "atlas"
    writes = Output
    usage = ("bundled.atlas -o site/", "bundled.atlas -o site/ --format avif")

    atlas: AtlasFile
    format: Annotated[str, asked("Format of the pictures: {}.", group="Output", choice=FORMATS)] = "webp"
    quality: Annotated[
        Annotated[int, Meta(ge=1, le=100)] | None,
        asked("Quality of the pictures; 70 for webp, 50 for avif, unless given.", group="Output"),
    ] = None


class Open(Settings):
    """Opens an atlas in a browser: its site, which is written into the cache folder where it is not there yet."""

    within = "atlas"
    usage = ("bundled.atlas", "bundled.atlas --no-browser")

    atlas: AtlasFile
    no_browser: Annotated[bool, asked("Say where the page is, and open no browser.", group="Common")] = False
    quiet: Annotated[bool, asked("No progress; errors only.", group="Output", flag="--quiet -q")] = False
