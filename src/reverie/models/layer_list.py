"""What a network has to look at, for who asks from Python."""

from torch import nn

from reverie.models.layers import Layer
from reverie.models.model import Model
from reverie.models.names import DEFAULT
from reverie.models.sources import load
from reverie.settings.calling import names_checked


@names_checked
def layers(model: Model | str | nn.Module = DEFAULT, *, every: bool = False) -> tuple[Layer, ...]:
    """Lists a network's layers, in the order in which a picture runs through them.

    Args:
        every: all of them; else those of the main line, which a person would name.
    """
    ready = load(model)
    return tuple(ready.layer(name) for name in (ready.layers if every else ready.main))
