"""What the studio's pages are told of the network, and the names that its forms offer."""

from collections.abc import Iterable, Mapping
from typing import Any

from reverie.attribution.method_table import METHODS as EXPLAINING
from reverie.errors import ReverieError
from reverie.models.model import Model
from reverie.objectives.activation_terms import REDUCTIONS
from reverie.recipes.deep_dream import usual_layer
from reverie.recipes.fooling import METHODS, NOTHING, RADII
from reverie.recipes.inversion import MADE_OF
from reverie.recipes.painting import COLORS, RATES
from reverie.recipes.presets import presets

CHOICES: Mapping[str, Mapping[str, Iterable[str]]] = {
    "dream": {"reduction": REDUCTIONS},
    "feature": {"reduction": REDUCTIONS},
    "style": {"colors": COLORS, "ascent": RATES, "start": ("photo", "noise")},
    "invert": {"parameterization": MADE_OF, "ascent": RATES},
    "fool": {"method": METHODS, "norm": RADII, "start": ("photo", *NOTHING)},
}


def described(model: Model) -> dict[str, Any]:
    """A network as plain values."""
    main = set(model.main)
    return {
        "name": str(model.name),
        "title": model.title,
        "weights": str(model.source.get("weights_sha256", ""))[:16],
        "classes": list(model.classes),
        "device": str(model.device),
        "default_layer": _usual(model),
        "methods": list(EXPLAINING),
        "names": _names(),
        "notes": list(model.notes),
        "layers": [
            {
                "name": layer.name,
                "channels": layer.channels,
                "size": None if layer.size is None else list(layer.size),
                "main": layer.name in main,
            }
            for layer in model.layers.values()
        ],
    }


def _names() -> dict[str, dict[str, list[dict[str, str]]]]:
    """What each setting that is one of several names may be, by kind and setting, from the tables that decide."""
    found = {
        kind: {name: [{"name": each, "about": ""} for each in table] for name, table in tables.items()}
        for kind, tables in CHOICES.items()
    }
    for kind, table in presets().items():
        told = [{"name": name, "about": preset.about} for name, preset in table.items()]
        found[kind] = {**found.get(kind, {}), "preset": told}
    return found


def _usual(model: Model) -> str | None:
    try:
        return usual_layer(model)
    except ReverieError:
        return None
