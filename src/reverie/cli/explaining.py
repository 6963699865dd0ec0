"""The commands that ask about photos."""

from pathlib import Path
from typing import Any

from reverie import recipes
from reverie.attribution import inquire
from reverie.cli.inquiries import explained, surveyed
from reverie.cli.runs import all_photos, check_beside, check_free, each_photo, model_of, split


def explain(raw: bool, **given: Any) -> None:
    """One picture for each photo and method, several methods of a photo in one sheet."""
    names, settings, writing = given.pop("photos"), *split(given)
    photos = all_photos(names, writing["output"])
    model = model_of(settings)

    def make(photo: str, path: Path) -> None:
        inquiry = recipes.explain(model, photo, **settings)
        check_beside(path, len(inquiry.methods), writing, raw=raw)
        if inquiry.alone and (inquiry.control or inquiry.names == ("occlusion",)):
            check_free(path.with_stem(f"{path.stem}-sheet"), writing["force"])
        explained(model, inquiry, path, writing, events=inquire(model, inquiry), raw=raw)

    each_photo(photos, "explain", "explained", writing, make)


def activations(raw: bool, **given: Any) -> None:
    """A sheet for each photo, a picture for each channel."""
    names, settings, writing = given.pop("photos"), *split(given)
    photos, layer = all_photos(names, writing["output"]), settings.pop("layer")
    model = model_of(settings)

    def make(photo: str, path: Path) -> None:
        wanted = recipes.activations(model, photo, layer, **settings)
        check_beside(path, len(wanted.units), writing, raw=raw)
        surveyed(model, wanted, path, writing, raw=raw)

    each_photo(photos, "activations", "looked at", writing, make)
