"""What the studio's pages are told of the network, and the names that its forms offer."""

from typing import Any

from reverie.attribution.methods import METHODS
from reverie.errors import ReverieError
from reverie.models.model import Model
from reverie.recipes.dreams import usual_layer
from reverie.recipes.presets import presets


def described(model: Model) -> dict[str, Any]:
    """A network as plain values."""
    main = set(model.main)
    return {
        "name": str(model.name),
        "title": model.title,
        "weights": str(model.source.get("weights_sha256", ""))[:16],
        "classes": list(model.classes),
        "size": list(model.size),
        "channels": model.channels,
        "device": str(model.device),
        "default_layer": _usual(model),
        "methods": list(METHODS),
        "presets": {
            command: [{"name": name, "about": preset.about} for name, preset in table.items()]
            for command, table in presets().items()
        },
        "notes": list(model.notes),
        "layers": [
            {
                "name": layer.name,
                "kind": layer.kind,
                "channels": layer.channels,
                "size": None if layer.size is None else list(layer.size),
                "main": layer.name in main,
            }
            for layer in model.layers.values()
        ],
    }


def _usual(model: Model) -> str | None:
    try:
        return usual_layer(model)
    except ReverieError:
        return None
