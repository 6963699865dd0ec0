"""The server: on the loopback alone, ended by signals within seconds, whatever they were set to before."""

import asyncio
import contextlib
import signal
import socket
import threading
import webbrowser
from collections.abc import Callable, Iterator

import uvicorn

from reverie.errors import OutputFailed
from reverie.paths import path_named
from reverie.settings.parts import Network
from reverie.settings.studio import Studio as Asked
from reverie.studio.companions import companions_of
from reverie.studio.guard import Guard, Session
from reverie.studio.routes import Studio
from reverie.studio.spawning import Process
from reverie.studio.works import Works

HOST = "127.0.0.1"


class _Server(uvicorn.Server):
    """Uvicorn's, whose signals are ours to answer."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leaves them alone."""
        yield


def serve(asked: Asked, network: Network, say: Callable[[str], None], first: Process | None = None) -> None:
    """Runs the studio until a signal ends it.

    Args:
        say: tells the address, and how to end.
        first: the process that computes, where it has been begun already.

    Raises:
        OutputFailed: a folder that cannot be made, or a port that is taken.
    """
    works = Works(path_named(asked.folder).absolute())
    with contextlib.closing(_listening(asked.port)) as listener:
        asyncio.run(_serve(asked, network, works, listener, say, first))


async def _serve(
    asked: Asked,
    network: Network,
    works: Works,
    listener: socket.socket,
    say: Callable[[str], None],
    first: Process | None,
) -> None:
    session, port = Session(), listener.getsockname()[1]
    studio = Studio(network, works, session, companions_of(asked), first)
    guard = Guard(studio.app(), session, port)
    server = _Server(
        uvicorn.Config(
            guard, log_level="warning", ws="none", lifespan="off", access_log=False, server_header=False,
            timeout_graceful_shutdown=1, h11_max_incomplete_event_size=65_536, date_header=False,
        )
    )  # fmt: skip
    address = f"http://{HOST}:{port}/?token="
    guard.entered = lambda: say(f"for another browser: {address}{session.entry}")
    _answer_signals(lambda: _end(server, studio))
    say(f"the studio is at {address}{session.entry}\nits pictures are kept in {works.folder}; Ctrl-C ends it")
    if not asked.no_browser:
        threading.Thread(target=webbrowser.open, args=(f"{address}{session.entry}",), daemon=True).start()
    try:
        await server.serve(sockets=[listener])
    finally:
        await studio.close()


def _end(server: _Server, studio: Studio) -> None:
    server.force_exit = server.should_exit  # who says it twice does not wait
    server.should_exit = True
    studio.feed.close()


def _answer_signals(end: Callable[[], None]) -> None:
    """Ends by Ctrl-C and by a request to end, also where they were ignored by whoever started this process."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        try:
            loop.add_signal_handler(number, end)
        except NotImplementedError:  # Windows
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(end))


def _listening(port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)  # named, for asyncio's TCP_NODELAY
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
        listener.listen()  # before the address is said: who comes at once waits, and is not refused
    except OSError as error:
        listener.close()
        raise OutputFailed(f"port {port} of {HOST} cannot be taken ({error.strerror}); name another --port") from None
    return listener
