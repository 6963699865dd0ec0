"""A small dream that is watched a step at a time, while the network is changed."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from reverie import recipes
from reverie.models.model import Model
from reverie.runs import Event
from reverie.settings.dream import Dream
from reverie.studio.job_runs import changed, jpeg
from reverie.synthesis import Synthesis

STEPS = 40


class SmallDream:
    """The dream that is watched, at the network's native size and one octave.

    A dream changes pixels, so that each of its steps runs from the pixels, whatever is changed behind them: it follows
    a hand because it is small, and a step is an answer.
    """

    def __init__(self, model: Model) -> None:
        self.model = model
        self.begun: tuple[Any, ...] = ()
        self.events: Iterator[Event] = iter(())

    def step(self, picture: str, layers: Sequence[str], changes: Mapping[str, str], done: int) -> dict[str, Any]:
        """The next step: how far the dream is, and the picture as it stands, as JPEG.

        Args:
            done: how many steps have been seen; with 0, and where anything else is asked for, it begins anew.

        Raises:
            ReverieError: as `recipes.dream`.
        """
        asked = (picture, *layers, *changes.items())
        event = next(self.events, None) if done and asked == self.begun else None
        if event is None:
            self.begun, self.events = asked, self._begin(picture, layers, changes)
            event = next(self.events)
        assert event.preview is not None  # as each step of a synthesis has one
        return {"done": event.done, "total": event.total, "picture": jpeg(event.preview())}

    def _begin(self, picture: str, layers: Sequence[str], changes: Mapping[str, str]) -> Iterator[Event]:
        asked = Dream.made(photo=picture, layers=tuple(layers), size=max(self.model.size), octaves=1, steps=STEPS)
        model = changed(self.model, changes.items())
        return Synthesis(model, recipes.dream(model, asked)).events()
