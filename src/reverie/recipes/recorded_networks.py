"""The network of a record: loaded again, and checked to be the same."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from torch import nn

from reverie.errors import RecordRefused, ReverieError
from reverie.models.interventions import edits_of
from reverie.models.model import Model
from reverie.models.sameness import difference
from reverie.models.sources import load
from reverie.recipes.consent import check_description, check_network
from reverie.record import Record


def recorded_model(
    record: Record, model: Model | nn.Module | str | None = None, *, trust: bool = False, **options: Any
) -> Model:
    """The network of a record.

    Args:
        model: the user's own naming of it, which wins.
        trust: load code and weight files that only the record names.

    Raises:
        RecordRefused: the record names code or weights and nobody vouches for them, or the weights are others.
    """
    return network_again(dict(record.model), model, trust=trust, remedy="--model (and --weights)", **options)


def network_again(
    source: Mapping[str, Any], model: Model | nn.Module | str | None, *, trust: bool, remedy: str, **options: Any
) -> Model:
    """A network that a record describes, or the user's own naming of it; see `recorded_model`."""
    check_description(source)
    if model is None and not trust:
        check_network(source, remedy)
    named = str(source.get("name")) if model is None else model
    try:
        ready = load(named, **{**_kept(source, named=model is not None), **options})
    except (TypeError, ValueError, AttributeError, KeyError) as error:
        if isinstance(error, ReverieError):
            raise
        raise RecordRefused("the record's description of its network is damaged; render the picture anew") from None
    what = difference(ready.source, source)
    if what:
        raise RecordRefused(
            f"{ready.name} has other {what} than the picture was made with; "
            f"name the right {'one with --also' if remedy == '--also' else 'ones with --model and --weights'}"
        )
    changes = source.get("interventions")
    return replace(ready, edits=edits_of(ready, changes)) if changes else ready


def _kept(source: Mapping[str, Any], *, named: bool) -> dict[str, Any]:
    """How the record's network was loaded, as arguments of `load`."""
    kept = ("mean", "std", "precision", "classes", "pooling", "output", "output_key")
    options = {key: source[key] for key in kept if source.get(key) is not None}
    if source.get("size") is not None:
        options["size"] = tuple(source["size"])
    weights = source.get("weights", "default")
    if weights is None or not named:  # who names the network names its file of weights too
        options["weights"] = str(weights).removeprefix("file:") if weights is not None else None
    return options
