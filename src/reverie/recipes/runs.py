"""The recipes run to the end: the same signatures, a Result in place of a Recipe."""

import functools
from collections.abc import Callable
from typing import Concatenate, ParamSpec

from torch import nn

from reverie.attribution import Inquiry, answer
from reverie.figures.result import Result
from reverie.models.model import Model
from reverie.models.sources import load
from reverie.recipes.comparisons import compare as compare_recipe
from reverie.recipes.comparisons import grow as grow_recipe
from reverie.recipes.dreams import dream as dream_recipe
from reverie.recipes.explanations import explain as explain_recipe
from reverie.recipes.features import feature as feature_recipe
from reverie.recipes.inversion import invert as invert_recipe
from reverie.synthesis import Recipe, synthesize

P = ParamSpec("P")


def _run(
    recipe: Callable[Concatenate[Model, P], Recipe] | Callable[Concatenate[Model, P], Inquiry],
) -> Callable[Concatenate[Model | str | nn.Module, P], Result]:
    @functools.wraps(recipe)
    def run(model: Model | str | nn.Module, /, *args: P.args, **kwargs: P.kwargs) -> Result:
        ready = load(model)
        made = recipe(ready, *args, **kwargs)
        return answer(ready, made) if isinstance(made, Inquiry) else synthesize(ready, made)

    return run


compare = _run(compare_recipe)
dream = _run(dream_recipe)
explain = _run(explain_recipe)
feature = _run(feature_recipe)
grow = _run(grow_recipe)
invert = _run(invert_recipe)
