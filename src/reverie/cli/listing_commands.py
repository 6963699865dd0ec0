"""The commands that list: layers, networks and presets."""

import json as formats
from typing import Any

from reverie.cli.picture_commands import model_of
from reverie.cli.printed_tables import show
from reverie.cli.saying import say
from reverie.models.layers import Layer
from reverie.models.model import Model
from reverie.models.names import OWN
from reverie.models.zoos import timm_names, torchvision_names
from reverie.recipes.presets import presets as known
from reverie.settings.listings import Layers, Models, Presets
from reverie.settings.parts import Loading, Network

HEADS = ("layer", "kind", "channels", "size", "receptive field", "stride", "calls")


def layers(asked: Layers, loading: Loading) -> None:
    """A table of the main line or of all layers; or JSON."""
    ready = model_of(Network.made(model=asked.model, **loading.flat()))
    if asked.json:
        say(*formats.dumps(described(ready), indent=1).splitlines())
        return
    say(*_summary(ready), "")
    shown = tuple(ready.layers) if asked.all else ready.main
    show(HEADS, *map(_row, map(ready.layer, shown)))
    if len(shown) < len(ready.layers):
        say("", f"the main line; all {len(ready.layers)} layers with --all")


def models(asked: Models) -> None:
    """All names, with where their weights come from."""
    for name, about in OWN.items():
        say(f"{name}  (comes with reverie: {about})")
    say("path/to/file.py:factory, package.module:factory  (your own)")
    say("torchvision's classifiers, with torchvision's weights, --weights FILE or --weights none:")
    say(*(f"  {name}" for name in torchvision_names()))
    say("timm:NAME  (timm's networks, with the extra timm; --timm lists them)")
    if asked.timm:
        say(*(f"  timm:{name}" for name in timm_names()))


def described(model: Model) -> dict[str, Any]:
    """All that holds for a network, as plain values."""
    return {
        "name": model.name,
        "size": list(model.size),
        "channels": model.channels,
        "mean": list(model.mean),
        "std": list(model.std),
        "output": model.output.kind,
        "classes": len(model.classes),
        "device": str(model.device),
        "layers": [
            {
                "name": layer.name,
                "kind": layer.kind,
                "channels": layer.channels,
                "size": layer.size,
                "receptive_field": layer.receptive_field,
                "stride": layer.stride,
                "calls": layer.calls,
                "main": layer.name in model.main,
            }
            for layer in model.layers.values()
        ],
    }


def _row(layer: Layer) -> list[str]:
    sizes = _pair(layer.size), _field(layer), _pair(layer.stride)
    return [layer.name, layer.kind, str(layer.channels), *sizes, str(layer.calls)]


def _summary(model: Model) -> tuple[str, str]:
    mean, std = (", ".join(f"{value:g}" for value in values) for values in (model.mean, model.std))
    classes = f"{model.layers['logits'].channels} classes" + ("" if model.classes else " without names")
    taken = f"native size {_pair(model.size)}, {model.channels} channels, mean {mean}, std {std}"
    return f"{model.name}: {taken}, {classes}, on {model.device}", model.output.told


def _pair(pair: tuple[int, int] | None) -> str:
    return "-" if pair is None else f"{pair[0]}x{pair[1]}"


def _field(layer: Layer) -> str:
    if layer.size is None or layer.field is None:
        return "-" if layer.size is None else "unknown"
    return "everything" if layer.receptive_field is None else _pair(layer.receptive_field)


def presets(asked: Presets) -> None:  # noqa: ARG001  # it takes nothing
    """A table of all presets."""
    rows = []
    for command, table in known().items():
        for name, preset in table.items():
            sizes = max(len(preset.sizes), preset.octaves)
            steps = f"{sizes} x {preset.steps}" if sizes > 1 else str(preset.steps)
            rows.append([name, command, steps, "-" if preset.seconds is None else f"{preset.seconds:g}", preset.about])
    show(["preset", "for", "steps", "seconds", "about"], *rows)
    say("", "your own: --preset FILE.toml, or FILE.toml:NAME; every number can be overridden, as by --steps 40")
