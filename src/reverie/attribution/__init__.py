"""Engine 2: what in a photo excites a unit."""

from reverie.attribution.activation_maps import ActivationMaps
from reverie.attribution.drawing import Drawing
from reverie.attribution.explanation import Explanation, attribute
from reverie.attribution.filters import Kernels
from reverie.attribution.method import Settings
from reverie.attribution.methods import METHODS, method_named
from reverie.attribution.run import Attribution

__all__ = [
    "METHODS",
    "ActivationMaps",
    "Attribution",
    "Drawing",
    "Explanation",
    "Kernels",
    "Settings",
    "attribute",
    "method_named",
]
