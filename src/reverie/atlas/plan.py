"""The plan of an atlas: batches of work, fixed by layer, view and unit number alone.

A picture's bits depend on the batch that it ran in. Whoever makes a part of the atlas (the first units, a shard, what
is left of a run that was ended) therefore chooses among whole batches.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from reverie.atlas.described import Job
from reverie.atlas.entries import FACTS
from reverie.settings.atlas import VIEWS


@dataclass(frozen=True)
class Batch:
    """Work that is done in one go: `count` units of a layer from `first` on, in one view, or their facts."""

    layer: str
    view: str
    first: int
    count: int


def pictured(channels: Mapping[str, int], views: Sequence[str], job: Job, limit: int | None = None) -> list[Batch]:
    """The batches of pictures: the maximum of each unit first, of all layers, then the other views.

    Args:
        channels: of each layer.
        limit: the first units of each layer alone, and whatever shares their batches.
    """
    return [
        batch
        for view in VIEWS
        if view in views
        for layer, count in channels.items()
        for batch in _parted(layer, view, count, job, limit)
    ]


def stated(channels: Mapping[str, int], job: Job, limit: int | None = None) -> list[Batch]:
    """The batches of facts of the same units."""
    return [batch for layer, count in channels.items() for batch in _parted(layer, FACTS, count, job, limit)]


def amount(channels: Mapping[str, int], job: Job, limit: int | None = None) -> str:
    """How many units that is, in words, and why more of each layer than the limit."""
    units, most = sum(batch.count for batch in stated(channels, job, limit)), _whole(limit or 0, job)
    each = f": up to {most} of each" if limit is not None else ""
    why = f", since a batch of {job.batch} is made whole" if limit is not None and most > limit else ""
    return f"{len(channels)} layer{'s' if len(channels) > 1 else ''}, {units} units{each}{why}"


def _whole(limit: int, job: Job) -> int:
    return -(-limit // job.batch) * job.batch


def _parted(layer: str, view: str, channels: int, job: Job, limit: int | None) -> list[Batch]:
    units = max(1, job.batch // job.diversity) if view == "diverse" else job.batch
    wanted = channels if limit is None else min(channels, _whole(limit, job))
    return [Batch(layer, view, first, min(units, channels - first)) for first in range(0, wanted, units)]
