"""The commands that ask about photos."""

from pathlib import Path
from typing import Any

from reverie import recipes
from reverie.attribution import inquire
from reverie.cli.inquiries import explained
from reverie.cli.runs import all_photos, check_free, each_photo, model_of, split


def explain(raw: bool, **given: Any) -> None:
    """One picture for each photo and method, several methods of a photo in one sheet."""
    names, settings, writing = given.pop("photos"), *split(given)
    photos = all_photos(names, writing["output"])
    model = model_of(settings)

    def make(photo: str, path: Path) -> None:
        inquiry, folder = recipes.explain(model, photo, **settings), path.with_suffix("")
        if len(inquiry.methods) > 1 and folder.is_dir() and any(folder.iterdir()):
            check_free(folder, writing["force"])
        if raw and len(inquiry.methods) == 1:
            check_free(path.with_suffix(".npy"), writing["force"])
        explained(model, inquiry, path, writing, events=inquire(model, inquiry), raw=raw)

    each_photo(photos, "explain", "explained", writing, make)
