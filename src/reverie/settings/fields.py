"""Fields that several settings have: their kinds, with bounds, and their help."""

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any

from msgspec import Meta

from reverie.errors import InvalidSetting, UnknownName, nearest
from reverie.settings.setting import asked

LARGEST_SIDE = 32_768
Area = int | tuple[int, int]  # a side, or (height, width)


def in_file(preset: object) -> bool:
    """Whether a preset's name means a file: `FILE.toml`, or `FILE.toml:name`."""
    return isinstance(preset, str) and (preset.endswith(".toml") or ".toml:" in preset)


def listed_preset(name: Any, allowed: Iterable[str]) -> str:
    """The name of a preset that is allowed.

    Raises:
        UnknownName: it is none of them.
    """
    several = tuple(allowed)
    if isinstance(name, str) and name in several:
        return name
    raise UnknownName(
        f"there is no preset '{name}' here; nearest: {nearest(str(name), several)}; allowed are {', '.join(several)}"
    )


def preset_of(allowed: Sequence[str], usual: str = "") -> Meta:
    """What a preset is: one of these, or one of one's own, in a file or as the plain values of a record.

    Args:
        usual: which one it is where none is named, where that depends on other settings.
    """

    def checked(preset: Any) -> Any:
        kept = isinstance(preset, Mapping) or in_file(preset) or (preset is None and usual)
        return preset if kept else listed_preset(preset, allowed)

    text = f"Settings to start from: {', '.join(allowed)}, or your FILE.toml:NAME{usual and f'; {usual}'}."
    return asked(text, group="Common", reads="preset", parse=checked)


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
        raise InvalidSetting(f"'{size}' is no size; write a side such as 320, or HEIGHTxWIDTH such as 427x640")
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


# kinds of fields, with their bounds
Whole = Annotated[int, Meta(ge=1)]
Share = Annotated[float, Meta(ge=0, le=1)]
Positive = Annotated[float, Meta(gt=0)]
Some = Annotated[float, Meta(ge=0)]
Steps = Annotated[int, Meta(ge=1)]
Seed = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]
Photo = Any  # a file, `sample:flower`, `sample:china`, a picture, array or tensor: read when the run is made
Unit = Any  # its text, or the unit or objective itself

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
    asked("NAME=WEIGHT to subtract per pixel: total-variation, l1 or l2 (from grey).", group="Objective"),
]
PhotoPrior = Annotated[
    tuple[str, ...],
    asked(
        "NAME=WEIGHT to subtract per pixel: total-variation, l1, l2 (from grey), l1-photo or l2-photo.",
        group="Objective",
    ),
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
    asked(
        "How a unit's activations become one number: mean, sum, ones, mean-square, distance or whitened.",
        group="Objective",
        rare=True,
    ),
]
Made = Annotated[
    Any | None,
    asked(
        "What the picture is made of: fourier, pixels, soft-pixels, soft-colors, maco, pyramid, cppn, aligned, "
        "generator, or a decoder's file.py:factory.",
        rare=True,
        reads="code",
    ),
]
FEATURE_PRESETS = ("default", "quick", "distill", "essay", "maco", "naive")
DREAM_PRESETS = ("default", "quick", "google", "zoom", "essay-dream")
FeaturePreset = Annotated[Any, preset_of(FEATURE_PRESETS)]
DreamPreset = Annotated[Any, preset_of(DREAM_PRESETS)]
Negative = Annotated[bool, asked("Find the unit's minimum activation.", group="Objective")]
Cosine = Annotated[
    Annotated[float, Meta(ge=0, le=16)],
    asked("Power of the cosine by which the dot product is weighed.", group="Objective", rare=True),
]
Show = Annotated[str, asked("How the map is drawn: overlay, map (alone) or signed.", group="Picture")]
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
