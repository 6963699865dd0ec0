"""Children: processes of the studio's own, each spoken to in messages over its standard input and output."""

import asyncio
import contextlib
import itertools
import threading
from collections.abc import Callable
from typing import Any, BinaryIO

import msgspec

from reverie.errors import ReverieError
from reverie.studio.messages import read, write
from reverie.studio.spawning import Process

Message = dict[str, Any]


class ChildLost(ReverieError):
    """A process that has ended before it answered."""


class Child:
    """A spawned process that is spoken to.

    Args:
        heard: is told its messages, but for answers, in the loop's thread.
        gone: is told that it has ended, and with which status.
    """

    def __init__(self, process: Process, heard: Callable[[Message], None], gone: Callable[[int], None]) -> None:
        self.loop, self.heard, self.gone = asyncio.get_running_loop(), heard, gone
        self.waiting: dict[int, asyncio.Future[Any]] = {}
        self.numbers = itertools.count(1)
        self.process = process
        threading.Thread(target=self._listen, name=f"listens to {process.pid}", daemon=True).start()

    @property
    def ended(self) -> bool:
        """Whether it has."""
        return self.process.poll() is not None

    def tell(self, **message: Any) -> None:
        """Sends a message; one that has ended hears nothing."""
        with contextlib.suppress(OSError, ValueError):
            write(_pipe(self.process.stdin), msgspec.msgpack.encode(message))

    async def ask(self, seconds: float, **message: Any) -> Any:
        """The answer to a message.

        Raises:
            ReverieError: what it says is wrong.
            TimeoutError: none within so many seconds.
        """
        number = next(self.numbers)
        answer = self.waiting[number] = self.loop.create_future()
        try:
            self.tell(**message, number=number)
            return await asyncio.wait_for(answer, seconds)
        finally:
            self.waiting.pop(number, None)

    def kill(self) -> None:
        """Ends it at once."""
        with contextlib.suppress(OSError):
            self.process.kill()

    def _listen(self) -> None:
        pipe = _pipe(self.process.stdout)
        with contextlib.suppress(RuntimeError):  # the loop has ended
            while (content := read(pipe)) is not None:
                self.loop.call_soon_threadsafe(self._hear, msgspec.msgpack.decode(content))
            pipe.close()
            self.loop.call_soon_threadsafe(self._end, self.process.wait())

    def _hear(self, message: Message) -> None:
        answer = self.waiting.get(message.get("number", 0))
        if answer is None:
            if "number" not in message:
                self.heard(message)
        elif not answer.done():
            if "error" in message:
                answer.set_exception(ReverieError(message["error"]))
            else:
                answer.set_result(message["answer"])

    def _end(self, status: int) -> None:
        for answer in self.waiting.values():
            if not answer.done():
                answer.set_exception(ChildLost(f"the computing process has ended ({said(status)}); ask again"))
        self.gone(status)


def said(status: int) -> str:
    """How a process ended, in words."""
    if status == -9:
        return "the system killed it, as it does where memory runs out"
    return f"signal {-status}" if status < 0 else f"status {status}"


def _pipe(pipe: Any) -> BinaryIO:
    found: BinaryIO = pipe
    return found
