"""Entries: what the rows of an atlas file hold."""

from typing import Annotated

import msgspec
from msgspec import Meta

from reverie.atlas.grid_entries import AtlasCell, AtlasEvidence, AtlasGrid, AtlasPiece
from reverie.atlas.patch_entries import AtlasCrop, AtlasPlace
from reverie.atlas.values import Blob, Count, Entry, Long, Share, Text, Value
from reverie.image import Size
from reverie.settings.atlas import TOGETHER

FACTS = "facts"  # the view of batches that hold no pictures but all that photos and weights say of units


class AtlasLayer(Entry, frozen=True):
    """What an atlas knows of a layer.

    Attributes:
        position: its place in the order of the data.
        height, width: of its grid at the native size; None where it has none.
        stride_down, stride_right: pixels between neighbours; None where they are on no grid.
        field_height, field_width: pixels that a position sees; None where that is everything, or not known.
        feeds: JSON, the names of the atlas' layers that read it next, or null where that is not known.
    """

    layer: Text
    position: Count
    kind: Text
    channels: Annotated[int, Meta(ge=1, le=2**24)]
    height: Count | None
    width: Count | None
    stride_down: Count | None
    stride_right: Count | None
    field_height: Count | None
    field_width: Count | None
    feeds: Long

    @property
    def size(self) -> Size | None:
        """(height, width) of its grid."""
        return None if self.height is None or self.width is None else (self.height, self.width)

    @property
    def fed(self) -> tuple[str, ...] | None:
        """Names of the layers that read it next; None where that is not known.

        Raises:
            msgspec.MsgspecError: a damaged file.
        """
        return msgspec.json.decode(self.feeds, type=tuple[Text, ...] | None)


class AtlasUnit(Entry, frozen=True):
    """A unit; `dead` is 1 where it fired at no position of any photo, 0 where it did, None without photos."""

    layer: Text
    unit: Count
    dead: Annotated[int, Meta(ge=0, le=1)] | None


class AtlasRecipe(Entry, frozen=True):
    """What repeats pictures: `record` is JSON, see `Atlas.recipe`."""

    recipe: Text
    view: Text
    record: Long


class AtlasBatch(Entry, frozen=True):
    """A batch of work: `count` units from `first` on.

    Attributes:
        view: max, min, diverse, or facts.
        state: done, or failed with a sentence.
        worker: who did it, with how many threads.
    """

    layer: Text
    view: Text
    first: Count
    count: Annotated[int, Meta(ge=1, le=TOGETHER)]
    recipe: Text
    state: Text
    sentence: Long
    seconds: Value
    worker: Text


class AtlasPicture(Entry, frozen=True):
    """What was made for a unit in one view.

    Attributes:
        view: max, min, diverse-1, diverse-2 ...
        activation: the unit's largest on the finished picture without any transform; of a minimum its smallest.
        silent: 1 where the unit never fired, so that the picture shows nothing of it.
        image: WebP.
    """

    layer: Text
    unit: Count
    view: Text
    recipe: Text
    activation: Value
    silent: Annotated[int, Meta(ge=0, le=1)]
    image: Blob


class AtlasOutline(Entry, frozen=True):
    """A picture without its image, of which it has the number of bytes."""

    layer: Text
    unit: Count
    view: Text
    recipe: Text
    activation: Value
    silent: Annotated[int, Meta(ge=0, le=1)]
    bytes: Count


class Statistics(Entry, frozen=True):
    """A unit's values over photos.

    Attributes:
        photos, positions: how many were looked at.
        least, best: the smallest and the largest value.
        firing, fired: share of the positions, and of the photos, in which it is above 0.
        first_bin, counts: the histogram of each photo's largest value: JSON counts from a bin on, see `Atlas.edges`.
    """

    layer: Text
    unit: Count
    photos: Count
    positions: Count
    mean: Value
    deviation: Value
    least: Value
    best: Value
    firing: Share
    fired: Share
    first_bin: Count
    counts: Annotated[str, Meta(max_length=10_000)]

    @property
    def histogram(self) -> tuple[int, ...]:
        """The counts.

        Raises:
            msgspec.MsgspecError: a damaged file.
        """
        return msgspec.json.decode(self.counts, type=tuple[Count, ...])


class AtlasClass(Entry, frozen=True):
    """A class that goes with a unit.

    Attributes:
        kind: photos, the folders in which its mean is largest; or network, what its first picture is taken for.
        value: the mean over the class's photos; or the network's probability.
        photos: how many of the class there were.
    """

    layer: Text
    unit: Count
    kind: Text
    rank: Count
    name: Text
    value: Value
    photos: Count | None


class AtlasLink(Entry, frozen=True):
    """A unit that goes with another.

    Attributes:
        kind: fed by, feeds (weights); nearest (of its layer), nearest across (of other layers).
        other_layer, other_unit: which; where no listed layer's channel is known None, and the layer what is known.
        value: sum of the kernel's weights; or the correlation.
        strength: length of the kernel; or the correlation.
        through: the module whose weights they are; empty for correlations.
    """

    layer: Text
    unit: Count
    kind: Text
    rank: Count
    other_layer: Text
    other_unit: Count | None
    value: Value
    strength: Value
    through: Text


class Score(Entry, frozen=True):
    """A score of a picture.

    Attributes:
        low, high: of its interval, where it has one.
        basis: what it was measured by.
    """

    layer: Text
    unit: Count
    view: Text
    name: Text
    value: Value
    low: Value | None
    high: Value | None
    basis: Text


ENTRIES: dict[str, type[Entry]] = {  # by table, in an order in which they may be written
    "layers": AtlasLayer, "units": AtlasUnit, "recipes": AtlasRecipe, "batches": AtlasBatch, "pictures": AtlasPicture,
    "crops": AtlasCrop, "patches": AtlasPlace, "statistics": Statistics, "classes": AtlasClass, "links": AtlasLink,
    "scores": Score, "grids": AtlasGrid, "grid_cells": AtlasCell, "grid_classes": AtlasEvidence,
    "grid_patches": AtlasPiece,
}  # fmt: skip
