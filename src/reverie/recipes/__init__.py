"""Named uses of the engines: functions of plain arguments that return a Recipe, hold no loop and never run."""

from reverie.recipes.comparisons import compare, grow
from reverie.recipes.dreams import dream
from reverie.recipes.explanations import explain
from reverie.recipes.features import feature
from reverie.recipes.inversion import invert

__all__ = ["compare", "dream", "explain", "feature", "grow", "invert"]
