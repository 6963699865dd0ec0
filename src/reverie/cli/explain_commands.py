"""The commands that ask about photos."""

from collections.abc import Sequence
from pathlib import Path

from reverie import recipes
from reverie.cli.picture_commands import all_photos, check_beside, check_free, each_photo, keep, model_of
from reverie.settings.activations import Activations
from reverie.settings.explain import Explain
from reverie.settings.parts import Explained, Network, Numbered


def explain(asked: Sequence[Explain], network: Network, writing: Explained) -> None:
    """One picture for each photo and method, several methods of a photo in one sheet."""
    wanted = all_photos(asked, writing)
    model = model_of(network)

    def make(one: Explain, path: Path) -> None:
        explanation = recipes.explain(model, one)
        check_beside(path, len(explanation.methods), writing, raw=writing.raw)
        if explanation.alone and (explanation.control or explanation.names == ("occlusion",)):
            check_free(path.with_stem(f"{path.stem}-sheet"), writing.force)
        keep(recipes.explain.run(model, explanation), path, writing, raw=writing.raw)

    each_photo(wanted, "explain", "explained", writing, make)


def activations(asked: Sequence[Activations], network: Network, writing: Numbered) -> None:
    """A sheet for each photo, a picture for each channel."""
    found = all_photos(asked, writing)
    model = model_of(network)

    def make(one: Activations, path: Path) -> None:
        wanted = recipes.activations(model, one)
        check_beside(path, len(wanted.units), writing, raw=writing.raw)
        keep(recipes.activations.run(model, wanted), path, writing, raw=writing.raw)

    each_photo(found, "activations", "looked at", writing, make)
