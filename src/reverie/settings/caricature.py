"""What `caricature` takes."""

from typing import Annotated

from reverie.settings.fields import Cosine, Made, NativeSize, Prior, RandomSeed, Some, Steps, Stored, Unit
from reverie.settings.parts import Network, Several
from reverie.settings.setting import Settings, asked


class Caricature(Settings):
    """Exaggerates what layers see in a photo: a new picture that points along the photo's features."""

    made_by = "reverie.recipes.exaggeration:caricature"
    leading = ("photo", "layers")
    asks = Network
    writes = Several
    usage = ("photo.jpg --layer block8", "photo.jpg --toward logits:tabby")

    photo: Stored
    layers: Annotated[
        tuple[Unit, ...],
        asked(
            "LAYER or LAYER:0-15 whose features are exaggerated, one picture for each.",
            group="Objective",
            flag="--layer",
        ),
    ] = ()
    toward: Annotated[
        Unit | None,
        asked("A unit, such as logits:owl: each feature counts by how much it raises this unit.", group="Objective"),
    ] = None
    negative: Annotated[bool, asked("With --toward, what lowers the unit.", group="Objective")] = False
    cosine: Cosine = 1.0
    parameterization: Made = None
    prior: Prior = ()
    steps: Annotated[Steps, asked("Steps of Adam.")] = 256
    rate: Annotated[Some, asked("Adam's first rate, which falls to a twentieth.")] = 0.2
    size: NativeSize = None
    seed: RandomSeed = 0
