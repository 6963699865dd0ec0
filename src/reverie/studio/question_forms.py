"""Questions as a page may ask them: their types and bounds."""

from collections.abc import Mapping
from typing import Annotated, Literal

from msgspec import Meta, Struct

MOST = 2_000  # channels that are changed at once
Name = Annotated[str, Meta(max_length=100)]
Few = Annotated[int, Meta(ge=1, le=1000)]


class Classes(Struct, forbid_unknown_fields=True):
    """A question for the classes of a picture."""

    picture: Name
    most: Few = 10
    mask: Name | None = None


class Position(Struct, forbid_unknown_fields=True):
    """A question for the units at a place of a picture."""

    picture: Name
    layer: Name
    x: Annotated[float, Meta(ge=0, le=1)]
    y: Annotated[float, Meta(ge=0, le=1)]
    most: Few = 8


class Fader(Struct, forbid_unknown_fields=True):
    """What is done with a channel."""

    channel: Annotated[int, Meta(ge=0)]
    how: Literal["ablate", "amplify", "clamp"]
    value: Annotated[float, Meta(ge=-1e6, le=1e6)] = 0.0


class Desk(Struct, forbid_unknown_fields=True):
    """A question for the classes that a network with changed units sees."""

    picture: Name
    layer: Name
    units: Annotated[list[Fader], Meta(max_length=MOST)]
    most: Few = 10


class Dreaming(Struct, forbid_unknown_fields=True):
    """A question for the next step of a small dream in a network with changed units."""

    picture: Name
    layer: Name
    units: Annotated[list[Fader], Meta(max_length=MOST)]
    layers: Annotated[list[Name], Meta(max_length=100)] = []
    done: Annotated[int, Meta(ge=0)] = 0


class Units(Struct, forbid_unknown_fields=True):
    """A question for the units that a text means."""

    text: Name
    most: Few = 60


class Feeds(Struct, forbid_unknown_fields=True):
    """A question for what a unit is fed by, and what it feeds."""

    unit: Name
    most: Few = 12


QUESTIONS: Mapping[str, type[Struct]] = {
    "classes": Classes, "position": Position, "desk": Desk, "dreaming": Dreaming, "units": Units, "feeds": Feeds,
}  # fmt: skip
