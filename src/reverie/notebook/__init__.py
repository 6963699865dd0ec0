"""For notebooks: a run that is watched as it goes, and cards of units, as widgets (extra `notebook`)."""

from reverie.notebook.live import Live, live
from reverie.notebook.unit_cards import UnitCards, unit_cards

__all__ = ["Live", "UnitCards", "live", "unit_cards"]
