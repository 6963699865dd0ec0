"""What `doctor` takes."""

from typing import Annotated, Any

from msgspec import Meta

from reverie.settings.fields import RandomSeed, Steps, Workers
from reverie.settings.parts import DEFAULT, Loading, Tabled
from reverie.settings.setting import Settings, asked


class Doctor(Settings):
    """Examines a network: how far the tools may be believed on it, and which of its units are suspicious."""

    asks = Loading
    writes = Tabled
    usage = ("bundled", "resnet50 --photos photos/")

    model: Annotated[Any, asked("Network, as for --model.", argument="[MODEL]", group="Common")] = DEFAULT
    photos: Annotated[
        str | None, asked("Photos to measure by: a folder, .tar or .txt; some of its own unless given.", group="Common")
    ] = None
    judge: Annotated[
        str | None,
        asked("The network that compares pictures, as for --model, or none.", group="Common", reads="network"),
    ] = None
    layer: Annotated[str | None, asked("Layer to examine; one in the middle unless given.", group="Objective")] = None
    steps: Annotated[Steps, asked("Steps of each picture.")] = 64
    size: Annotated[Annotated[int, Meta(ge=16)], asked("Side of the pictures.")] = 96
    workers: Workers = None
    seed: RandomSeed = 0
