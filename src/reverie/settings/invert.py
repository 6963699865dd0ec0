"""What `invert` takes."""

from typing import Annotated, Any

from msgspec import Meta

from reverie.settings.choices import Choice
from reverie.settings.fields import PRIORS, NativeSize, RandomSeed, Some, Steps, Stored, Unit
from reverie.settings.parts import Network, Several
from reverie.settings.setting import Settings, asked

SIMPLE = Choice("parameterization", ("fourier", "pixels"), takes=lambda made: not isinstance(made, str))
ASCENTS = Choice("ascent", {"lbfgs": "", "adam": "whose restarts run at once"})


class Invert(Settings):
    """Rebuilds a photo from what layers return for it: what is lost was not seen."""

    made_by = "reverie.recipes.inversion:invert"
    leading = ("photo", "layers")
    asks = Network
    writes = Several
    usage = ("photo.jpg --layer block8", "photo.jpg --all")

    photo: Stored
    layers: Annotated[
        tuple[Unit, ...],
        asked("LAYER, LAYER:0-15 or logits to rebuild from, one picture for each.", group="Objective", flag="--layer"),
    ] = ()
    all: Annotated[
        bool, asked("From the first layer to the logits, on one sheet with the photo.", group="Objective")
    ] = False
    restarts: Annotated[
        Annotated[int, Meta(ge=1, le=64)],
        asked("Pictures of each from different starts; where they differ the layer has kept nothing."),
    ] = 1
    pooled: Annotated[
        bool,
        asked("Rebuild from each channel's mean over the picture alone, as an embedding holds it.", group="Objective"),
    ] = False
    parameterization: Annotated[
        Any, asked("What the picture is made of: {}.", rare=True, reads="code", choice=SIMPLE)
    ] = "fourier"
    ascent: Annotated[str, asked("{}.", rare=True, choice=ASCENTS)] = "lbfgs"
    steps: Annotated[Steps, asked("Steps of the ascent.")] = 256
    rate: Annotated[Some | None, asked("The mean first move of L-BFGS, or Adam's first rate.", rare=True)] = None
    prior: Annotated[
        tuple[str, ...] | None,
        asked(
            "NAME=WEIGHT to subtract per pixel: {}; stronger with depth unless given.",
            group="Objective",
            rare=True,
            choice=PRIORS,
        ),
    ] = None
    size: NativeSize = None
    seed: RandomSeed = 0
