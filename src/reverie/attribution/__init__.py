"""Engine 2: what in a photo excites a unit."""

from reverie.attribution.activation_maps import ActivationMaps
from reverie.attribution.attributions import Attribution
from reverie.attribution.drawing import Drawing
from reverie.attribution.explanation import Explanation, attribute
from reverie.attribution.method import Settings
from reverie.attribution.method_table import METHODS, method_named
from reverie.attribution.weight_pictures import Kernels

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
