"""What `explain` takes."""

from typing import Annotated

from msgspec import Meta

from reverie.plugins import names_in
from reverie.settings.choices import Choice
from reverie.settings.fields import SHOWN, Area, EachPhoto, Opacity, RandomSeed, Unit, Whole, sized
from reverie.settings.parts import Explained, Network
from reverie.settings.setting import Settings, asked

METHODS = Choice("method", names_in("reverie.attribution"), plugins="attributions")
SHOWN_BY_METHODS = SHOWN.more("auto")
BASELINES = Choice("baseline", ("black", "white", "grey", "mean", "blur"))


class Explain(Settings):
    """Shows where in a photo a network sees a unit, by one or several methods of attribution."""

    made_by = "reverie.recipes.explaining:explain"
    leading = ("photo", "unit")
    asks = Network
    writes = Explained
    usage = (
        "photo.jpg --method grad-cam --control",
        "photo.jpg --unit tabby --method occlusion",
    )

    photo: EachPhoto
    unit: Annotated[
        Unit | None,
        asked(
            "What to explain: a class by its name, logits:daisy, block8:12; the top class unless given.",
            group="Objective",
        ),
    ] = None
    method: Annotated[tuple[str, ...], asked("{}.", group="Common", choice=METHODS)] = ("gradient",)
    layer: Annotated[
        str | None,
        asked("Layer of class activation maps; the last one with rows and columns unless given.", group="Objective"),
    ] = None
    samples: Annotated[
        Whole | None, asked("Noisy copies (50), points of a path (50) or masks of rise (4000).", group="Objective")
    ] = None
    noise: Annotated[
        Annotated[float, Meta(ge=0)],
        asked("Standard deviation of smoothgrad's noise, a share of the photo's range.", group="Objective", rare=True),
    ] = 0.15
    baseline: Annotated[
        str | None,
        asked("What a photo is compared with or covered by: {}.", group="Objective", choice=BASELINES),
    ] = None
    window: Annotated[
        Whole | None, asked("Side of what occlusion covers, in pixels; a seventh of the short side.", group="Objective")
    ] = None
    stride: Annotated[Whole | None, asked("Pixels from one window to the next; half a window.", group="Objective")] = (
        None
    )
    show: Annotated[str, asked("How the map is drawn: {}.", choice=SHOWN_BY_METHODS)] = "auto"
    opacity: Opacity = 0.8
    control: Annotated[
        bool,
        asked("Put the same map of random weights and curves of deletion and insertion beside each.", group="Common"),
    ] = False
    size: Annotated[
        Area | None,
        asked("The long side, or HEIGHTxWIDTH, to show the network; its native short side unless given.", parse=sized),
    ] = None
    seed: RandomSeed = 0
