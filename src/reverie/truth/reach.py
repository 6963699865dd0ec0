"""Reach: how far above photos an optimised picture excites its unit."""

from dataclasses import dataclass

from torch import Tensor

from reverie.image import resize
from reverie.models.model import Model
from reverie.truth.exemplars import Exemplars, channel_maps
from reverie.unit import Unit


@dataclass(frozen=True)
class Reach:
    """How far a picture goes.

    Attributes:
        activation: the unit's largest activation on the clean picture, at the network's native size.
        best: on the best photo.
        percentile: per cent of photos that excite it less.
    """

    activation: float
    best: float
    percentile: float

    @property
    def ratio(self) -> float:
        """The ratio of the activation to the best photo's; nan where no photo excites the unit."""
        return self.activation / self.best if self.best > 0 else float("nan")


def reach(model: Model, unit: Unit, picture: Tensor, found: Exemplars) -> Reach:
    """The reach of one picture [3,H,W]."""
    shown = resize(picture[None], model.size).clamp(0, 1)
    value = float(channel_maps(model, unit, shown).max())
    return Reach(value, found.best, found.below(value))
