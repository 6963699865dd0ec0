"""Directions as units, and several pictures of one unit: views that differ, both of its sides."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor
from torch.nn import functional

from reverie.errors import InvalidSetting
from reverie.models.model import Model
from reverie.models.moments import channel_moments
from reverie.objectives import Objective, direction, directions_in
from reverie.objectives import diversity as diversity_of
from reverie.synthesis.recipe import check, count
from reverie.unit import Unit, parse

DIVERSITY = 4.0  # deviations of the layer that a wholly different view is worth


@dataclass(frozen=True)
class Rows:
    """Directions [K,C] and the name of the file that they come from."""

    name: str
    vectors: Tensor

    def __len__(self) -> int:
        return len(self.vectors)


def rows_of(model: Model, units: str | Unit | Sequence[str | Unit], dictionary: str | Path | None) -> Rows | None:
    """The rows of a dictionary, of as many channels as the layer of the units has; None without a dictionary."""
    if dictionary is None:
        return None
    several = [units] if isinstance(units, str | Unit) else units
    parsed = [unit for item in several for unit in (parse(item) if isinstance(item, str) else [item])]
    widths = {model.layer(unit.layer).channels for unit in parsed}
    if len(widths) > 1:
        raise InvalidSetting("a dictionary goes with one layer; name units of one layer only")
    return Rows(Path(dictionary).name, directions_in(dictionary, widths.pop() if widths else 0))


def check_views(
    known: Rows | None, reduction: str | None, cosine: float | None, diversity: int, *, negative: bool, both: bool
) -> None:
    """One sentence where settings of directions and views do not go together.

    Raises:
        InvalidSetting: they do not.
    """
    count("diversity", diversity, 1, 64)
    if cosine is not None:
        check("cosine", cosine, 0, 16)
    if known is None and cosine is not None:
        raise InvalidSetting("--cosine weighs directions; name their file with --dictionary")
    if known is not None and reduction is not None:
        raise InvalidSetting("--reduction is of channels; a dictionary's directions have --cosine")
    if negative and both:
        raise InvalidSetting("--both shows the negative side beside the other; leave out --negative")


def along(unit: Unit, known: Rows, cosine: float | None) -> Objective:
    """The response along the rows of a dictionary that a unit names, jointly."""
    rows = [int(row) for row in unit.channels]
    vector = functional.normalize(known.vectors[rows], dim=1).sum(0)
    name = f"{known.name}:{'+'.join(map(str, rows))}"
    return direction(unit, vector, cosine=1.0 if cosine is None else cosine, name=name)


def apart(model: Model, unit: Unit, views: int) -> Objective:
    """What keeps the views of a unit apart, on the scale of the layer's activations; nothing for a single one."""
    if views == 1:
        return Objective(())
    return DIVERSITY * float(channel_moments(model, unit.layer)[1].mean()) * diversity_of(unit.layer)


def view_name(text: str, negative: bool, view: int) -> str:
    """The text of a unit, of its negative side, of one of its views."""
    return ("-" if negative else "") + text + (f" view {view + 1}" if view else "")
