"""How long the rest of an atlas takes: what is begun at the pace it has, what is to come by measured shares."""

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import replace

from reverie.image import Size
from reverie.runs import Event

# in photos, one scanned being 1: means of EfficientNet-Lite0 and the bundled network, by benchmarks/atlas.py
STEP = 1.7  # of a step of a picture of the network's native size: 1.8 and 1.6
STATED = 13.0  # of what is stated of a unit: 12 and 14
SCORE = 0.1  # of a picture's scores: of one rough timing, no mean of two


def picture_cost(steps: int, side: int, size: Size) -> float:
    """What a picture costs, in photos.

    Args:
        size: the network's native one.
    """
    return STEP * steps * side**2 / (size[0] * size[1])


class Forecast:
    """Adds to events how many seconds are left of all the work; nothing until a first piece of it is measured.

    Args:
        parts: of each, in their order, the pieces that are to come and the cost of one, in any unit.
    """

    def __init__(self, parts: Mapping[str, tuple[float, float]], clock: Callable[[], float] = time.monotonic) -> None:
        self.parts, self.clock = dict(parts), clock
        self.speed: float | None = None  # seconds for a cost of 1, in the part that was measured last
        self.task, self.first, self.last = "", (0.0, 0), (0.0, 0)

    def timed(self, event: Event) -> Event:
        """The event, with what is left."""
        if event.task not in self.parts or event.total is None:
            return event
        now = self.clock()
        if event.task != self.task:
            self.task, self.first, self.last = event.task, (now, event.done), (now, event.done)
        elif event.done > self.last[1]:
            self.last = now, event.done
        cost, made = self.parts[self.task][1], self.last[1] - self.first[1]
        if made and cost:
            self.speed = (self.last[0] - self.first[0]) / made / cost
        if self.speed is None:
            return event
        names = list(self.parts)
        to_come = sum(math.prod(self.parts[name]) for name in names[names.index(self.task) + 1 :])
        rest = (event.total - event.done) * cost * self.speed - (now - self.last[0])
        return replace(event, left=max(0.0, rest) + to_come * self.speed)
