"""What the rows of an atlas file hold of an activation atlas: cells of a layer, each with what is known of it."""

from typing import Annotated

from msgspec import Meta

from reverie.atlas.values import Blob, Count, Entry, Long, Text, Value
from reverie.settings.atlas import SIDE
from reverie.settings.grid import CELLS, NAMED, PATCHES

Place = Annotated[int, Meta(ge=0, lt=CELLS)]


class AtlasGrid(Entry, frozen=True):
    """The activation atlas of a layer.

    Attributes:
        height, width: of the grid, in cells.
        side: of the pictures, in pixels.
        positions, photos: how many were laid out, and of how many photos.
        record: JSON, what repeats it.
    """

    layer: Text
    height: Annotated[int, Meta(ge=1, le=CELLS)]
    width: Annotated[int, Meta(ge=1, le=CELLS)]
    side: Annotated[int, Meta(ge=1, le=SIDE)]
    positions: Count
    photos: Count
    record: Long


class AtlasCell(Entry, frozen=True):
    """A cell that is not empty: how many activations it holds, and the picture of their mean direction as WebP."""

    layer: Text
    row: Place
    column: Place
    count: Count
    image: Blob


class AtlasEvidence(Entry, frozen=True):
    """A class that the activations of a cell speak for; `value` is their mean evidence, the strongest first."""

    layer: Text
    row: Place
    column: Place
    rank: Annotated[int, Meta(ge=0, lt=NAMED)]
    name: Text
    value: Value


class AtlasPiece(Entry, frozen=True):
    """A real patch of a cell as WebP, the one nearest to its mean first, with its photo's name."""

    layer: Text
    row: Place
    column: Place
    rank: Annotated[int, Meta(ge=0, lt=PATCHES)]
    photo: Text
    image: Blob
