"""Engine 2: what in a photo excites a unit."""

from reverie.attribution.activation_maps import Survey, survey
from reverie.attribution.explanation import Event, Inquiry, answer, attribute, inquire
from reverie.attribution.filters import Kernels, drawn
from reverie.attribution.method import Settings
from reverie.attribution.methods import METHODS, method_named

__all__ = [
    "METHODS",
    "Event",
    "Inquiry",
    "Kernels",
    "Settings",
    "Survey",
    "answer",
    "attribute",
    "drawn",
    "inquire",
    "method_named",
    "survey",
]
