"""What an atlas is of: its network, and how its pictures are made."""

from collections.abc import Sequence
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from reverie.atlas.values import Text
from reverie.errors import ReverieError
from reverie.settings.atlas import DIVERSE, SIDE, TOGETHER


class Job(Struct, frozen=True, forbid_unknown_fields=True):
    """How the pictures are made, of every batch alike.

    Attributes:
        size: side of the pictures.
        preset, steps, rate, seed: as `feature` takes them.
        batch: pictures that run together.
        diversity: diverse views of each unit.
    """

    size: Annotated[int, Meta(ge=1, le=SIDE)]
    preset: Text
    steps: Annotated[int, Meta(ge=1, le=2**40)] | None
    rate: Annotated[float, Meta(ge=0, le=1e9)] | None
    seed: Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]
    batch: Annotated[int, Meta(ge=1, le=TOGETHER)]
    diversity: Annotated[int, Meta(ge=1, le=DIVERSE)]


class Described(Struct, frozen=True, forbid_unknown_fields=True):
    """What an atlas is of.

    Attributes:
        title: the network's name.
        source: how it was loaded, and the hash of its weights.
        size: its native (height, width).
        classes: names in the order of the logits, or none.
        device, threads, versions: on and with which the pictures were made; they decide the last bits.
    """

    title: Text
    source: dict[str, Any]
    size: tuple[Annotated[int, Meta(ge=1, le=2**16)], Annotated[int, Meta(ge=1, le=2**16)]]
    channels: Annotated[int, Meta(ge=1, le=1000)]
    classes: Annotated[tuple[Text, ...], Meta(max_length=2**20)]
    device: Text
    threads: Annotated[int, Meta(ge=1, le=1024)]
    versions: dict[str, Text]
    job: Job


def about_in(rows: Sequence[tuple[Any, Any]], damaged: ReverieError) -> Described:
    """What the rows of a file say that it is of.

    Raises:
        AtlasRefused: they say nothing that makes sense.
    """
    try:
        return msgspec.convert({str(name): msgspec.json.decode(value) for name, value in rows}, Described)
    except (msgspec.MsgspecError, TypeError, RecursionError, OverflowError):
        raise damaged from None
