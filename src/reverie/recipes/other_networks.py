"""Other networks that a picture must excite too: how they are named, and how a record names them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from reverie.errors import InvalidSetting
from reverie.models.model import Model
from reverie.models.sources import load


@dataclass(frozen=True)
class Other:
    """A network and what in it is to be excited.

    Attributes:
        wish: UNIT or UNIT=WEIGHT; empty for the class of the same name, or the layer that is dreamt by default.
    """

    model: Model
    wish: str = ""

    def plain(self) -> dict[str, Any]:
        """What a record says of it."""
        return {"network": dict(self.model.source), "wish": self.wish}


Also = str | Model | nn.Module | tuple[str | Model | nn.Module, str] | Other


def others(also: Also | Sequence[Also], device: torch.device) -> tuple[Other, ...]:
    """Networks named as MODEL, MODEL=UNIT or MODEL=UNIT=WEIGHT, or given as such with the text of the unit.

    Raises:
        UnknownName: no such network.
        InvalidSetting: anything else.
    """
    several = also if isinstance(also, list | tuple) else [also]
    return tuple(_other(item, device) for item in several)


def _other(item: Any, device: torch.device) -> Other:
    if isinstance(item, Other):
        return item
    named, wish = item if isinstance(item, tuple) and len(item) == 2 else (item, "")
    if isinstance(named, str) and not wish:
        named, _, wish = named.partition("=")
    if not isinstance(named, str | Model | nn.Module) or not isinstance(wish, str):
        raise InvalidSetting(f"'{item}' is no network; write MODEL=UNIT, or give the network and the unit's text")
    return Other(load(named, device=str(device)), wish)
