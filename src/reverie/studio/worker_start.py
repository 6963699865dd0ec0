"""The process that computes, as it begins: nothing is imported before the network that the network does not need."""

import importlib
import sys
import traceback

from reverie.errors import ReverieError, printable
from reverie.models.loading import loaded
from reverie.settings.parts import Network
from reverie.studio.messages import Line
from reverie.studio.network_facts import described


def compute(line: Line) -> None:
    """Loads the network that the first message names, then computes until nobody asks any more."""
    named = line.receive()
    if named is None:
        return
    try:
        model = loaded(Network.made(**named["network"]))
        line.send(say="ready", network=described(model))
    except Exception as error:
        mendable = isinstance(error, ReverieError)
        text = str(error) if mendable else printable(f"{type(error).__name__}: {error}", 400)
        line.send(say="problem", text=text)
        if mendable:
            _tell_terminal(text)
        else:
            traceback.print_exception(error, file=sys.stderr)
        return
    computing = importlib.import_module("reverie.studio.computing")
    fitting = computing.Fitting(model, named["companions"])
    line.send(say="companions", problems=fitting.problems, scanned=list(fitting.scanned))
    for text in fitting.problems.values():
        _tell_terminal(text)
    computing.Worker(line, model, computing.UnitDrawing(model, fitting.atlas)).run()


def _tell_terminal(text: str) -> None:
    sys.stderr.write(f"reverie: {text}\n")
    sys.stderr.flush()
