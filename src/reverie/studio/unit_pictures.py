"""Small pictures of units: from the cache; else they are made while no job runs."""

import hashlib
from pathlib import Path

from reverie.errors import UnknownName
from reverie.studio.limits import UNITS
from reverie.studio.scheduler import Scheduler
from reverie.studio.works import Works


class UnitPictures:
    """The units' small pictures of one network, kept by its weights' hash."""

    def __init__(self, works: Works, scheduler: Scheduler) -> None:
        self.works, self.scheduler, self.child = works, scheduler, scheduler.child
        self.asked: set[tuple[str, int]] = set()
        self.undrawn: dict[tuple[str, int], str] = {}  # those that cannot be made, and why
        scheduler.hear_unit = self._heard

    def picture(self, layer: str, channel: int, *, soon: bool = False) -> Path | None:
        """A unit's small picture; None where it is not there yet, and then it is asked for.

        Args:
            soon: before those of others.

        Raises:
            UnknownName: no such unit, or one whose picture cannot be made.
        """
        network = self.scheduler.network
        if network is None:
            return None
        channels = next((item["channels"] for item in network["layers"] if item["name"] == layer), 0)
        if not 0 <= channel < channels:
            raise UnknownName("there is no such unit")
        folder = self.works.hidden / "units" / (network["weights"] or "unknown")
        folder.mkdir(parents=True, exist_ok=True)
        stem = hashlib.sha256(layer.encode()).hexdigest()[:12]  # a layer's name may hold what a file's must not
        place = folder / f"{stem}-{channel}.webp"
        if place.is_file():
            return place
        self._ask(layer, channel, place, soon=soon)
        return None

    def _ask(self, layer: str, channel: int, place: Path, *, soon: bool) -> None:
        """Asks the process that computes, unless it is asked already, asked too much, or has tried in vain."""
        if (layer, channel) in self.undrawn:
            raise UnknownName(f"{layer}:{channel} has no picture: {self.undrawn[layer, channel]}")
        if self.child is not self.scheduler.child:  # a fresh process has been asked for nothing
            self.child = self.scheduler.child
            self.asked.clear()
        if self.scheduler.ready and (layer, channel) not in self.asked and len(self.asked) < UNITS:
            self.asked.add((layer, channel))
            self.child.tell(do="unit", soon=soon, layer=layer, channel=channel, place=str(place))

    def _heard(self, layer: str, channel: int, problem: str | None) -> None:
        self.asked.discard((layer, channel))
        if problem is not None:
            self.undrawn[layer, channel] = problem
        self.scheduler.feed.tell(f"unit {layer}:{channel}", "unit", {"layer": layer, "channel": channel})
