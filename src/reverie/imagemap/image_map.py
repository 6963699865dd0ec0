"""ImageMap: photos on a plane and on a grid, their picture, their page, and the file that takes in more photos."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save as save_arrays

from reverie.dataset.layout import Shape, centres, grid_shape, on_grid
from reverie.dataset.projection import FEWEST, METHODS, Basis
from reverie.dataset.quality import Quality, nearest_neighbours, quality
from reverie.errors import RecordRefused
from reverie.files import replacing, save
from reverie.imagemap.map_page import MapPage
from reverie.imagemap.mosaic import mosaic
from reverie.imagemap.sprites import Sprites, thumbnail_side
from reverie.models.model import Model
from reverie.paths import check_output, path_named
from reverie.record import Record, parse_record

KEY, FORMAT = "reverie", "image map 1"
ENDING = ".safetensors"
NEIGHBOURS = 12  # that the page opens
LARGEST_FILE = 2_000_000_000  # bytes
MOST = 1_000_000  # photos


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
        """Of t-SNE."""
        value: float | None = self.record.arguments["perplexity"]
        return value

    @property
    def seed(self) -> int:
        """Of all that was drawn by chance."""
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
        *first, last = map(str, written)
        return [f"wrote {', '.join(first)} and {last}", *self.about]

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
            save(self.picture, path, str(self.record))
        return [path, page, file]

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
        source = model.source
        for key in ("weights_sha256", "mean", "std", "size"):
            if self.record.model.get(key) != source.get(key):
                what = "weights" if key == "weights_sha256" else key
                raise RecordRefused(
                    f"the map was made by {self.record.model.get('name')}, and {source.get('name')} has other {what}; "
                    "name the map's network with --model and --weights"
                )
        if len(self.basis.mean) != model.layer(self.layer).channels:
            raise RecordRefused(f"the map does not fit '{self.layer}' of {model.name}; make it anew with 'reverie map'")


def read_map(path: Path) -> ImageMap:
    """A map from its file, which may be a stranger's: nothing runs, and every number is checked.

    Args:
        path: the `.safetensors` file, or the picture or page beside it.

    Raises:
        RecordRefused: no such file, not a map, or a damaged one.
    """
    path = path_named(path)
    path = path.with_suffix(ENDING) if path.name else path
    if not path.is_file():
        raise RecordRefused(f"there is no map {path}; name the .safetensors file that lies beside a map's picture")
    if path.stat().st_size > LARGEST_FILE:
        raise RecordRefused(f"{path} is too large for a map")
    try:
        with safe_open(path, "numpy") as file:
            described = json.loads((file.metadata() or {}).get(KEY, "{}"))
            known = described.get("format") == FORMAT
            arrays = {name: file.get_tensor(name) for name in file.keys()} if known else {}  # noqa: SIM118
        made = _checked(described, arrays) if known else None
    except (
        RecordRefused,
        SafetensorError,
        OSError,
        LookupError,
        ValueError,
        TypeError,
        AttributeError,
        RecursionError,
    ):
        raise RecordRefused(f"{path} is not a map, or is damaged; make it anew with 'reverie map'") from None
    if made is None:
        raise RecordRefused(f"{path} is no map of this version of reverie; make it anew with 'reverie map'")
    return made


def _checked(described: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> ImageMap:
    """A map of what a file says.

    Raises:
        KeyError, ValueError, TypeError: something is missing, or of another kind, shape or range.
    """
    names, classes, original = described["names"], described["classes"], described["original"]
    side, *counts = described["sprites"]
    record, total, cells = parse_record(described["record"]), len(names), arrays["cells"]
    components, width = arrays["axes"].shape
    shapes = {"points": (total, 2), "mean": (width,), "axes": (components, width)}
    grid = grid_shape(total) if total else (0, 0)
    fine = (
        type(original) is int
        and 1 <= original <= total <= MOST
        and len(classes) == total
        and all(isinstance(item, str) for item in names)
        and all(item is None or isinstance(item, str) for item in classes)
        and all(_numbers(arrays[name], shape) for name, shape in shapes.items())
        and _numbers(arrays["vectors"], (total, width), np.float16)
        and cells.shape == (total,)
        and cells.dtype == np.int32
        and len(np.unique(cells)) == total
        and 0 <= cells.min() <= cells.max() < grid[0] * grid[1]
        and all(type(item) is int and item > 0 for item in (side, *counts))
        and side == thumbnail_side(total, min(side, 512))
        and sum(counts) == total
        and all(item <= Sprites(side).columns ** 2 for item in counts)
        and _settings_fine(record, original)
    )
    if not fine:
        raise ValueError
    files = tuple(arrays[f"sprites_{index}"].tobytes() for index in range(len(counts)))
    return ImageMap(
        tuple(names), tuple(classes), arrays["vectors"], arrays["points"], cells.astype(int),
        Sprites(side, files, tuple(counts)), Basis(arrays["mean"], arrays["axes"]), record, original,
    )  # fmt: skip


def _numbers(array: np.ndarray, shape: tuple[int, ...], kind: type = np.float32) -> bool:
    return array.shape == shape and array.dtype == kind and bool(np.isfinite(array).all()) and array.size > 0


def _settings_fine(record: Record, original: int) -> bool:
    given = record.arguments
    perplexity = given["perplexity"]
    return (
        isinstance(given["layer"], str)
        and given["method"] in METHODS
        and (given["method"] == "tsne") == (perplexity is not None)
        and (perplexity is None or _perplexity_fine(perplexity, original))
        and type(given["seed"]) is int
        and given["seed"] >= 0
    )


def _perplexity_fine(perplexity: Any, original: int) -> bool:
    return isinstance(perplexity, float) and 1 <= perplexity <= (original - 1) / 3 and original >= FEWEST
