"""Engine 1: makes an image."""

from reverie.synthesis.ascent import Ascent
from reverie.synthesis.engine import Step, iterate
from reverie.synthesis.filming import filmed
from reverie.synthesis.recipe import AddedDetail, Recipe, Resized, Stage
from reverie.synthesis.run import Synthesis, synthesize

__all__ = [
    "AddedDetail",
    "Ascent",
    "Recipe",
    "Resized",
    "Stage",
    "Step",
    "Synthesis",
    "filmed",
    "iterate",
    "synthesize",
]
