"""The page of an image map: one HTML file that any browser opens without a network."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass

import jinja2
import numpy as np

from reverie.imagemap.sprites import Sprites


@dataclass(frozen=True, eq=False)
class MapPage:
    """What the page shows of N photos; `str` of it is the page.

    Attributes:
        title: of the page.
        about: lines about how the map was made, and how good it is.
        names: of the photos.
        classes: of the photos, None where there is none.
        places: [N,2] as (x, y), in cells of the grid.
        cells: [N], counted row by row.
        shape: (rows, columns) of the grid.
        neighbours: [N,k], the nearest first.
        sprites: the N thumbnails.
        fresh: how many of the last photos were placed into the map of the others.
    """

    title: str
    about: Sequence[str]
    names: Sequence[str]
    classes: Sequence[str | None]
    places: np.ndarray
    cells: np.ndarray
    shape: tuple[int, int]
    neighbours: np.ndarray
    sprites: Sprites
    fresh: int = 0

    def __str__(self) -> str:
        world = jinja2.Environment(loader=jinja2.PackageLoader("reverie", "imagemap"), autoescape=True)
        return world.get_template("map.html").render(title=self.title, about=self.about, data=self._data())

    def _data(self) -> dict[str, object]:
        """What the page's script reads; Jinja's `tojson` writes it so that no name can end the script."""
        kinds = sorted({kind for kind in self.classes if kind is not None})
        number = {kind: index for index, kind in enumerate(kinds)}
        return {
            "names": list(self.names),
            "classes": kinds,
            "kinds": [-1 if kind is None else number[kind] for kind in self.classes],
            "places": np.round(self.places.astype(float), 3).ravel().tolist(),
            "cells": self.cells.tolist(),
            "rows": self.shape[0],
            "columns": self.shape[1],
            "neighbours": self.neighbours.ravel().tolist(),
            "fresh": self.fresh,
            "side": self.sprites.side,
            "across": self.sprites.columns,
            "sheets": [
                {"count": count, "source": f"data:image/webp;base64,{base64.b64encode(file).decode()}"}
                for file, count in zip(self.sprites.files, self.sprites.counts, strict=True)
            ],
        }
