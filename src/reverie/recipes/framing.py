"""Framing: the photo as a classifier is shown it, and whether the positions that units name lie in the picture."""

from collections.abc import Sequence

from torch import Tensor

from reverie.errors import InvalidSetting, UnknownName
from reverie.image import Photo, Size, in_channels, read, read_at
from reverie.models.model import Model
from reverie.settings.fields import sized
from reverie.unit import Unit


def native_photo(model: Model, photo: Photo, size: int | str | Size | None) -> Tensor:
    """A photo [1,C,H,W] for a classifier: its short side at the network's native size, unless another is given.

    Raises:
        InvalidSetting: a network that takes neither colours nor greys, or no size.
    """
    wanted = sized(size)
    picture = read(photo, min(model.size)) if wanted is None else read_at(photo, wanted)
    height, width = picture.shape[-2:]
    if wanted is None:
        picture = read_at(picture, round(max(height, width) * min(model.size) / min(height, width)))
    return taken(model, picture)


def taken(model: Model, picture: Tensor) -> Tensor:
    """A photo [1,3,H,W] on the network's device, in its channels.

    Raises:
        InvalidSetting: a network that takes neither colours nor greys.
    """
    if model.channels not in (1, 3):
        raise InvalidSetting(f"{model.name} takes {model.channels} channels; a photo has 3, or 1 as grey")
    return in_channels(picture.to(model.device), model.channels)


def check_position(model: Model, unit: Unit, size: Size) -> None:
    """That the rows and columns a unit names exist on a picture of this size.

    Raises:
        UnknownName: they do not.
    """
    if not unit.positional:
        return
    grid = model.grid(unit.layer, size)
    for name, span, length in (("row", unit.rows, grid[0]), ("column", unit.columns, grid[1])):
        if span is not None and span[1] >= length:
            raise UnknownName(
                f"'{unit.layer}' has {grid[0]} rows and {grid[1]} columns on a picture of {size[0]}x{size[1]}; "
                f"{name} {span[1]} is out of range, the last is {length - 1}"
            )


def check_positions(model: Model, units: Sequence[Unit], sizes: Sequence[Size]) -> None:
    """`check_position` for several units and sizes."""
    for unit in units:
        for size in sizes:
            check_position(model, unit, size)
