"""Fields that several settings have: their kinds, with bounds, and their help."""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Any

from msgspec import Meta

from reverie.errors import InvalidSetting
from reverie.plugins import names_in
from reverie.settings.choices import Choice
from reverie.settings.setting import asked

LARGEST_SIDE = 32_768
Area = int | tuple[int, int]  # a side, or (height, width)


def in_file(preset: object) -> bool:
    """Whether a preset's name means a file: `FILE.toml`, or `FILE.toml:name`."""
    return isinstance(preset, str) and (preset.endswith(".toml") or ".toml:" in preset)


def own_preset(preset: object) -> bool:
    """Whether a preset is one's own: in a file, or the plain values of a record."""
    return isinstance(preset, Mapping) or in_file(preset)


def preset_of(choice: Choice, usual: str = "") -> Meta:
    """What a preset is: one of these, or one of one's own.

    Args:
        usual: which one it is where none is named, where that depends on other settings.
    """
    text = f"Settings to start from: {{}}{usual and f'; {usual}'}."
    return asked(text, group="Common", reads="preset", choice=choice)


def sized(size: Any) -> Area | None:
    """A long side, or (height, width), from 320, "320", "427x640" or (427, 640).

    Raises:
        InvalidSetting: not a size.
    """
    if size is None:
        return None
    parts: list[Any] = re.split(r"[x,]", size) if isinstance(size, str) else _sides(size)
    try:
        sides = [int(part) for part in parts]
    except (TypeError, ValueError):
        sides = []
    if len(sides) not in (1, 2) or not all(1 <= side <= LARGEST_SIDE for side in sides):
        raise InvalidSetting(
            f"'{size}' is no size; write a side such as 320, or HEIGHTxWIDTH such as 427x640, "
            f"in whole numbers from 1 to {LARGEST_SIDE}"
        )
    return sides[0] if len(sides) == 1 else (sides[0], sides[1])


def _sides(size: Any) -> list[Any]:
    return list(size) if isinstance(size, Sequence) else [size]


def numbers(text: Any) -> Any:
    """Numbers from a text such as `.485,.456,.406`; anything else as it is.

    Raises:
        InvalidSetting: a text of something else.
    """
    if not isinstance(text, str):
        return text
    try:
        found = tuple(float(part) for part in text.split(","))
        if not all(map(math.isfinite, found)):
            raise ValueError
        return found
    except (ValueError, OverflowError):
        raise InvalidSetting(f"'{text[:40]}' are no numbers; write them such as .485,.456,.406") from None


def _above_zero(number: Any) -> bool:
    try:
        return 0 < float(number) < math.inf
    except (TypeError, ValueError):
        return False


# kinds of fields, with their bounds
Whole = Annotated[int, Meta(ge=1)]
Share = Annotated[float, Meta(ge=0, le=1)]
Positive = Annotated[float, Meta(gt=0)]
Some = Annotated[float, Meta(ge=0)]
Steps = Annotated[int, Meta(ge=1)]
Seed = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]
Photo = Any  # a file, `sample:flower`, `sample:china`, a picture, array or tensor: read when the run is made
Unit = Any  # its text, or the unit or objective itself

# names that several settings may be
PRIORS = Choice(
    "prior",
    {"total-variation": "", "l1": "", "l2": "from grey", "quadratic-variation": "", "alpha-norm": ""},
    weighed=True,
)
PHOTO_PRIORS = PRIORS.more("l1-photo", "l2-photo")
REDUCTIONS = Choice("reduction", ("mean", "sum", "ones", "mean-square", "distance", "whitened"))
MATERIALS = Choice(
    "parameterization",
    (*names_in("reverie.parameterizations"), "generator"),
    plugins="parameterizations",
    also="a decoder's file.py:factory",
    takes=lambda made: not isinstance(made, str) or ":" in made,
)
SHOWN = Choice("way to show a map", {"overlay": "", "map": "alone", "signed": ""})
SCALES = Choice(
    "scale",
    {"own": "each channel's largest value", "shared": "the largest of all"},
    also="a number above 0",
    takes=_above_zero,
)
LAYOUTS = Choice("method", ("tsne", "umap", "pca"))

