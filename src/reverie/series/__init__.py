"""Many runs in a row: sheets of whole layers, zooms and films."""

from reverie.series.sheets import Sheet, sheet, sweep

__all__ = ["Sheet", "sheet", "sweep"]
