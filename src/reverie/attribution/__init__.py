"""Engine 2: what in a photo excites a unit."""

from reverie.attribution.filters import Kernels, drawn
from reverie.attribution.inquiry import Event, Inquiry, answer, attribute, inquire
from reverie.attribution.methods import METHODS, Settings, method_named
from reverie.attribution.survey import Survey, survey

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
