"""The tables of an atlas file; docs/atlas_file.md describes them."""

from reverie.dataset.database import Schema
from reverie.dataset.store import TABLES as SCANNED
from reverie.errors import AtlasRefused

UNIT = "layer TEXT NOT NULL, unit INTEGER NOT NULL"
OF_CELL = "layer TEXT NOT NULL, row INTEGER NOT NULL, column INTEGER NOT NULL"
GRID = ("grids", "grid_cells", "grid_classes", "grid_patches")  # in an order in which they may be written
OF_UNIT = "FOREIGN KEY (layer, unit) REFERENCES units (layer, unit)) STRICT"
TABLES = {
    "network": "CREATE TABLE network (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT",
    "layers": "CREATE TABLE layers (layer TEXT PRIMARY KEY, position INTEGER NOT NULL, kind TEXT NOT NULL, "
    "channels INTEGER NOT NULL, height INTEGER, width INTEGER, stride_down INTEGER, stride_right INTEGER, "
    "field_height INTEGER, field_width INTEGER, feeds TEXT NOT NULL) STRICT",
    "units": f"CREATE TABLE units ({UNIT}, dead INTEGER, PRIMARY KEY (layer, unit), "
    "FOREIGN KEY (layer) REFERENCES layers (layer)) STRICT",
    "recipes": "CREATE TABLE recipes (recipe TEXT PRIMARY KEY, view TEXT NOT NULL, record TEXT NOT NULL) STRICT",
    "batches": "CREATE TABLE batches (layer TEXT NOT NULL, view TEXT NOT NULL, first INTEGER NOT NULL, "
    "count INTEGER NOT NULL, recipe TEXT NOT NULL, state TEXT NOT NULL, sentence TEXT NOT NULL, "
    "seconds REAL NOT NULL, worker TEXT NOT NULL, PRIMARY KEY (layer, view, first, recipe), "
    "FOREIGN KEY (layer) REFERENCES layers (layer), FOREIGN KEY (recipe) REFERENCES recipes (recipe)) STRICT",
    "pictures": f"CREATE TABLE pictures ({UNIT}, view TEXT NOT NULL, recipe TEXT NOT NULL, activation REAL NOT NULL, "
    "silent INTEGER NOT NULL, image BLOB NOT NULL, PRIMARY KEY (layer, unit, view, recipe), "
    f"FOREIGN KEY (recipe) REFERENCES recipes (recipe), {OF_UNIT}",
    "crops": "CREATE TABLE crops (layer TEXT NOT NULL, photo INTEGER NOT NULL, place INTEGER NOT NULL, "
    "top INTEGER NOT NULL, bottom INTEGER NOT NULL, left INTEGER NOT NULL, right INTEGER NOT NULL, "
    "image BLOB NOT NULL, PRIMARY KEY (layer, photo, place), FOREIGN KEY (layer) REFERENCES layers (layer)) STRICT",
    "patches": f"CREATE TABLE patches ({UNIT}, kind TEXT NOT NULL, rank INTEGER NOT NULL, photo INTEGER NOT NULL, "
    "place INTEGER NOT NULL, value REAL NOT NULL, fired_top INTEGER, fired_bottom INTEGER, fired_left INTEGER, "
    "fired_right INTEGER, PRIMARY KEY (layer, unit, kind, rank), "
    f"FOREIGN KEY (layer, photo, place) REFERENCES crops (layer, photo, place), {OF_UNIT}",
    "statistics": f"CREATE TABLE statistics ({UNIT}, photos INTEGER NOT NULL, positions INTEGER NOT NULL, "
    "mean REAL NOT NULL, deviation REAL NOT NULL, least REAL NOT NULL, best REAL NOT NULL, firing REAL NOT NULL, "
    "fired REAL NOT NULL, first_bin INTEGER NOT NULL, counts TEXT NOT NULL, PRIMARY KEY (layer, unit), "
    f"{OF_UNIT}",
    "classes": f"CREATE TABLE classes ({UNIT}, kind TEXT NOT NULL, rank INTEGER NOT NULL, name TEXT NOT NULL, "
    f"value REAL NOT NULL, photos INTEGER, PRIMARY KEY (layer, unit, kind, rank), {OF_UNIT}",
    "links": f"CREATE TABLE links ({UNIT}, kind TEXT NOT NULL, rank INTEGER NOT NULL, other_layer TEXT NOT NULL, "
    "other_unit INTEGER, value REAL NOT NULL, strength REAL NOT NULL, through TEXT NOT NULL, "
    f"PRIMARY KEY (layer, unit, kind, rank), {OF_UNIT}",
    "scores": f"CREATE TABLE scores ({UNIT}, view TEXT NOT NULL, name TEXT NOT NULL, value REAL NOT NULL, low REAL, "
    f"high REAL, basis TEXT NOT NULL, PRIMARY KEY (layer, unit, view, name), {OF_UNIT}",
    "grids": "CREATE TABLE grids (layer TEXT PRIMARY KEY, height INTEGER NOT NULL, width INTEGER NOT NULL, "
    "side INTEGER NOT NULL, positions INTEGER NOT NULL, photos INTEGER NOT NULL, record TEXT NOT NULL, "
    "FOREIGN KEY (layer) REFERENCES layers (layer)) STRICT",
    "grid_cells": f"CREATE TABLE grid_cells ({OF_CELL}, count INTEGER NOT NULL, image BLOB NOT NULL, "
    "PRIMARY KEY (layer, row, column), FOREIGN KEY (layer) REFERENCES grids (layer)) STRICT",
    "grid_classes": f"CREATE TABLE grid_classes ({OF_CELL}, rank INTEGER NOT NULL, name TEXT NOT NULL, "
    "value REAL NOT NULL, PRIMARY KEY (layer, row, column, rank), "
    "FOREIGN KEY (layer, row, column) REFERENCES grid_cells (layer, row, column)) STRICT",
    "grid_patches": f"CREATE TABLE grid_patches ({OF_CELL}, rank INTEGER NOT NULL, photo TEXT NOT NULL, "
    "image BLOB NOT NULL, PRIMARY KEY (layer, row, column, rank), "
    "FOREIGN KEY (layer, row, column) REFERENCES grid_cells (layer, row, column)) STRICT",
    **SCANNED,
}
ATLAS = Schema("atlas", 0x52564154, 3, TABLES, "build it anew", "build", AtlasRefused)  # "RVAT"
