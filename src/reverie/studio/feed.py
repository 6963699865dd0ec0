"""The feed: what has changed, for readers of server-sent events; a slow one gets fewer events, never a longer queue."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

import msgspec

from reverie.studio.limits import STREAMS

LASTING = 60.0  # seconds within which a reader that comes back is told what has happened
HEARTBEAT = 15.0  # seconds after which a silent stream says that it lives


@dataclass
class _State:
    version: int
    event: str
    plain: Callable[[], Any]


class Feed:
    """The newest state of each thing that is watched; a reader has read all up to a version."""

    def __init__(self) -> None:
        self.versions = itertools.count(1)
        self.states: dict[str, _State] = {}
        self.readers: dict[int, asyncio.Event] = {}
        self.numbers = itertools.count()
        self.closed = False

    def publish(self, key: str, event: str, plain: Callable[[], Any]) -> None:
        """Notes that a thing has changed.

        Args:
            plain: gives its state when it is sent.
        """
        self.states[key] = _State(next(self.versions), event, plain)
        for changed in self.readers.values():
            changed.set()

    def tell(self, key: str, event: str, told: Any) -> None:
        """Notes what has happened, for readers of now; those that come much later see it in what there is."""
        self.publish(key, event, lambda: told)
        version = self.states[key].version
        asyncio.get_running_loop().call_later(LASTING, self._fade, key, version)

    def _fade(self, key: str, version: int) -> None:
        if key in self.states and self.states[key].version == version:
            del self.states[key]

    def forget(self, key: str) -> None:
        """Nobody watches a thing any more."""
        self.states.pop(key, None)

    def close(self) -> None:
        """Ends all streams."""
        self.closed = True
        for changed in self.readers.values():
            changed.set()

    async def stream(self, after: int) -> AsyncIterator[bytes]:
        """Events that have changed after a version, in their order, without an end."""
        number, changed = next(self.numbers), asyncio.Event()
        self._admit(number, changed)
        try:
            yield b"retry: 1000\n\n"
            while not self.closed and number in self.readers:
                changed.clear()
                for key in self._fresh(after):
                    state = self.states.get(key)  # as it is by now
                    if state is not None:
                        after = max(after, state.version)
                        yield _frame(state)
                try:
                    await asyncio.wait_for(changed.wait(), HEARTBEAT)
                except TimeoutError:
                    yield b": alive\n\n"
        finally:
            self.readers.pop(number, None)

    def _admit(self, number: int, changed: asyncio.Event) -> None:
        """One more reader; of too many the one that came first is let go, and comes back if it still reads."""
        self.readers[number] = changed
        if len(self.readers) > STREAMS:
            self.readers.pop(min(self.readers)).set()

    def _fresh(self, after: int) -> list[str]:
        found = [(state.version, key) for key, state in self.states.items() if state.version > after]
        return [key for _, key in sorted(found)]


def _frame(state: _State) -> bytes:
    data = msgspec.json.encode(state.plain()).decode()
    return f"id: {state.version}\nevent: {state.event}\ndata: {data}\n\n".encode()
