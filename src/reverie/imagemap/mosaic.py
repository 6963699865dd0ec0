"""Mosaics: thousands of thumbnails on a grid, as one large picture."""

from collections.abc import Sequence

import numpy as np
from PIL import Image

from reverie.imagemap.sprites import Sprites

GROUND = (20, 22, 26)


def mosaic(sprites: Sprites, cells: Sequence[int] | np.ndarray, shape: tuple[int, int]) -> Image.Image:
    """Each thumbnail at its cell, a thin dark line between them.

    Args:
        cells: of each thumbnail, counted row by row.
        shape: (rows, columns) of the grid.
    """
    gap = max(1, sprites.side // 32)
    step = sprites.side + gap
    page = np.empty((shape[0] * step + gap, shape[1] * step + gap, 3), np.uint8)
    page[:] = GROUND
    for cell, thumbnail in zip(cells, sprites.thumbnails(), strict=True):
        top, left = gap + int(cell) // shape[1] * step, gap + int(cell) % shape[1] * step
        page[top : top + sprites.side, left : left + sprites.side] = thumbnail
    return Image.fromarray(page)
