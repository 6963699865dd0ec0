"""Keeps an activation atlas in the atlas file of its network, where the site shows it on its layer's page."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from reverie.atlas.atlas_file import Atlas, read_atlas
from reverie.atlas.atlas_writer import AtlasWriter
from reverie.atlas.grid_entries import AtlasCell, AtlasEvidence, AtlasGrid, AtlasPiece
from reverie.atlas.grid_figure import ActivationGrid
from reverie.atlas.site.plain import clipped
from reverie.atlas.worker import webp
from reverie.errors import AtlasRefused
from reverie.models.sameness import decisive
from reverie.photo import opaque


def keeper(path: str | Path, layer: str, source: Mapping[str, Any]) -> Atlas:
    """The atlas file that can keep an activation atlas.

    Args:
        source: of the network, see `Model.source`.

    Raises:
        AtlasRefused: it is no atlas, or one of another network.
        UnknownName: it has no such layer.
    """
    atlas = read_atlas(path)
    if decisive(atlas.about.source) != decisive(source):
        raise AtlasRefused(
            f"{atlas.path} is an atlas of other weights or settings of the network ({atlas.about.title}); "
            "name its network with --model"
        )
    atlas.layer(layer)
    return atlas


def enter_grid(made: ActivationGrid, path: str | Path) -> Path:
    """Keeps the cells that are drawn, in place of those of the layer that are there.

    Raises:
        AtlasRefused, UnknownName: as `keeper`.
        OutputFailed: the file cannot be written.
    """
    atlas, layer, facts = keeper(path, made.layer, made.record.model), made.layer, made.record.automatic
    drawn = [(cell, cell.picture) for cell in made.cells if cell.picture is not None]
    photos = made.record.arguments["photos"]["count"]
    rows: dict[str, list[Any]] = {
        "grids": [AtlasGrid(layer, *made.shape, made.side, facts["positions"], photos, str(made.record))],
        "grid_cells": [
            AtlasCell(layer, cell.row, cell.column, cell.count, webp(opaque(picture))) for cell, picture in drawn
        ],
        "grid_classes": [
            AtlasEvidence(layer, cell.row, cell.column, rank, name, value)
            for cell, _ in drawn
            for rank, (name, value) in enumerate(cell.classes)
        ],
        "grid_patches": [
            AtlasPiece(layer, cell.row, cell.column, rank, clipped(photo), webp(patch))
            for cell, _ in drawn
            for rank, (patch, photo) in enumerate(cell.patches)
        ],
    }
    with AtlasWriter(atlas.path, atlas.about) as writer:
        writer.enter_grid(layer, rows)
    return atlas.path
