"""Messages between the studio's processes: MessagePack, each after its length; and how a process of it begins."""

import importlib
import os
import signal
import struct
import sys
import threading
from typing import Any, BinaryIO

import msgspec

HEAD = struct.Struct(">I")


def read(pipe: BinaryIO) -> bytes | None:
    """The next message's bytes; None at the end."""
    head = pipe.read(HEAD.size)
    if len(head) < HEAD.size:
        return None
    (length,) = HEAD.unpack(head)
    content = pipe.read(length)
    return content if len(content) == length else None


def write(pipe: BinaryIO, content: bytes) -> None:
    """Sends a message's bytes."""
    pipe.write(HEAD.pack(len(content)) + content)
    pipe.flush()


class Line:
    """A process's line to the one that has started it: the standard input and output, which nobody else uses then."""

    def __init__(self) -> None:
        self.incoming: BinaryIO = os.fdopen(os.dup(0), "rb")
        self.outgoing: BinaryIO = os.fdopen(os.dup(1), "wb")
        self.lock = threading.Lock()
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(2, 1)  # what a library prints is no message

    def receive(self) -> dict[str, Any] | None:
        """The next message; None where the other side has gone."""
        content = read(self.incoming)
        return None if content is None else msgspec.msgpack.decode(content)

    def send(self, **message: Any) -> None:
        """Sends a message; where nobody is left to hear it the process ends."""
        content = msgspec.msgpack.encode(message)
        try:
            with self.lock:
                write(self.outgoing, content)
        except OSError:
            os._exit(0)


def main(serves: str) -> None:
    """Runs what a process is for; it ends when its line does, not by the signals that are for the server."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    line = Line()
    module, _, function = serves.partition(":")
    getattr(importlib.import_module(module), function)(line)


if __name__ == "__main__":
    main(sys.argv[1])
