"""Named uses of the engines: functions of plain arguments that return a Recipe, hold no loop and never run."""

from reverie.recipes.caricatures import accentuate, caricature
from reverie.recipes.comparisons import compare, grow
from reverie.recipes.dreams import dream
from reverie.recipes.explanations import explain
from reverie.recipes.features import feature
from reverie.recipes.fooling import fool, universal
from reverie.recipes.interpolation import interpolate
from reverie.recipes.inversion import invert
from reverie.recipes.painting import style
from reverie.recipes.responses import activations
from reverie.recipes.weights import filters

__all__ = [
    "accentuate",
    "activations",
    "caricature",
    "compare",
    "dream",
    "explain",
    "feature",
    "filters",
    "fool",
    "grow",
    "interpolate",
    "invert",
    "style",
    "universal",
]
