"""Engine 1: makes an image."""

from reverie.synthesis.ascent import Ascent
from reverie.synthesis.engine import Step, iterate, synthesize
from reverie.synthesis.filming import filmed
from reverie.synthesis.recipe import AddedDetail, Recipe, Resized, Stage

__all__ = ["AddedDetail", "Ascent", "Recipe", "Resized", "Stage", "Step", "filmed", "iterate", "synthesize"]
