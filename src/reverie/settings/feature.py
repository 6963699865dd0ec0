"""What `feature` takes."""

import math
from typing import Annotated, Any, Self

from msgspec import Meta

from reverie.errors import InvalidSetting
from reverie.expression import looks_like_sum
from reverie.paths import photo_path
from reverie.settings.choices import Choice
from reverie.settings.fields import (
    FEATURE_PRESETS,
    Also,
    Made,
    Mask,
    Negative,
    Parallel,
    Photo,
    PictureSize,
    Prior,
    RandomSeed,
    Rate,
    Reduction,
    StepsEach,
    Unit,
    preset_of,
)
from reverie.settings.parts import Network, Verified
from reverie.settings.setting import Settings, asked


def _photo(start: Any) -> bool:
    """Whether a start may be a photo: none of the names, those of other commands too, that no file has."""
    if not isinstance(start, str):
        return True
    path = photo_path(start)
    return bool(path.suffix) or path.exists()


GROUNDS = Choice(
    "start",
    {"noise": "", "grey": "", "zero": "black"},
    also="a photo",
    takes=_photo,
)


def _weighed(alpha: Any) -> bool:
    name, _, weight = alpha.partition("=") if isinstance(alpha, str) else ("", "", "")
    try:
        return bool(name == "optimised" and 0 <= float(weight) < math.inf)
    except ValueError:
        return False


ALPHAS = Choice(
    "opacity",
    ("optimised", "importance"),
    also="optimised=WEIGHT",
    takes=_weighed,
)


class Canvas(Settings, kw_only=False):
    """What a picture is made on."""

    size: PictureSize = None
    start: Annotated[Photo | None, asked("{}.", reads="photo", choice=GROUNDS)] = None
    mask: Mask = None
    alpha: Annotated[
        str | None,
        asked("Opacity of the picture: {} (of what opaque parts cost).", rare=True, choice=ALPHAS),
    ] = None
    window: Annotated[
        bool | None, asked("Compute only the part of the picture that a neuron sees; automatic.", rare=True)
    ] = None


Preset = Annotated[Any, preset_of(FEATURE_PRESETS, "maco unless given where all units are classes, else default")]


class Climb(Settings, kw_only=False):
    """How the picture is climbed to: gradient ascent from a preset's settings."""

    preset: Preset = None
    steps: StepsEach = None
    rate: Rate = None


class Views(Settings, kw_only=False):
    """How many pictures there are of each unit."""

    diversity: Annotated[
        Annotated[int, Meta(ge=1, le=64)], asked("Views of each unit that differ as far as they can.")
    ] = 1
    both: Annotated[bool, asked("Make a picture of each unit's minimum activation too.")] = False


class Featuring(Settings):
    """How pictures of units are made."""

    climb: Climb = Climb()
    canvas: Canvas = Canvas()
    negative: Negative = False
    views: Views = Views()
    parameterization: Made = None
    spectrum: Annotated[
        Any | None, asked("A photo or folder of photos whose magnitudes MACO keeps to.", rare=True, reads="photo")
    ] = None
    reduction: Reduction = None
    dictionary: Annotated[
        str | None,
        asked(
            "File of directions (safetensors or .npy); the units' numbers then are its rows.",
            group="Objective",
            reads="file",
            rare=True,
        ),
    ] = None
    concept: Annotated[
        tuple[Photo, ...],
        asked(
            "Photos of a concept, or folders of them: the unit is the direction in LAYER that tells them apart.",
            group="Objective",
            reads="photo",
        ),
    ] = ()
    against: Annotated[
        tuple[Photo, ...],
        asked(
            "Photos without the concept; the sample photos and noise unless given.", group="Objective", reads="photo"
        ),
    ] = ()
    cosine: Annotated[
        Annotated[float, Meta(ge=0, le=16)] | None,
        asked("Power of the cosine by which a direction is weighed; 1 unless given.", group="Objective", rare=True),
    ] = None
    also: Also = ()
    prior: Prior = ()
    batch: Parallel = None
    seed: RandomSeed = 0


class Feature(Featuring, kw_only=True):
    """Makes pictures that excite units, one picture each."""

    made_by = "reverie.recipes.feature_visualization:feature"
    leading = ("units",)
    asks = Network
    writes = Verified
    usage = ("block11:0-15", "logits:tabby --size 320 --diversity 4")

    units: Annotated[
        tuple[Unit, ...],
        asked(
            "LAYER, LAYER:CHANNEL, LAYER:0-15, LAYER:3@4,5, logits:CLASS ...",
            argument="UNIT...",
            reads="unit",
        ),
    ]

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.negative and self.views.both:
            raise InvalidSetting("--both shows the negative side beside the other; leave out --negative")

    def settled(self) -> Self:
        """The settings with a preset: for classes MACO's, by whose pictures other networks know them (docs/truth.md).

        Whoever says what the picture is made of, where it starts, or how fast it climbs, gets the default.
        """
        if self.climb.preset is not None:
            return self
        canvas = self.canvas
        said = (self.climb.rate, canvas.start, canvas.mask, canvas.alpha, self.parameterization, self.dictionary)
        classes = all(text.startswith("logits:") and "@" not in text for text in map(str, self.units))
        sums = any(looks_like_sum(str(unit)) for unit in self.units)
        free = said == (None,) * len(said) and not self.concept
        return self.changed(preset="maco" if classes and free and not sums else "default")
