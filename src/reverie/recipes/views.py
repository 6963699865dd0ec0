"""Directions as units, and several pictures of one unit: views that differ, both of its sides."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from reverie.errors import InvalidSetting
from reverie.expression import negated
from reverie.image import Photo, photos_in
from reverie.models.model import Model
from reverie.models.moments import channel_moments
from reverie.objectives import Objective, concept, direction, directions_in, photo_features
from reverie.objectives import diversity as diversity_of
from reverie.recipes.wishes import Wanted, Wish, layers_named
from reverie.synthesis.recipe import check, count
from reverie.unit import Unit

DIVERSITY = 4.0  # deviations of the layer that a wholly different view is worth


@dataclass(frozen=True)
class Rows:
    """Directions [K,C] and the name of the file that they come from; or the only one of a concept."""

    name: str
    vectors: Tensor
    measured: bool = False

    def __len__(self) -> int:
        return len(self.vectors)


@dataclass(frozen=True)
class Concept:
    """What some photos have and others lack, as a direction of a layer's channels; a record keeps its numbers.

    Attributes:
        vector: [C], of unit length.
        photos, against: how many there were.
    """

    vector: Tensor
    photos: int
    against: int

    def plain(self) -> dict[str, Any]:
        """What a record says of it."""
        return {"vector": _short(self.vector), "photos": self.photos, "against": self.against}


def _short(vector: Tensor) -> list[float]:
    """Numbers in as many letters as a record can hold of a wide layer."""
    return [float(f"{value:.6g}") for value in vector.tolist()]


def rows_of(
    model: Model,
    units: Wanted | Sequence[Wanted],
    dictionary: str | Path | None,
    found: "Concept | Mapping[str, Any] | Sequence[Photo] | None" = None,
) -> Rows | None:
    """Directions of as many channels as the layer of the units has: a dictionary's rows, or a concept's only one."""
    if isinstance(found, Mapping):
        found = _remembered(found)
    if isinstance(found, Concept):
        if dictionary is not None:
            raise InvalidSetting("--concept is a direction of its own; leave out --dictionary")
        if len(found.vector) != _width(model, units, "a concept"):
            raise InvalidSetting("the concept has other channels than the layer; measure it in this very layer")
        return Rows("concept", found.vector[None], measured=True)
    if dictionary is None:
        return None
    return Rows(Path(dictionary).name, directions_in(dictionary, _width(model, units, "a dictionary")))


def _width(model: Model, units: Wanted | Sequence[Wanted], what: str) -> int:
    """How many channels the layer of the units has."""
    widths = {model.layer(name).channels for name in layers_named(units)}
    if len(widths) > 1:
        raise InvalidSetting(f"{what} goes with one layer; name units of one layer only")
    return widths.pop() if widths else 0


def concept_in(
    model: Model, units: Wanted | Sequence[Wanted], photos: Any, against: Any
) -> "Concept | Mapping[str, Any] | None":
    """The concept of photos or folders of them, less that of others, in the layer of the units; None without any.

    Raises:
        UnsuitableImage: a photo that cannot be read.
        InvalidSetting: photos to compare with alone, or units of several layers.
    """
    if isinstance(photos, list | tuple) and len(photos) == 1 and isinstance(photos[0], Concept | Mapping):
        photos = photos[0]
    if isinstance(photos, Concept | Mapping):
        return photos
    sides = [_each(photos), _each(against)]
    if not sides[0]:
        if sides[1]:
            raise InvalidSetting("--against goes with --concept: name the photos that have what these lack")
        return None
    layers = layers_named(units)
    if len(layers) != 1:
        raise InvalidSetting("a concept goes with one layer; name units of one layer only")
    if sides[1]:
        found = concept(model, layers[0], *sides)
    else:
        own = [photo_features(model, photo, layers[0]).mean((0, 2, 3)) for photo in sides[0]]
        found = torch.stack(own).mean(0) - channel_moments(model, layers[0])[0]
    if not bool(found.any()):
        raise InvalidSetting(f"the photos are alike in '{layers[0]}': there is no concept between them")
    vector = torch.tensor(_short(functional.normalize(found, dim=0)))  # those that the record will hold
    return Concept(vector, len(sides[0]), len(sides[1]))


def _each(photos: Any) -> list[Photo]:
    """All photos, those of folders one by one."""
    several = photos if isinstance(photos, list | tuple) else [] if photos is None else [photos]
    return [photo for item in several for photo in (photos_in(str(item)) if isinstance(item, str | Path) else [item])]


def _remembered(plain: Mapping[str, Any]) -> Concept:
    """A concept from a record's numbers: a stranger's data."""
    vector = plain.get("vector")
    if not isinstance(vector, list) or not vector or not all(isinstance(item, int | float) for item in vector):
        raise InvalidSetting("the concept's numbers are damaged; render the picture anew")
    return Concept(torch.tensor(vector, dtype=torch.float32), 0, 0)


def check_views(known: Rows | None, reduction: str | None, cosine: float | None, diversity: int) -> None:
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
        raise InvalidSetting("--reduction is of channels; directions have --cosine")


def along(unit: Unit, known: Rows, cosine: float | None) -> Objective:
    """The response along the rows of a dictionary that a unit names, jointly."""
    rows = [int(row) for row in unit.channels]
    vector = functional.normalize(known.vectors[rows], dim=1).sum(0)
    name = known.name if known.measured else f"{known.name}:{'+'.join(map(str, rows))}"
    return direction(unit, vector, cosine=1.0 if cosine is None else cosine, name=name)


def apart(model: Model, layers: Sequence[str], views: int) -> Objective:
    """What keeps the views of a wish apart in its first layer, on the layer's scale; nothing for one view."""
    if views == 1 or not layers:
        return Objective(())
    return DIVERSITY * float(channel_moments(model, layers[0])[1].mean()) * diversity_of(layers[0])


def labelled(model: Model, wish: Wish, known: Rows | None) -> str:
    """What to write under a wish's picture."""
    if known is None or not known.measured or wish.unit is None:
        return wish.label(model)
    return f"concept in {replace(wish.unit, channels=())}"


def view_name(text: str, negative: bool, view: int) -> str:
    """The text of a unit, of its negative side, of one of its views."""
    return (negated(text) if negative else text) + (f" view {view + 1}" if view else "")
