"""The values of an atlas file: each of its type and within its bounds, or refused."""

from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import Meta, Struct

from reverie.errors import ReverieError

E = TypeVar("E", bound=Struct)

LARGEST = 4_000_000  # bytes of a picture
WITHIN = ("fed", "histogram")  # what rows tell by JSON within a text
Text = Annotated[str, Meta(max_length=1000)]
Long = Annotated[str, Meta(max_length=2_000_000)]
Count = Annotated[int, Meta(ge=0, le=2**40)]
Value = Annotated[float, Meta(ge=-1e300, le=1e300)]
Share = Annotated[float, Meta(ge=0, le=1)]
Blob = Annotated[bytes, Meta(min_length=1, max_length=LARGEST)]


class Entry(Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """A row of one of the tables of the file."""


def checked(kind: type[E], row: Any, damaged: ReverieError) -> E:
    """A row as an entry.

    Raises:
        AtlasRefused: a value of another type or out of its bounds, also in the JSON of some texts.
    """
    try:
        made = msgspec.convert(row, kind)
        for name in WITHIN:
            getattr(made, name, None)
        return made
    except (msgspec.MsgspecError, OverflowError, RecursionError):
        raise damaged from None
