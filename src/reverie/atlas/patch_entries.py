"""What the rows of an atlas file hold of real patches: parts of photos, and which of them excite a unit."""

from reverie.atlas.values import Blob, Count, Entry, Text, Value
from reverie.models.layers import Box


class AtlasCrop(Entry, frozen=True):
    """A part of a photo, once for all units that it excites; see `AtlasPatch`."""

    layer: Text
    photo: Count
    place: Count
    top: Count
    bottom: Count
    left: Count
    right: Count
    image: Blob


class AtlasPlace(Entry, frozen=True):
    """Which part of which photo is a patch of a unit.

    Attributes:
        kind: max, least or random.
        rank: from 0, the most extreme first.
        photo: its number, see `Atlas.photos`.
        place: row * width + column in the layer's grid.
        value: the unit's activation there.
        fired_top, fired_bottom, fired_left, fired_right: where in a large patch the unit fired, see `AtlasPatch.fired`.
    """

    layer: Text
    unit: Count
    kind: Text
    rank: Count
    photo: Count
    place: Count
    value: Value
    fired_top: Count | None
    fired_bottom: Count | None
    fired_left: Count | None
    fired_right: Count | None


class AtlasPatch(AtlasPlace, frozen=True):
    """A part of a photo, with its picture.

    Attributes:
        top, bottom, left, right: of the part of the photo, brought to the network's native size, that is shown.
        image: WebP, at most 64 pixels a side.
    """

    top: Count
    bottom: Count
    left: Count
    right: Count
    image: Blob

    def __post_init__(self) -> None:
        """That it is a part, and where the unit fired a part of it."""
        (top, bottom), (left, right) = self.fired or ((self.top, self.bottom), (self.left, self.right))
        if not (self.top <= top < bottom <= self.bottom and self.left <= left < right <= self.right):
            raise ValueError("a patch of nothing")

    @property
    def fired(self) -> Box | None:
        """Rows and columns of the photo where the unit fired; None where nothing is outlined."""
        found = self.fired_top, self.fired_bottom, self.fired_left, self.fired_right
        if None in found:
            return None
        top, bottom, left, right = (int(edge or 0) for edge in found)
        return (top, bottom), (left, right)
