"""Engine 1: makes an image."""

from reverie.synthesis.ascent import Ascent
from reverie.synthesis.batches import Synthesis, synthesize
from reverie.synthesis.engine import Step, iterate
from reverie.synthesis.filming import filmed
from reverie.synthesis.recipe import AddedDetail, Recipe, Resized, Stage

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
