"""Small pictures of units: from the cache; else they are made while no job runs."""

import hashlib
from pathlib import Path

from reverie.errors import UnknownName
from reverie.studio.scheduler import Scheduler
from reverie.studio.works import Works


class UnitPictures:
    """The units' small pictures of one network, kept by its weights' hash."""

    def __init__(self, works: Works, scheduler: Scheduler) -> None:
        self.works, self.scheduler = works, scheduler

    def picture(self, layer: str, channel: int) -> Path | None:
        """A unit's small picture; None where it is not there yet, and then it is asked for.

        Raises:
            UnknownName: no such unit.
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
        self.scheduler.draw(layer, channel, place)
        return None
