"""Hands: what runs on each machine of a cluster, a process that loads a network by its name and makes batches."""

import os

import msgspec
import torch

from reverie.atlas.atlas_writer import Done, difference
from reverie.atlas.described import Described
from reverie.atlas.plan import Batch
from reverie.atlas.worker import Painter
from reverie.errors import ReverieError, printable
from reverie.models.sources import load
from reverie.settings.parts import Network


class Hand:
    """A worker. It is handed names and paths, no weights: one that has died is made again from the same words.

    Args:
        network: as the command line named it.
        about: what the atlas is of.
    """

    def __init__(self, network: Network, about: Described) -> None:
        self.network, self.about = network, about
        self.painter: Painter | None = None

    def ready(self) -> str:
        """Loads the network; why it cannot, in a sentence, or nothing."""
        torch.set_num_threads(self.about.threads)
        try:
            model = load(self.network.model, loading=self.network, classes=list(self.about.classes) or None)
            here = msgspec.structs.replace(
                self.about, source=dict(model.source), device=model.device.type, threads=torch.get_num_threads()
            )
            differs = difference(self.about, here)
            if differs is not None:
                return f"the atlas and this worker have {differs}"
            self.painter = Painter(model, self.about.job)
        except (ReverieError, OSError) as error:
            return printable(str(error), 400)
        return ""

    def draw(self, batch: Batch) -> Done:
        """Makes a batch."""
        assert self.painter is not None
        (made,) = [done for done in self.painter.draw(batch) if done is not None]
        return made

    def pid(self) -> int:
        """Its process, on its machine."""
        return os.getpid()
