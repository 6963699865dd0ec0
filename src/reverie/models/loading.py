"""Loading: the network that settings name."""

import torch

from reverie.models.classes import names_in
from reverie.models.model import Model
from reverie.models.sources import load
from reverie.settings.parts import Network


def loaded(network: Network) -> Model:
    """The network that settings name, with the threads that they say.

    Raises:
        UnknownName: no such network, or a file of class names that cannot be read.
        ReverieError: what else `load` refuses.
    """
    use_threads(network.threads)
    classes = None if network.classes is None else names_in(network.classes)
    return load(network.model, loading=network, classes=classes)


def use_threads(count: int | None) -> None:
    """Sets how many threads torch computes with; None leaves it."""
    if count is not None:
        torch.set_num_threads(count)
