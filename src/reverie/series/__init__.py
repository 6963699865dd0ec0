"""Many runs in a row: sheets of whole layers, zooms and films."""

from reverie.series.examples import patches, scanned_model
from reverie.series.films import film
from reverie.series.groups import channel_groups
from reverie.series.sheets import Sheet, sheet, sweep
from reverie.series.shots import Frame, Shot
from reverie.series.zooms import zoom

__all__ = ["Frame", "Sheet", "Shot", "channel_groups", "film", "patches", "scanned_model", "sheet", "sweep", "zoom"]
