"""Runs: the protocol of everything that takes time."""

from reverie.runs.progress import Progress as Progress
from reverie.runs.progress import finished as finished
from reverie.runs.protocol import Event as Event
from reverie.runs.protocol import Made as Made
from reverie.runs.protocol import Reading as Reading
from reverie.runs.protocol import Run as Run
from reverie.runs.protocol import Runner as Runner
from reverie.runs.protocol import in_turn as in_turn
from reverie.runs.protocol import read as read
