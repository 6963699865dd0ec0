"""Engine 2: what in a photo excites a unit."""

from reverie.attribution.activation_maps import Survey
from reverie.attribution.drawing import Drawing
from reverie.attribution.explanation import Inquiry, attribute
from reverie.attribution.filters import Kernels
from reverie.attribution.method import Settings
from reverie.attribution.methods import METHODS, method_named
from reverie.attribution.run import Attribution

__all__ = [
    "METHODS",
    "Attribution",
    "Drawing",
    "Inquiry",
    "Kernels",
    "Settings",
    "Survey",
    "attribute",
    "method_named",
]
