"""The command of any recipe: it needs only its settings and its recipe."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from reverie import recipes
from reverie.cli.picture_commands import all_photos, check_beside, each_photo, keep, make, model_of, target_for
from reverie.errors import InvalidSetting, OutputFailed
from reverie.models.model import Model
from reverie.paths import photo_path
from reverie.recipes.repetition import Made
from reverie.settings.parts import Filmed, Network, Output
from reverie.settings.setting import Settings, settings_of
from reverie.synthesis import Recipe


def runner(name: str, cls: type[Settings]) -> Callable[..., None]:
    """What runs a command: of each photo where it takes several, else once."""

    def run(asked: Any, network: Network, writing: Filmed) -> None:
        recipe = recipes.recipe(cls)
        several = isinstance(asked, list)
        wanted = all_photos(asked, writing) if several else [asked]
        if len(wanted) > 1 and getattr(writing, "film", None) is not None:
            raise OutputFailed(f"{len(wanted)} photos do not fit in the one film {writing.film}; make them one by one")
        model = model_of(network)

        def made(one: Any, target: Path) -> None:
            written(model, recipe, recipe(model, one), target, writing)

        if several:
            each_photo(wanted, name, "made", writing, made)
        else:
            made(asked, target_for(writing, _stem(asked, name)))

    return run


def _stem(asked: Settings, name: str) -> str:
    photo = getattr(asked, "photo", None)
    return name if not isinstance(photo, str) else f"{photo_path(photo).stem}-{name}"


def _common(writing: Output) -> dict[str, Any]:
    known = {item.name for item in settings_of(Filmed)}
    return {name: value for name, value in writing.flat().items() if name in known}


def written(model: Model, recipe: Any, made: Any, target: Path, writing: Any) -> None:
    """Runs what a recipe made, and writes it.

    Raises:
        InvalidSetting: a recipe that made something else.
    """
    raw = getattr(writing, "raw", False)
    if isinstance(made, Recipe):
        film = isinstance(writing, Filmed)
        make(model, made, target, writing if film else Filmed.made(**_common(writing)))
    elif isinstance(made, Made):
        check_beside(target, len(made.names), writing, raw=raw)
        keep(recipe.run(model, made), target, writing, raw=raw)
    else:
        raise InvalidSetting(f"a recipe gives what is to run, not a {type(made).__name__}; return a reverie.Recipe")
