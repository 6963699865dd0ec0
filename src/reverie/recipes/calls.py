"""The recipes run to the end: the same signatures, a Result in place of a Recipe."""

import functools
import inspect
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from torch import Tensor, nn

from reverie.errors import InvalidSetting
from reverie.figures.result import Result
from reverie.models.model import Model
from reverie.models.sources import load
from reverie.recipes.comparisons import compare as compare_recipe
from reverie.recipes.comparisons import grow as grow_recipe
from reverie.recipes.deep_dream import dream as dream_recipe
from reverie.recipes.exaggeration import accentuate as accentuate_recipe
from reverie.recipes.exaggeration import caricature as caricature_recipe
from reverie.recipes.explaining import explain as explain_recipe
from reverie.recipes.feature_visualization import feature as feature_recipe
from reverie.recipes.fooling import fool as fool_recipe
from reverie.recipes.fooling import of_folder, universal_of
from reverie.recipes.fooling import universal as universal_recipe
from reverie.recipes.interpolation import interpolate as interpolate_recipe
from reverie.recipes.inversion import invert as invert_recipe
from reverie.recipes.origins import Recorded
from reverie.recipes.painting import style as style_recipe
from reverie.recipes.radii import settled, widened
from reverie.recipes.responses import activations as activations_recipe
from reverie.recipes.verdicts import prediction
from reverie.recipes.weights import filters as filters_recipe
from reverie.runs import Progress, finished
from reverie.settings.calling import names_checked
from reverie.settings.explain import Explain
from reverie.settings.fool import Fool
from reverie.settings.shorthand import (
    AccentuateCall,
    ActivationsCall,
    CaricatureCall,
    CompareCall,
    DreamCall,
    ExplainCall,
    FeatureCall,
    FiltersCall,
    FoolCall,
    GrowCall,
    InterpolateCall,
    InvertCall,
    StyleTransferCall,
    UniversalCall,
)

NETWORK = Model | str | nn.Module
SHOWN = inspect.Parameter("progress", inspect.Parameter.KEYWORD_ONLY, default=None, annotation=Progress)


def _public(run: Callable[..., Result], recipe: Recorded[Any]) -> Callable[..., Result]:
    """The run of a recipe, with what it says and takes: any network, and how its progress is shown."""
    own = inspect.signature(recipe)
    model, *settings = own.parameters.values()
    copied = [name for name in functools.WRAPPER_ASSIGNMENTS if name != "__doc__" or run.__doc__ is None]
    public = functools.wraps(recipe, copied)(run)
    public.__signature__ = own.replace(  # type: ignore[attr-defined]
        parameters=[model.replace(annotation=NETWORK), *settings, SHOWN], return_annotation=Result
    )
    return names_checked(public)


def _run(recipe: Recorded[Any]) -> Callable[..., Result]:
    def run(model: Model | str | nn.Module, /, *args: Any, progress: Progress = None, **kwargs: Any) -> Result:
        ready = load(model)
        made: Result = finished(recipe.run(ready, recipe(ready, *args, **kwargs)), progress)
        return made

    return _public(run, recipe)


accentuate: AccentuateCall[Result] = _run(accentuate_recipe)
activations: ActivationsCall[Result] = _run(activations_recipe)
caricature: CaricatureCall[Result] = _run(caricature_recipe)
compare: CompareCall[Result] = _run(compare_recipe)
dream: DreamCall[Result] = _run(dream_recipe)
feature: FeatureCall[Result] = _run(feature_recipe)
filters: FiltersCall[Result] = _run(filters_recipe)
grow: GrowCall[Result] = _run(grow_recipe)
interpolate: InterpolateCall[Result] = _run(interpolate_recipe)
invert: InvertCall[Result] = _run(invert_recipe)
style: StyleTransferCall[Result] = _run(style_recipe)
universal: UniversalCall[Result] = _run(universal_recipe)


def _fool(model: Model | str | nn.Module, /, *args: Any, progress: Progress = None, **kwargs: Any) -> Result:
    ready, asked = load(model), Fool.of(*args, **kwargs)
    if of_folder(asked):
        everywhere: Result = finished(fool_recipe.run(ready, universal_of(ready, asked)), progress)
        return everywhere
    asked = settled(ready, asked)
    others = [load(name) for name in asked.transfer]
    made = widened(ready, finished(fool_recipe.run(ready, fool_recipe(ready, asked)), progress), **asked.flat())
    index = int(made.findings[0].values["class"]) if others else 0
    notes = [f"{each.title}: {prediction(each, made.images, ready, index)}" for each in others]
    return replace(made, notes=(*made.notes, *notes))


fool: FoolCall[Result] = _public(_fool, fool_recipe)


def _explain(model: Model | str | nn.Module, /, *leading: Any, progress: Progress = None, **settings: Any) -> Result:
    """Shows where in a photo a network sees a unit, by one or several methods of attribution.

    Args:
        photo: one; or several, or a tensor [N,3,H,W]: each one's pictures, one after the other.
        unit: the top class, each photo's own, unless given.
        progress: True for a bar, a function that gets each event, None for a bar where a terminal waits for long.

    Raises:
        InvalidSetting: photos that are not shown at one size; or as `recipes.explain`.
    """
    ready = load(model)
    named = Explain.named(Explain.leading, leading, settings)
    photo: Any = named.get("photo")
    several = isinstance(photo, list | tuple) or (isinstance(photo, Tensor) and photo.ndim == 4)
    asked = [
        explain_recipe(ready, **{**named, **each}) for each in ([{"photo": one} for one in photo] if several else [{}])
    ]
    sizes = sorted({item.size for item in asked})
    if len(sizes) != 1:
        told = ", ".join(f"{height}x{width}" for height, width in sizes) or "no photo"
        raise InvalidSetting(f"explain photos of one size together, not {told}; give size=(height, width)")
    found: list[Result] = [finished(explain_recipe.run(ready, item), progress) for item in asked]
    return found[0] if len(found) == 1 else Result.joined(found)


explain: ExplainCall[Result] = _public(_explain, explain_recipe)
