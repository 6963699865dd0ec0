"""Runs: the protocol of everything that takes time."""

from reverie.runs.progress import Progress as Progress
from reverie.runs.progress import finished as finished
from reverie.runs.run import Event as Event
from reverie.runs.run import Made as Made
from reverie.runs.run import Reading as Reading
from reverie.runs.run import Run as Run
from reverie.runs.run import Runner as Runner
from reverie.runs.run import in_turn as in_turn
from reverie.runs.run import read as read
