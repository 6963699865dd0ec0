"""What `scan` takes."""

from typing import Annotated

from msgspec import Meta

from reverie.settings.fields import Batch, PhotoSet, Workers
from reverie.settings.parts import Network, Output
from reverie.settings.setting import Settings, asked


class Scan(Settings):
    """Reads photos through a network, and keeps in one file what really excites each channel of its layers."""

    made_by = "reverie.dataset.scanning:scan"
    leading = ("photos", "output")
    asks = Network
    writes = Output
    usage = ("photos/ -o scan.db", "photos/ --layer block8 --layer block11")

    photos: PhotoSet
    layers: Annotated[
        tuple[str, ...], asked("LAYER to look at; the main line unless given.", group="Objective", flag="--layer")
    ] = ()
    extremes: Annotated[
        Annotated[int, Meta(ge=1, le=1000)],
        asked("Largest and smallest positions to keep of each channel.", group="Objective"),
    ] = 16
    several: Annotated[
        bool, asked("Let one photo give several of a channel's extreme positions.", group="Objective")
    ] = False
    samples: Annotated[
        Annotated[int, Meta(ge=1, le=1_000_000)],
        asked("Random positions of which all values are kept.", group="Objective", rare=True),
    ] = 1024
    examples: Annotated[
        Annotated[int, Meta(ge=1, le=1_000_000)],
        asked("Random photos of which every channel's maximum is kept.", group="Objective", rare=True),
    ] = 256
    no_embeddings: Annotated[
        bool, asked("Keep no mean activation of each photo, the only thing that grows with them.", rare=True)
    ] = False
    batch: Batch = None
    workers: Workers = None
    seed: Annotated[Annotated[int, Meta(ge=0, le=2**62)], asked("Random seed.", group="Common")] = 0
