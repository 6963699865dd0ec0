"""Loading: the network that settings name."""

from pathlib import Path

import torch

from reverie.errors import UnknownName
from reverie.models.model import Model
from reverie.models.sources import load
from reverie.paths import path_named
from reverie.settings.parts import Network


def loaded(network: Network) -> Model:
    """The network that settings name, with the threads that they say.

    Raises:
        UnknownName: no such network, or a file of class names that cannot be read.
        ReverieError: what else `load` refuses.
    """
    use_threads(network.threads)
    classes = None if network.classes is None else _lines(Path(network.classes))
    return load(network.model, loading=network, classes=classes)


def use_threads(count: int | None) -> None:
    """Sets how many threads torch computes with; None leaves it."""
    if count is not None:
        torch.set_num_threads(count)


def _lines(path: Path) -> list[str]:
    try:
        return [line.strip() for line in path_named(path).read_text(encoding="utf-8").splitlines() if line.strip()]
    except (OSError, UnicodeDecodeError) as error:
        raise UnknownName(
            f"the class names {path} cannot be read ({error}); give a text file, one name a line"
        ) from None
