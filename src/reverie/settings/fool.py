"""What `fool` takes, on one photo and on a folder of them."""

from typing import Annotated

from msgspec import Meta

from reverie.settings.choices import Choice
from reverie.settings.fields import NativeSize, Photo, RandomSeed, Some, Steps, Whole
from reverie.settings.parts import Filmed, Network
from reverie.settings.setting import Settings, asked

METHODS = Choice(
    "method", {"pgd": "projected gradient descent", "fgsm": "", "deepfool": "least change", "gradient": ""}
)
NORMS = Choice("norm", ("linf", "l2"))
STARTS = Choice("start", ("photo", "noise", "grey", "cppn"))


class Fool(Settings):
    """Changes a photo, hardly to be seen, until the network takes it for something else."""

    made_by = "reverie.recipes.fooling:fool"
    leading = ("photo",)
    asks = Network
    writes = Filmed
    usage = ("photo.jpg --as tabby", "--start cppn --as starfish")

    photo: Annotated[
        Photo | None,
        asked(
            "The photo to change; a folder for one change of all its photos; none for --start.",
            argument="[PHOTO]",
            reads="photo",
        ),
    ] = None
    target: Annotated[
        str | int | None,
        asked(
            "Class to be taken for, by its name or number; any but its own unless given.",
            group="Objective",
            flag="--as",
        ),
    ] = None
    method: Annotated[str, asked("{}.", group="Objective", choice=METHODS)] = "pgd"
    norm: Annotated[str, asked("Norm of the change: {}.", group="Objective", choice=NORMS)] = "linf"
    radius: Annotated[
        Annotated[float, Meta(ge=0.01)] | None,
        asked("Largest change: of linf in levels of 255; of l2 for values in [0,1].", group="Objective"),
    ] = None
    smallest: Annotated[bool, asked("Look for the smallest radius that is enough.", group="Objective")] = False
    steps: Annotated[Steps | None, asked("Steps of the search, 40 unless given.")] = None
    rate: Annotated[Some | None, asked("Length of a step; of pgd in units of the radius.", rare=True)] = None
    start: Annotated[str, asked("{}; all but a photo are for a picture from nothing.", choice=STARTS)] = "photo"
    size: NativeSize = None
    transfer: Annotated[
        tuple[str, ...], asked("Another network that is asked too, as for --model.", group="Network", names="network")
    ] = ()
    seed: RandomSeed = 0


class Universal(Settings):
    """Learns one change that makes a network take any photo for a class, from many photos."""

    made_by = "reverie.recipes.fooling:universal"
    leading = ("photos",)

    photos: Annotated[tuple[Photo, ...], asked("Photos to learn from, or a folder of them.", reads="photo")]
    target: Annotated[str | int, asked("Class to be taken for, by its name or number.", flag="--as")]
    radius: Annotated[Annotated[float, Meta(ge=0.01)], asked("Largest change of any value, in levels of 255.")] = 10.0
    steps: Annotated[Steps, asked("Steps of the search.")] = 100
    batch: Annotated[Whole, asked("Photos that one step looks at.")] = 8
    seed: RandomSeed = 0
