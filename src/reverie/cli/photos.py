"""The commands that make a photo anew."""

from typing import Any

from reverie import recipes
from reverie.cli.runs import make, model_of, split, target_for
from reverie.image import photo_path


def invert(**given: Any) -> None:
    """One picture, or a sheet of one for each layer."""
    photo, everything, layers = given.pop("photo"), given.pop("all"), given.pop("layers")
    settings, writing = split(given)
    settings["prior"] = settings["prior"] or None  # unless some are named the layer's depth decides
    model = model_of(settings)
    target = target_for(writing["output"], f"{photo_path(photo).stem}-invert", writing["force"])
    make(model, recipes.invert(model, photo, "all" if everything else layers, **settings), target, writing)
