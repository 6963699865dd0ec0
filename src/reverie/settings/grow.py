"""What `grow` takes."""

from typing import Annotated

from reverie.settings.fields import PictureSize, RandomSeed, Some, Steps, Unit
from reverie.settings.parts import Filmed, Network
from reverie.settings.setting import Settings, asked


class Grow(Settings):
    """Grows a feature map neuron by neuron, in reading order: how its picture comes together (see it by --film)."""

    made_by = "reverie.recipes.comparisons:grow"
    leading = ("unit",)
    asks = Network
    writes = Filmed
    usage = ("block8:3 --size 96 --film grow.webp", "block13:5 --steps 24")

    unit: Annotated[Unit, asked("The feature map to grow: LAYER:CHANNEL.", argument="UNIT")]
    steps: Annotated[Steps, asked("Steps after each neuron that joins.")] = 3
    rate: Annotated[Some, asked("Rate of each step, in standard deviations of the gradient.")] = 0.01
    size: PictureSize = None
    seed: RandomSeed = 0
