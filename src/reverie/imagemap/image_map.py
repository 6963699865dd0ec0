"""ImageMap: photos on a plane and on a grid, their picture, their page, and the file that takes in more photos."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from safetensors.numpy import save as save_arrays

from reverie.dataset.layout import Shape, centres, grid_shape, on_grid
from reverie.dataset.projection import Basis
from reverie.dataset.quality import Quality, nearest_neighbours, quality
from reverie.errors import RecordRefused
from reverie.figures.naming import listed_files
from reverie.files import replacing, save
from reverie.imagemap.map_page import MapPage
from reverie.imagemap.mosaic import mosaic
from reverie.imagemap.sprites import Sprites
from reverie.models.model import Model
from reverie.models.sameness import difference
from reverie.paths import check_output, path_named
from reverie.record import Record

KEY, FORMAT = "reverie", "image map 1"
ENDING = ".safetensors"
NEIGHBOURS = 12  # that the page opens


@dataclass(frozen=True, eq=False)
class ImageMap:
    """N photos, laid out.

    Attributes:
        names: of the photos, below their set's place.
        classes: of the photos, by the folders they lie in; None where they lie in none.
        vectors: float16 [N,C], the embeddings at unit length.
        points: float32 [N,2], in the plane, as the method gave them.
        cells: [N], on the grid, counted row by row.
        sprites: the photos' thumbnails.
        basis: principal components of the original ones' vectors, by which they came to the plane.
        record: how the map was made.
        original: so many photos, the first ones, made the map; the others were placed into it.
        notes: what came otherwise than usual.
        failures: photos that were passed over, each with what was wrong; of the last set.
    """

    names: tuple[str, ...]
    classes: tuple[str | None, ...]
    vectors: np.ndarray
    points: np.ndarray
    cells: np.ndarray
    sprites: Sprites
    basis: Basis
    record: Record
    original: int
    notes: tuple[str, ...] = ()
    failures: tuple[tuple[str, str], ...] = ()

    def __repr__(self) -> str:
        """Short: how many photos, and by what they are laid out."""
        return f"<ImageMap: {len(self)} photos by {self.layer} of {self.record.model.get('name')}, {self.method}>"

    def __len__(self) -> int:
        return len(self.names)

    @property
    def settings(self) -> Mapping[str, Any]:
        """Layer, method, perplexity, seed and the thumbnails' side."""
        return {**self.record.arguments, "thumbnail": self.sprites.side}

    @property
    def layer(self) -> str:
        """Whose activations the photos are laid out by."""
        return str(self.record.arguments["layer"])

    @property
    def method(self) -> str:
        """What brought them to the plane: tsne, umap or pca."""
        return str(self.record.arguments["method"])

    @property
    def perplexity(self) -> float | None:
        """The perplexity of t-SNE; None of other methods."""
        value: float | None = self.record.arguments["perplexity"]
        return value

    @property
    def seed(self) -> int:
        """The seed of all that was drawn by chance."""
        return int(self.record.arguments["seed"])

    @property
    def shape(self) -> Shape:
        """(rows, columns) of the grid."""
        return grid_shape(len(self))

    @cached_property
    def places(self) -> np.ndarray:
        """The points [N,2] as (x, y), stretched to the grid, in cells."""
        return on_grid(self.points, self.shape)

    @cached_property
    def neighbours(self) -> np.ndarray:
        """The nearest others [N,k] of each photo in the embedding, the nearest first."""
        return nearest_neighbours(self.vectors.astype(np.float32), min(NEIGHBOURS, len(self) - 1))

    @cached_property
    def quality(self) -> Quality:
        """What the layout kept of the neighbourhoods."""
        return quality(self.neighbours, self.places, centres(self.cells, self.shape), self.classes)

    @property
    def picture(self) -> Image.Image:
        """All thumbnails on the grid."""
        return mosaic(self.sprites, self.cells, self.shape)

    @property
    def about(self) -> tuple[str, ...]:
        """How the map was made, what is to be known of it, and how good it is."""
        names = {"tsne": "t-SNE", "umap": "UMAP", "pca": "principal components"}
        perplexity = "" if self.perplexity is None else f" of perplexity {self.perplexity:.3g}"
        more = len(self) - self.original
        placed = f", {more} of them placed into the map of the others" if more else ""
        made = f"{len(self)} photos{placed}: {self.layer} of {self.record.model.get('name')}"
        return (f"{made}, {names[self.method]}{perplexity}", *self.notes, str(self.quality))

    def told(self, written: Sequence[Path]) -> list[str]:
        """Where it was written to, and what is to be known of it."""
        return [f"wrote {listed_files(written)}", *self.about]

    def page(self, title: str) -> str:
        """The map as one HTML file, to look around in."""
        return str(
            MapPage(
                title, self.about, self.names, self.classes, self.places, self.cells, self.shape,
                self.neighbours, self.sprites,
                len(self) - self.original,
            )
        )  # fmt: skip

    def save(self, path: str | Path) -> list[Path]:
        """Writes the picture with its record, and beside it the page (.html) and the map's file (.safetensors).

        Returns:
            What was written, the picture first.

        Raises:
            OutputFailed: an ending that is not known, or a folder that cannot be written; nothing half is left.
        """
        path = check_output(path_named(path))
        page, file = path.with_suffix(".html"), path.with_suffix(ENDING)
        with replacing(page) as html, replacing(file) as numbers:
            html.write(self.page(path.stem).encode())
            numbers.write(bytes(self))
            return [*save(self.picture, path, str(self.record)), page, file]

    def __bytes__(self) -> bytes:
        """The map's file: safetensors of numbers, WebP files among them, and JSON of the rest."""
        arrays = {
            "vectors": self.vectors, "points": self.points, "cells": self.cells.astype(np.int32),
            "mean": self.basis.mean, "axes": self.basis.axes,
            **{f"sprites_{index}": np.frombuffer(item, np.uint8) for index, item in enumerate(self.sprites.files)},
        }  # fmt: skip
        described = {
            "format": FORMAT,
            "names": self.names,
            "classes": self.classes,
            "sprites": [self.sprites.side, *self.sprites.counts],
            "original": self.original,
            "record": str(self.record),
        }
        contiguous = {name: np.ascontiguousarray(value) for name, value in arrays.items()}
        return save_arrays(contiguous, {KEY: json.dumps(described)})  # one text: the order of several is not kept

    def check_network(self, model: Model) -> None:
        """That a network is the one that embedded the photos.

        Raises:
            UnknownName: it has no such layer.
            RecordRefused: it is another one, or sees photos otherwise.
        """
        what = difference(self.record.model, model.source)
        if what:
            raise RecordRefused(
                f"the map was made by {self.record.model.get('name')}, and {model.title} has other {what}; "
                "name the map's network with --model and --weights"
            )
        if len(self.basis.mean) != model.layer(self.layer).channels:
            raise RecordRefused(f"the map does not fit '{self.layer}' of {model.name}; make it anew with 'reverie map'")
