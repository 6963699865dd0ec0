"""What `style` takes."""

from collections.abc import Sequence
from typing import Annotated

import msgspec
from msgspec import Meta

from reverie.errors import InvalidSetting
from reverie.settings.choices import Choice
from reverie.settings.fields import PHOTO_PRIORS, Photo, PhotoSize, Positive, RandomSeed, Some, Steps, Tile, Unit
from reverie.settings.parts import Filmed, Network
from reverie.settings.setting import Settings, asked

COLORS = Choice(
    "choice of colours",
    {"style": "the style's", "luminance": "the photo's stay", "matched": "the style's, brought to the photo's"},
)
STARTS = Choice("start", ("photo", "noise"))
ASCENTS = Choice("ascent", {"lbfgs": "", "adam": "needs less memory"})


class Style(Settings, kw_only=False):
    """A picture whose style is taken, and what of it goes where."""

    photo: Annotated[Photo, asked("Picture whose style to take.", reads="photo")]
    weight: Annotated[Some, asked("Its weight beside other styles.", group="Objective")] = 1.0
    region: Annotated[Photo | None, asked("White where it is painted.", reads="photo")] = None
    source: Annotated[Photo | None, asked("White where its style is taken from.", reads="photo")] = None


class StyleTransfer(Settings):
    """Paints a photo in the style of one or several pictures, from small to large."""

    called = "style"
    made_by = "reverie.recipes.painting:style"
    leading = ("photo", "styles", "layers")
    asks = Network
    writes = Filmed
    usage = ("photo.jpg painting.jpg", "photo.jpg painting.jpg --colors luminance")

    photo: Annotated[
        Photo, asked("The photo to paint, sample:flower or sample:china.", argument="CONTENT", reads="photo")
    ]
    styles: Annotated[tuple[Photo, ...], asked("Pictures whose style to take.", argument="STYLE...", reads="photo")]
    layers: Annotated[
        tuple[Unit, ...],
        asked("LAYER or LAYER=WEIGHT whose Gram matrices are the style.", group="Objective", flag="--layer"),
    ] = ()
    content_layers: Annotated[
        tuple[Unit, ...],
        asked("LAYER or LAYER=WEIGHT that keep the photo's shapes.", group="Objective", flag="--content-layer"),
    ] = ()
    content: Annotated[
        Annotated[float, Meta(ge=0)], asked("Weight of the photo's shapes against the style.", group="Objective")
    ] = 0.3
    style_weight: Annotated[
        tuple[float | str, ...], asked("A weight for each style, in their order.", group="Objective")
    ] = ()
    style_scale: Annotated[
        Positive, asked("Size of the style's strokes; the style picture's long side over the painting's.")
    ] = 1.0
    region: Annotated[
        tuple[Photo, ...],
        asked("For each style a black and white picture: white where it is painted.", reads="photo", rare=True),
    ] = ()
    style_region: Annotated[
        tuple[Photo, ...],
        asked(
            "For each style a black and white picture: white where its style is taken from.", reads="photo", rare=True
        ),
    ] = ()
    colors: Annotated[
        str,
        asked("Colours: {}.", choice=COLORS),
    ] = "style"
    start: Annotated[str, asked("{}.", choice=STARTS)] = "photo"
    ascent: Annotated[str, asked("{}.", rare=True, choice=ASCENTS)] = "lbfgs"
    octaves: Annotated[
        Annotated[int, Meta(ge=1, le=12)], asked("Number of sizes, each twice as large as the one before.")
    ] = 3
    steps: Annotated[Steps, asked("Steps at each size.")] = 60
    rate: Annotated[Some | None, asked("The ascent's first rate, or the mean first move of L-BFGS.", rare=True)] = None
    prior: Annotated[
        tuple[str, ...] | None,
        asked(
            "NAME=WEIGHT to subtract per pixel: {}; total-variation=0.3 unless given.",
            group="Objective",
            rare=True,
            choice=PHOTO_PRIORS,
        ),
    ] = None
    size: PhotoSize = None
    tile: Tile = None
    seed: RandomSeed = 0

    def __post_init__(self) -> None:
        given = self.styles if isinstance(self.styles, list | tuple) else (self.styles,)
        if any(isinstance(each, Style) for each in given):
            self._take([each if isinstance(each, Style) else Style(each) for each in given])
        super().__post_init__()

    def _take(self, parts: Sequence[Style]) -> None:
        """Takes styles that are given in parts, each beside the others' weights and regions.

        Raises:
            InvalidSetting: weights or regions beside the parts.
        """
        beside = [name for name in ("style_weight", "region", "style_region") if getattr(self, name)]
        if beside:
            raise InvalidSetting(
                f"a reverie.Style has a weight and regions of its own; leave out {' and '.join(beside)}"
            )
        columns = {
            "styles": [part.photo for part in parts],
            "style_weight": [part.weight for part in parts] if any(part.weight != 1 for part in parts) else (),
            "region": _said([part.region for part in parts]),
            "style_region": _said([part.source for part in parts]),
        }
        for name, values in columns.items():
            msgspec.structs.force_setattr(self, name, tuple(values))


def _said(photos: Sequence[Photo | None]) -> Sequence[Photo | None]:
    """The photos where there is one at all."""
    return photos if any(photo is not None for photo in photos) else ()
