"""Signals: Ctrl-C and a request to end stop a run where its last whole picture is kept, and a start at once."""

import contextlib
import os
import signal
import threading
from collections.abc import Iterator
from types import FrameType


class Terminated(KeyboardInterrupt):
    """A request to end, SIGTERM, which a run answers as it does Ctrl-C."""


def stop_at_once() -> None:
    """Lets signals end the process while libraries are imported, which would swallow or misread an exception."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # else somebody wants it to be ignored
        signal.signal(signal.SIGINT, _leave)


def _leave(number: int, _: FrameType | None) -> None:
    os.write(2, b"reverie: stopped\n")
    os._exit(128 + number)


@contextlib.contextmanager
def answered() -> Iterator[None]:
    """Turns the signals into exceptions, for a run that keeps what it has."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    if before[signal.SIGINT] is _leave:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if before[signal.SIGTERM] is signal.SIG_DFL:
        signal.signal(signal.SIGTERM, _terminated)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _terminated(*_: object) -> None:
    raise Terminated


def status(error: KeyboardInterrupt) -> int:
    """The exit status that says which signal ended a run."""
    return 128 + (signal.SIGTERM if isinstance(error, Terminated) else signal.SIGINT)
