"""One picture for several networks at once: each of them counts as much as the first one."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from reverie.errors import InvalidSetting
from reverie.image import Size
from reverie.models.model import Model
from reverie.models.moments import deviation
from reverie.models.probe import probe
from reverie.objectives import Objective, elsewhere
from reverie.recipes.framing import check_positions
from reverie.recipes.other_networks import Other
from reverie.recipes.terms import weighted
from reverie.unit import Unit


@dataclass(frozen=True)
class Ally:
    """Another network's unit, and how much it counts beside the first network's."""

    model: Model
    unit: Unit
    weight: float


def allies(model: Model, unit: Unit | None, also: Sequence[Other], usual: str = "") -> list[Ally]:
    """The units of other networks that go with a unit of the first one.

    Args:
        unit: whose class the others are asked for, where no unit of theirs is named.
        usual: what stands where no unit is named and there is no such class either.

    Raises:
        UnknownName: no such layer, channel or class.
        InvalidSetting: several units where one is wanted, or channels of input that do not go together.
    """
    found = []
    for other in also:
        text, weight = weighted(other.wish)
        units = other.model.units(text or usual) if text or usual else (_of_the_same_class(model, unit, other.model),)
        if len(units) > 1:
            raise InvalidSetting(f"'{text}' is {len(units)} units of {other.model.name}; name one for each --also")
        if other.model.channels != model.channels and not {other.model.channels, model.channels} <= {1, 3}:
            raise InvalidSetting(
                f"{other.model.name} takes {other.model.channels} channels and {model.name} {model.channels}; "
                "no picture is one for both"
            )
        found.append(Ally(other.model, units[0], weight))
    return found


def _of_the_same_class(model: Model, unit: Unit | None, other: Model) -> Unit:
    """The class of another network that has the name of a class of the first one."""
    name = None if unit is None else model.named_class(unit)
    if name is None:
        raise InvalidSetting(
            f"'{unit}' is no class with a name; say what in {other.name} is meant as --also MODEL=UNIT"
        )
    return other.units(Unit("logits", (name,)))[0]


def check_allies(found: Sequence[Ally], sizes: Sequence[Size]) -> None:
    """That the other networks run on pictures of these sizes, from small to large, up to their units.

    Raises:
        UnknownName: a position that there is not.
        InvalidSetting: too small a picture.
    """
    size = sizes[0]
    for ally in found:
        smallest = ally.model.smallest_side([ally.unit.layer]) if min(size) < min(ally.model.size) else 0
        if min(size) < smallest:
            raise InvalidSetting(
                f"{ally.model.name} does not run on a picture of {size[0]}x{size[1]} up to {ally.unit.layer}: "
                f"the smallest side is {smallest}; give a larger --size"
            )
        check_positions(ally.model, [ally.unit], sizes)


def by_deviation(own: float, ally: Ally, objective: Objective) -> Objective:
    """An objective on the other network, on the scale of the first one's deviation over ordinary pictures."""
    scale = own / deviation(ally.model, ally.unit)
    return ally.weight * scale * elsewhere(ally.model, objective)


def by_photo(model: Model, wish: Objective, ally: Ally, objective: Objective, photo: Tensor) -> Objective:
    """An objective on the other network, on the scale of what a photo gives to the first one's."""
    beside = elsewhere(ally.model, objective)
    with torch.no_grad():
        seen = probe(model, photo, wish.layers)
        own, others = (abs(float(item.score(seen)[0])) for item in (wish, beside))
    return ally.weight * (own / max(others, 1e-12)) * beside
