"""The process that writes an atlas as the site that the studio shows."""

from pathlib import Path

from reverie.atlas.atlas_file import read_atlas
from reverie.atlas.site.atlas_contents import AtlasContents
from reverie.atlas.site.publishing import SiteRun
from reverie.atlas.site.tiles import encoding
from reverie.errors import ReverieError
from reverie.runs import finished
from reverie.settings.atlas_site import Export
from reverie.studio.messages import Line


def export_atlas(line: Line) -> None:
    """Writes the atlas that the first message names into the folder that it names, and ends."""
    asked = line.receive() or {}
    number, settings = asked["number"], Export.made(atlas=asked["atlas"])
    try:
        pictures = encoding(settings.format, settings.quality)
        site = finished(SiteRun(AtlasContents(read_atlas(settings.atlas)), Path(asked["place"]), pictures))
        line.send(number=number, answer=site.units)
    except ReverieError as error:
        line.send(number=number, error=str(error))
