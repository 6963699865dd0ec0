"""The figure of an activation atlas: a poster, and a page to look around in."""

import base64
import io
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jinja2
from PIL import Image, ImageDraw

from reverie.atlas.site.plain import Names
from reverie.figures.lettering import wrapped, write
from reverie.figures.naming import listed_files
from reverie.files import replacing, save
from reverie.paths import check_output, path_named
from reverie.photo import opaque
from reverie.record import Record

GAP, MARGIN, LEAST = 2, 28, 0.12  # pixels between pictures, round them; of a cell's side a picture's smallest
LARGE, SMALL, LINE = 24, 13, 18  # of letters; between lines
INK, SOFT, GROUND = "#1d1d1f", "#6e6e73", "#fdfdfb"
QUALITY, ROUGH = 88, 80  # of the page's pictures, and of its real patches, as WebP


@dataclass(frozen=True, eq=False)
class GridCell:
    """One place of an activation atlas.

    Attributes:
        picture: None where it is not drawn yet.
        count: activations in it.
        classes: (name, evidence), the strongest first.
        patches: real ones, all of one size, each with its photo's name.
        share: of the cell's side that the picture takes.
    """

    row: int
    column: int
    picture: Image.Image | None
    count: int
    classes: tuple[tuple[str, float], ...] = ()
    patches: tuple[tuple[Image.Image, str], ...] = field(default=(), repr=False)
    share: float = 1.0


@dataclass(frozen=True, eq=False)
class ActivationGrid:
    """An activation atlas, or the activation grid of a photo.

    Attributes:
        layer: whose activations they are.
        about: lines about how it was made.
        shape: (rows, columns) of the grid.
        side: of the pictures, pixels.
        cells: those that are not empty, row by row.
    """

    layer: str
    about: tuple[str, ...]
    shape: tuple[int, int]
    side: int
    cells: tuple[GridCell, ...]
    record: Record

    def __len__(self) -> int:
        """How many cells are drawn."""
        return sum(cell.picture is not None for cell in self.cells)

    @property
    def title(self) -> str:
        """What the figure is called."""
        return f"What {self.layer} sees"

    @property
    def mosaic(self) -> Image.Image:
        """The pictures at their cells, nothing else: transparent between them."""
        step = self.side + GAP
        page = Image.new("RGBA", (self.shape[1] * step - GAP, self.shape[0] * step - GAP), (0, 0, 0, 0))
        for cell in self.cells:
            if cell.picture is not None:
                side = max(1, round(self.side * max(LEAST, cell.share)))
                shown = opaque(cell.picture).convert("RGBA")
                shown = shown if side == self.side else shown.resize((side, side), Image.Resampling.LANCZOS)
                inset = (self.side - side) // 2
                page.paste(shown, (cell.column * step + inset, cell.row * step + inset))
        return page

    @property
    def poster(self) -> Image.Image:
        """The pictures under a title."""
        inside = self.mosaic
        width = max(inside.width, 420)
        lines = [line for text in self.about for line in wrapped(text, width, SMALL)]
        head = MARGIN + LARGE + 12 + LINE * len(lines) + 14
        page = Image.new("RGB", (width + 2 * MARGIN, head + inside.height + MARGIN), GROUND)
        pen = ImageDraw.Draw(page)
        write(pen, (MARGIN, MARGIN - 6), self.title, INK, LARGE)
        for number, line in enumerate(lines):
            write(pen, (MARGIN, MARGIN + LARGE + 8 + LINE * number), line, SOFT, SMALL)
        page.paste(inside, (MARGIN, head), inside)
        return page

    @property
    def page(self) -> str:
        """One HTML file that any browser opens without a network; its data are JSON within."""
        world = jinja2.Environment(loader=jinja2.PackageLoader("reverie", "atlas"), autoescape=True)
        return world.get_template("grid.html").render(title=self.title, about=self.about, data=self._data())

    def _data(self) -> dict[str, Any]:
        photos = Names()
        cells = [
            {
                "row": cell.row, "column": cell.column, "count": cell.count, "drawn": cell.picture is not None,
                "share": round(cell.share, 4),
                "patches": [photos(name) for _, name in cell.patches],
                "classes": [[name, round(value, 4)] for name, value in cell.classes],
            }
            for cell in self.cells
        ]  # fmt: skip
        strip, most = self._strip(), max((len(cell.patches) for cell in self.cells), default=0)
        return {
            "rows": self.shape[0], "columns": self.shape[1], "side": self.side, "step": self.side + GAP,
            "layer": self.layer, "network": self.record.model.get("name"), "cells": cells,
            "pictures": _address(self.mosaic, QUALITY), "patches": None if strip is None else _address(strip, ROUGH),
            "patch": 0 if strip is None else strip.height // self._lines, "most": most, "across": self._across,
            "photos": photos.texts,
        }  # fmt: skip

    @property
    def _across(self) -> int:
        """Cells side by side in the picture of all patches."""
        return max(1, math.isqrt(len(self.cells)))

    @property
    def _lines(self) -> int:
        return -(-len(self.cells) // self._across)

    def _strip(self) -> Image.Image | None:
        """All real patches in one picture: of each cell a run of them, so many cells side by side."""
        most = max((len(cell.patches) for cell in self.cells), default=0)
        if not most:
            return None
        side = next(cell.patches[0][0].width for cell in self.cells if cell.patches)
        page = Image.new("RGB", (self._across * most * side, self._lines * side), GROUND)
        for number, cell in enumerate(self.cells):
            row, column = divmod(number, self._across)
            for place, (patch, _) in enumerate(cell.patches):
                page.paste(patch, ((column * most + place) * side, row * side))
        return page

    def save(self, path: str | Path) -> list[Path]:
        """Writes the poster with its record, and beside it the page (.html).

        Raises:
            OutputFailed: an ending that is not known, or a folder that cannot be written; nothing half is left.
        """
        path = check_output(path_named(path))
        page = path.with_suffix(".html")
        with replacing(page) as html:
            html.write(self.page.encode())
            return [*save(self.poster, path, str(self.record)), page]

    def told(self, written: Sequence[Path]) -> list[str]:
        """Where it was written to, and what it shows."""
        missing = len(self.cells) - len(self)
        rest = [f"{missing} of {len(self.cells)} cells are not drawn"] if missing else []
        return [f"wrote {listed_files(written)}: {len(self)} cells", *self.about, *rest]

    def __repr__(self) -> str:
        return f"<ActivationGrid {json.dumps(self.layer)}: {len(self)} cells of {self.shape[0]}x{self.shape[1]}>"

    def _repr_png_(self) -> bytes:
        buffer = io.BytesIO()
        self.poster.save(buffer, "PNG")
        return buffer.getvalue()


def _address(picture: Image.Image, quality: int) -> str:
    buffer = io.BytesIO()
    picture.save(buffer, "WEBP", quality=quality, method=4)
    return f"data:image/webp;base64,{base64.b64encode(buffer.getvalue()).decode()}"
