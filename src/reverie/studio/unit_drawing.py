"""Small pictures of units: taken from an atlas, else made now, in the process that computes."""

from collections.abc import Callable
from pathlib import Path

from PIL import Image

from reverie import recipes
from reverie.atlas.atlas_file import Atlas, shown
from reverie.errors import ReverieError
from reverie.files import replacing
from reverie.models.model import Model
from reverie.runs import read
from reverie.settings.feature import Feature
from reverie.studio.limits import UNIT
from reverie.synthesis import Synthesis
from reverie.unit import Unit

STEPS = 48


class UnitDrawing:
    """Draws units of a network.

    Args:
        atlas: of this network, from which pictures are taken.
    """

    def __init__(self, model: Model, atlas: Atlas | None = None) -> None:
        self.model, self.atlas = model, atlas

    def draw(self, layer: str, channel: int, place: str, go_on: Callable[[], bool]) -> bool:
        """Makes a unit's small picture and keeps it; whether it has come to its end."""
        picture = self._stored(layer, channel)
        if picture is None:
            picture = self._drawn(layer, channel, go_on)
        if picture is None:
            return False
        picture.thumbnail((UNIT, UNIT))
        with replacing(Path(place)) as file:
            picture.save(file, "WEBP", quality=80)
        return True

    def _stored(self, layer: str, channel: int) -> Image.Image | None:
        """A unit's picture of the atlas; None where it has none, or a damaged one."""
        try:
            found = () if self.atlas is None else self.atlas.pictures(layer, channel)
            image = next((item.image for item in found if item.view == "max"), None)
            return None if image is None or self.atlas is None else shown(image, self.atlas.damaged).convert("RGB")
        except ReverieError:
            return None

    def _drawn(self, layer: str, channel: int, go_on: Callable[[], bool]) -> Image.Image | None:
        """A unit's picture, made now; None where something else goes before."""
        size = min(max(UNIT, self.model.smallest_side([layer])), min(self.model.size))
        asked = Feature.made(units=[str(Unit(layer, (channel,)))], size=size, steps=STEPS)
        run = Synthesis(self.model, recipes.feature(self.model, asked))
        for _ in read(run):
            if not go_on():
                return None
        return run.result().picture.convert("RGB")
