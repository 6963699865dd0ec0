"""The commands that compare features of a layer, grow a feature map, and go from one unit to another."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, replace
from typing import Any

import typer

from reverie import recipes
from reverie.cli.runs import make, model_of, show, split, target_for
from reverie.figures.result import Result
from reverie.synthesis import Recipe, Step
from reverie.synthesis.cancellation import Cancellation, measured


def compare(layer: str, every: int, sample: int, **given: Any) -> None:
    """Features of a layer side by side, and how much of their gradients is left in the sum."""
    settings, writing = split(given)
    model = model_of(settings)
    recipe = recipes.compare(model, layer, **settings)
    target = target_for(writing["output"], f"{layer}-compare", writing["force"])
    few = tuple(range(settings["few"]))
    features = [(0,), few, None] * (len(recipe.names) // 3)
    found: list[Cancellation] = []

    def through(steps: Iterable[Step]) -> Iterator[Step]:
        return measured(steps, model, layer, features, found, every=every, sample=sample or None)

    def after(result: Result) -> Result:
        told = [asdict(item) for item in found]
        records = tuple(record.noting(cancellation=told) for record in result.records)
        return replace(result, records=records, whole=result.whole and result.whole.noting(cancellation=told))

    try:
        make(model, recipe, target, writing, through=through, after=after)
    finally:
        if found and not writing["quiet"]:
            _tell(recipe, found)


def _tell(recipe: Recipe, found: Sequence[Cancellation]) -> None:
    several = [number for number in range(len(recipe.names)) if number % 3]  # a single feature undoes nothing
    rows = [[str(item.step), *(f"{item.shares[number]:.3f}" for number in several)] for item in found]
    typer.echo("what is left of the features' gradients in their sum, |sum g| / sum |g|:")
    show([["step", *(recipe.labels[number] for number in several)], *rows])


def grow(unit: str, **given: Any) -> None:
    """A feature map's neurons, one after the other."""
    settings, writing = split(given)
    model = model_of(settings)
    recipe = recipes.grow(model, unit, **settings)
    make(model, recipe, target_for(writing["output"], "grow", writing["force"]), writing)


def interpolate(**given: Any) -> None:
    """A strip from one unit to another."""
    through, settings, writing = given.pop("through"), *split(given)
    model = model_of(settings)
    recipe = recipes.interpolate(model, through, **settings)
    make(model, recipe, target_for(writing["output"], "interpolate", writing["force"]), writing)
