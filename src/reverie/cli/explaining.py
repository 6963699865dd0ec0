"""The commands that ask about photos."""

from pathlib import Path
from typing import Any

from reverie import recipes
from reverie.attribution import inquire
from reverie.cli.inquiries import explained, surveyed
from reverie.cli.runs import all_photos, check_free, each_photo, model_of, split


def explain(raw: bool, **given: Any) -> None:
    """One picture for each photo and method, several methods of a photo in one sheet."""
    names, settings, writing = given.pop("photos"), *split(given)
    photos = all_photos(names, writing["output"])
    model = model_of(settings)

    def make(photo: str, path: Path) -> None:
        inquiry = recipes.explain(model, photo, **settings)
        _check(path, len(inquiry.methods), writing["force"], raw)
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
        _check(path, len(wanted.units), writing["force"], raw)
        surveyed(model, wanted, path, writing, raw=raw)

    each_photo(photos, "activations", "looked at", writing, make)


def _check(path: Path, pictures: int, force: bool, raw: bool) -> None:
    """That what is written beside the picture overwrites nothing."""
    folder = path.with_suffix("")
    if pictures > 1 and folder.is_dir() and any(folder.iterdir()):
        check_free(folder, force)
    if pictures == 1 and raw:
        check_free(path.with_suffix(".npy"), force)
