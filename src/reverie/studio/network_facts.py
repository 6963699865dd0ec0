"""What the studio's pages are told of the network, and of the presets."""

from typing import Any

from reverie.errors import ReverieError
from reverie.models.model import Model
from reverie.recipes.deep_dream import usual_layer
from reverie.recipes.presets import presets
from reverie.settings.explain import METHODS


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
        "methods": list(METHODS),
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
    """The presets of each kind, with what each is; the names of other settings stand in the forms."""
    return {
        kind: {"preset": [{"name": name, "about": preset.about} for name, preset in table.items()]}
        for kind, table in presets().items()
    }


def _usual(model: Model) -> str | None:
    try:
        return usual_layer(model)
    except ReverieError:
        return None
