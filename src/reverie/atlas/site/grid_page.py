"""The activation atlas of a layer on its page: its cells' pictures and patches in sheets, the rest in a script."""

from pathlib import Path

from reverie.atlas.site.contents import GridEntry
from reverie.atlas.site.plain import Names, clipped
from reverie.atlas.site.scripts import short, write_script
from reverie.atlas.site.tiles import LARGE, PATCH, Encoding, TileSheets, decoded, tile

ACROSS = 16  # cells side by side in a sheet, and rows of cells


def write_grid(folder: Path, number: int, layer: str, found: GridEntry, encoding: Encoding) -> None:
    """Writes what a page shows of an activation atlas.

    Args:
        folder: the site's.
        number: of the layer.

    Raises:
        AtlasRefused: a picture is damaged.
    """
    place, names, photos = folder / "data" / str(number), Names(), Names()
    side, most = min(found.side, LARGE), max((len(cell.patches) for cell in found.cells), default=0)
    pictures = TileSheets(place / "cells", side, ACROSS, ACROSS, encoding)
    real = TileSheets(place / "pieces", PATCH, most, ACROSS, encoding) if most else None
    cells = []
    for cell in found.cells:
        name = f"{layer}, row {cell.row}, column {cell.column},"
        pictures.add([tile(decoded(cell.file, name), side)])
        if real is not None:
            pieces = [tile(decoded(file, name), PATCH, real=True) for file, _ in cell.patches]
            real.add([*pieces, *[None] * (most - len(pieces))])
        classes = [[names(text), short(value)] for text, value in cell.classes]
        cells.append([cell.row, cell.column, cell.count, classes, [photos(photo) for _, photo in cell.patches]])
    for sheets in (pictures, real):
        if sheets is not None:
            sheets.close()
    about = {"height": found.height, "width": found.width, "about": clipped(found.about), "most": most}
    told = {**about, "cells": cells, "classes": names.texts, "photos": photos.texts}
    write_script(folder, f"data/{number}/grid", told)
