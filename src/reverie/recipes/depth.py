"""The layers along a network's main line, for recipes that walk down it."""

from reverie.models.layers import Layer
from reverie.models.main_line import LEAST
from reverie.models.model import Model

MOST = 8  # layers of a strip


def main_line(model: Model) -> list[Layer]:
    """The layers with a grid that a person would name, in the order in which they run."""
    return [model.layers[name] for name in model.blocks] if len(model.blocks) >= LEAST else outermost(model)


def outermost(model: Model) -> list[Layer]:
    """The layers with a grid on the outermost level of names that has several, in the order in which they run."""
    grids = [
        layer for name, layer in model.layers.items() if layer.size is not None and "~" not in name and name != "logits"
    ]
    for level in range(6):
        line = [layer for layer in grids if layer.name.count(".") == level]
        if len(line) >= LEAST:
            return line
    return grids


def strip_layers(model: Model) -> list[str]:
    """The layers of a strip down the main line, at most MOST of them, evenly spread, and the logits."""
    line = main_line(model)
    last, count = len(line) - 1, min(len(line), MOST)
    chosen = [line[round(last * index / max(1, count - 1))].name for index in range(count)]
    return [*dict.fromkeys(chosen), "logits"]


def depth(model: Model, layer: str) -> float:
    """How far down the network a layer runs, from 0 to 1."""
    names = list(model.layers)
    return names.index(layer) / max(1, len(names) - 1)