# fields that several settings have, with their help
OnePhoto = Annotated[Photo, asked("A photo, sample:flower or sample:china.", argument="PHOTO", reads="photo")]
EachPhoto = Annotated[
    Photo,
    asked("Photos, folders of photos, sample:flower or sample:china.", argument="PHOTO...", reads="photo", each=True),
]
Stored = Annotated[
    Photo,
    asked("A photo, sample:flower or sample:china; or a stored response, FILE.npy.", argument="PHOTO", reads="photo"),
]
OneUnit = Annotated[Unit, asked("One channel: LAYER:CHANNEL, or logits:CLASS.", argument="UNIT")]
OtherPictures = Annotated[
    str | None,
    asked("A folder of `reverie sheet`, whose pictures are shown in place of new ones.", rare=True, names="folder"),
]
Weighted = Annotated[
    tuple[Unit, ...],
    asked(
        "UNIT or UNIT=WEIGHT to amplify; several are amplified jointly.",
        group="Objective",
        flag="--layer",
        reads="unit",
    ),
]
Prior = Annotated[
    tuple[str, ...],
    asked("NAME=WEIGHT to subtract per pixel: {}.", group="Objective", choice=PRIORS),
]
PhotoPrior = Annotated[
    tuple[str, ...],
    asked("NAME=WEIGHT to subtract per pixel: {}.", group="Objective", choice=PHOTO_PRIORS),
]
Mask = Annotated[
    Photo | None,
    asked("A picture, white (or opaque, where it is transparent anywhere) where the other may change.", reads="mask"),
]
PhotoSize = Annotated[Area | None, asked("The long side, or HEIGHTxWIDTH; the photo's own unless given.", parse=sized)]
NativeSize = Annotated[
    Area | None,
    asked("The long side, or HEIGHTxWIDTH; the short side at the network's native size unless given.", parse=sized),
]
PictureSize = Annotated[
    Area | None,
    asked("The picture's side, or HEIGHTxWIDTH; the network's native size unless given.", parse=sized),
]
Rate = Annotated[Some | None, asked("The first rate of the gradient ascent; the preset's fall from it is kept.")]
StepsEach = Annotated[Steps | None, asked("Steps at each size.")]
Tile = Annotated[
    int | None,
    asked("Side of the tiles in which large pictures are computed; 0 for none; automatic from 1024x1024.", rare=True),
]
RandomSeed = Annotated[Seed, asked("Random seed.", group="Common")]
Parallel = Annotated[Whole | None, asked("Pictures that run together; as many as fit the cache.", rare=True)]
Reduction = Annotated[
    str | None,
    asked("How a unit's activations become one number: {}.", group="Objective", rare=True, choice=REDUCTIONS),
]
Made = Annotated[
    Any | None,
    asked("What the picture is made of: {}.", rare=True, reads="code", choice=MATERIALS),
]
FEATURE_PRESETS = Choice(
    "preset",
    ("default", "quick", "distill", "essay", "maco", "naive"),
    also="your FILE.toml:NAME",
    takes=own_preset,
)
DREAM_PRESETS = replace(FEATURE_PRESETS, own=("default", "quick", "google", "zoom", "essay-dream"))
FeaturePreset = Annotated[Any, preset_of(FEATURE_PRESETS)]
DreamPreset = Annotated[Any, preset_of(DREAM_PRESETS)]
Negative = Annotated[bool, asked("Find the unit's minimum activation.", group="Objective")]
Cosine = Annotated[
    Annotated[float, Meta(ge=0, le=16)],
    asked("Power of the cosine by which the dot product is weighed.", group="Objective", rare=True),
]
Show = Annotated[str, asked("How the map is drawn: {}.", choice=SHOWN)]
Opacity = Annotated[Share, asked("Opacity of an overlay's strongest colour, 0 to 1.", rare=True)]
Most = Annotated[Whole, asked("How many channels to draw.")]
PhotoSet = Annotated[
    Any, asked("A folder of photos, a .tar file, or a .txt file that names one path a line.", argument="FOLDER")
]
Workers = Annotated[
    Annotated[int, Meta(ge=0, le=1024)] | None, asked("Processes that decode photos.", group="Common", rare=True)
]
Batch = Annotated[
    Annotated[int, Meta(ge=1, le=4096)] | None,
    asked("Photos in one forward; as many as fit the cache.", group="Common", rare=True),
]
Also = Annotated[
    tuple[Any, ...],
    asked(
        "MODEL=UNIT of another network that the picture must excite too; MODEL for the same class or its usual layer.",
        group="Objective",
        reads="network",
        rare=True,
    ),
]
