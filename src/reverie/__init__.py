"""See what a vision network sees: feature visualization and Deep Dream for any torch network.

    import reverie

    model = reverie.load()
    reverie.dream(model, "sample:flower").save("dream.png")

Names are imported when they are first used, so that `import reverie` takes no time.
"""

import importlib
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from reverie import constraints, objectives, parameterizations, recipes, transforms
    from reverie.atlas.activation_grid import grid
    from reverie.atlas.atlas_file import Atlas, read_atlas
    from reverie.atlas.building import build_atlas
    from reverie.atlas.diagnosis import doctor
    from reverie.atlas.layer_sheets import sheet, sweep
    from reverie.atlas.links import connections
    from reverie.atlas.patch_sheets import patches
    from reverie.atlas.unit_board import card
    from reverie.atlas.unit_scores import score
    from reverie.dataset.photo_sets import photo_set
    from reverie.dataset.scanning import scan, scanning
    from reverie.dataset.store import read_scan
    from reverie.errors import ReverieError
    from reverie.figures.result import Result
    from reverie.imagemap.build import image_map
    from reverie.imagemap.image_map import ImageMap
    from reverie.imagemap.map_file import read_map
    from reverie.models.edits import Change
    from reverie.models.interventions import Continuation, amplify, clamp, intervene
    from reverie.models.layer_list import layers
    from reverie.models.model import Model
    from reverie.models.probe import Activations, probe
    from reverie.models.sources import load
    from reverie.objectives import Objective
    from reverie.recipes.calls import (
        accentuate,
        activations,
        caricature,
        compare,
        dream,
        explain,
        feature,
        filters,
        fool,
        grow,
        interpolate,
        invert,
        style,
        universal,
    )
    from reverie.recipes.presets import presets
    from reverie.recipes.radii import smallest_radius
    from reverie.recipes.rerunning import rerun
    from reverie.recipes.trace_plots import plot
    from reverie.record import Record
    from reverie.settings.feature import Canvas, Climb, Views
    from reverie.settings.style import Style
    from reverie.synthesis import Ascent, Recipe, Stage, Step, filmed, iterate, synthesize
    from reverie.truth.verification import verified
    from reverie.unit import Unit
    from reverie.video.film_dreams import film
    from reverie.video.zooming import zoom

_HOMES = {
    "Activations": "reverie.models.probe",
    "Ascent": "reverie.synthesis",
    "Atlas": "reverie.atlas.atlas_file",
    "Canvas": "reverie.settings.feature",
    "Change": "reverie.models.edits",
    "Climb": "reverie.settings.feature",
    "Continuation": "reverie.models.interventions",
    "ImageMap": "reverie.imagemap.image_map",
    "Model": "reverie.models.model",
    "Objective": "reverie.objectives",
    "Recipe": "reverie.synthesis",
    "Record": "reverie.record",
    "Result": "reverie.figures.result",
    "ReverieError": "reverie.errors",
    "Stage": "reverie.synthesis",
    "Step": "reverie.synthesis",
    "Style": "reverie.settings.style",
    "Unit": "reverie.unit",
    "Views": "reverie.settings.feature",
    "accentuate": "reverie.recipes.calls",
    "activations": "reverie.recipes.calls",
    "amplify": "reverie.models.interventions",
    "build_atlas": "reverie.atlas.building",
    "card": "reverie.atlas.unit_board",
    "caricature": "reverie.recipes.calls",
    "clamp": "reverie.models.interventions",
    "compare": "reverie.recipes.calls",
    "connections": "reverie.atlas.links",
    "constraints": "",
    "doctor": "reverie.atlas.diagnosis",
    "dream": "reverie.recipes.calls",
    "explain": "reverie.recipes.calls",
    "feature": "reverie.recipes.calls",
    "film": "reverie.video.film_dreams",
    "filmed": "reverie.synthesis",
    "filters": "reverie.recipes.calls",
    "fool": "reverie.recipes.calls",
    "grid": "reverie.atlas.activation_grid",
    "grow": "reverie.recipes.calls",
    "image_map": "reverie.imagemap.build",
    "interpolate": "reverie.recipes.calls",
    "intervene": "reverie.models.interventions",
    "invert": "reverie.recipes.calls",
    "iterate": "reverie.synthesis",
    "layers": "reverie.models.layer_list",
    "load": "reverie.models.sources",
    "objectives": "",
    "parameterizations": "",
    "patches": "reverie.atlas.patch_sheets",
    "photo_set": "reverie.dataset.photo_sets",
    "plot": "reverie.recipes.trace_plots",
    "presets": "reverie.recipes.presets",
    "probe": "reverie.models.probe",
    "read_atlas": "reverie.atlas.atlas_file",
    "read_map": "reverie.imagemap.map_file",
    "read_scan": "reverie.dataset.store",
    "recipes": "",
    "rerun": "reverie.recipes.rerunning",
    "scan": "reverie.dataset.scanning",
    "scanning": "reverie.dataset.scanning",
    "score": "reverie.atlas.unit_scores",
    "sheet": "reverie.atlas.layer_sheets",
    "smallest_radius": "reverie.recipes.radii",
    "style": "reverie.recipes.calls",
    "sweep": "reverie.atlas.layer_sheets",
    "synthesize": "reverie.synthesis",
    "transforms": "",
    "universal": "reverie.recipes.calls",
    "verified": "reverie.truth.verification",
    "zoom": "reverie.video.zooming",
}

_ALSO = {"map": "image_map"}  # the command's name; not in __all__, for it would hide Python's own

__all__ = [
    "Activations",
    "Ascent",
    "Atlas",
    "Canvas",
    "Change",
    "Climb",
    "Continuation",
    "ImageMap",
    "Model",
    "Objective",
    "Recipe",
    "Record",
    "Result",
    "ReverieError",
    "Stage",
    "Step",
    "Style",
    "Unit",
    "Views",
    "accentuate",
    "activations",
    "amplify",
    "build_atlas",
    "card",
    "caricature",
    "clamp",
    "compare",
    "connections",
    "constraints",
    "doctor",
    "dream",
    "explain",
    "feature",
    "film",
    "filmed",
    "filters",
    "fool",
    "grid",
    "grow",
    "image_map",
    "interpolate",
    "intervene",
    "invert",
    "iterate",
    "layers",
    "load",
    "objectives",
    "parameterizations",
    "patches",
    "photo_set",
    "plot",
    "presets",
    "probe",
    "read_atlas",
    "read_map",
    "read_scan",
    "recipes",
    "rerun",
    "scan",
    "scanning",
    "score",
    "sheet",
    "smallest_radius",
    "style",
    "sweep",
    "synthesize",
    "transforms",
    "universal",
    "verified",
    "zoom",
]


def __getattr__(name: str) -> Any:
    name = _ALSO.get(name, name)
    if name not in _HOMES:
        raise AttributeError(f"module 'reverie' has no attribute '{name}'")
    home = _HOMES[name]
    if home and "torch" not in sys.modules and name.islower():
        deferred = importlib.import_module("reverie.cli.deferred").deferred(name, home)
        if deferred is not None:
            return deferred
    return getattr(importlib.import_module(home), name) if home else importlib.import_module(f"reverie.{name}")


def __dir__() -> list[str]:
    return __all__
