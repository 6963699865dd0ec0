"""The command that compares features of a layer."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, replace

from reverie import recipes
from reverie.cli.picture_commands import make, model_of, target_for
from reverie.cli.saying import say
from reverie.cli.tables import show
from reverie.figures.result import Result
from reverie.settings.compare import Compare
from reverie.settings.parts import Filmed, Network
from reverie.synthesis import Recipe, Step
from reverie.synthesis.cancellation import Cancellation, measured


def compare(asked: Compare, network: Network, writing: Filmed) -> None:
    """Features of a layer side by side, and how much of their gradients is left in the sum."""
    model = model_of(network)
    recipe = recipes.compare(model, asked)
    target = target_for(writing, f"{asked.layer}-compare")
    few = tuple(range(asked.few))
    features = [(0,), few, None] * (len(recipe.names) // 3)
    found: list[Cancellation] = []

    def through(steps: Iterable[Step]) -> Iterator[Step]:
        return measured(steps, model, asked.layer, features, found, every=asked.every, sample=asked.sample or None)

    def after(result: Result) -> Result:
        told = [asdict(item) for item in found]
        records = tuple(record.noting(cancellation=told) for record in result.records)
        return replace(result, records=records, whole=result.whole and result.whole.noting(cancellation=told))

    try:
        make(model, recipe, target, writing, through=through, after=after)
    finally:
        if found and not writing.quiet:
            _tell(recipe, found)


def _tell(recipe: Recipe, found: Sequence[Cancellation]) -> None:
    several = [number for number in range(len(recipe.names)) if number % 3]  # a single feature undoes nothing
    rows = [[str(item.step), *(f"{item.shares[number]:.3f}" for number in several)] for item in found]
    say("what is left of the features' gradients in their sum, |sum g| / sum |g|:")
    show(["step", *(recipe.labels[number] for number in several)], *rows)
