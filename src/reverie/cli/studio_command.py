"""The command that opens the studio."""

import importlib

from reverie.cli.saying import say
from reverie.extras import ensure
from reverie.settings.parts import Network
from reverie.settings.studio import Studio
from reverie.studio.spawning import WORKER, spawned


def studio(asked: Studio, network: Network) -> None:
    """A server on this machine, and a browser at its address."""
    for module in ("starlette", "uvicorn"):
        ensure(module, "studio", "the studio")
    first = spawned(WORKER)  # it takes longest
    server = importlib.import_module("reverie.studio.server")
    server.serve(asked, network, lambda text: say(*text.splitlines()), first)
