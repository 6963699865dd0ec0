"""Engine 2: what in a photo excites a unit."""

from reverie.attribution.inquiry import Event, Inquiry, answer, attribute, inquire
from reverie.attribution.methods import METHODS, Settings, method_named

__all__ = ["METHODS", "Event", "Inquiry", "Settings", "answer", "attribute", "inquire", "method_named"]
