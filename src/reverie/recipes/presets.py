"""Presets: complete, named settings; every number can be overridden."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from reverie.parameterizations import Fourier, Maco, Parameterization, Pixels, SoftColors
from reverie.recipes.preset_files import preset_values, settings_from
from reverie.settings.calling import names_checked
from reverie.settings.choices import Choice
from reverie.settings.fields import own_preset
from reverie.settings.own_preset import USUAL
from reverie.synthesis.ascent import Ascent
from reverie.transforms import Jitter, Noise, Pad, Roll, Rotate, Scale, Transform

Ends = tuple[float, float]


@dataclass(frozen=True)
class Preset:
    """Settings of a whole run.

    Attributes:
        about: one sentence.
        steps: at each size.
        ascent: kind of ascent, see `Ascent`.
        rates: first and last rate at each size, the last pair again for further sizes.
        reduction: of a unit's activation.
        octaves: sizes of a dream; of a feature, where `sizes` is empty, there is one.
        coarser: a dream's rates at an octave, as a share of those at the next finer one.
        climb_on: steps at most, at a dream's full size, for layers that rise less than others up to there.
        coarsest: about the long side of a dream's first octave: larger pictures have more octaves; 0 for those alone.
        sizes: sides of a feature's stages, empty for the network's native size; of a dream at most one, its long side
            where neither is given nor the photo smaller.
        blurs: sigma on the gradient, as rates.
        start: noise, grey, zero or photo.
        redirect: first steps with redirected rectifiers.
        seconds: measured by benchmarks/presets.py for one picture of the bundled network, a feature's at 128 px, a
            dream's at 320; None where not measured.
    """

    about: str
    steps: int
    ascent: str
    rates: tuple[Ends, ...]
    reduction: str
    parameterization: Parameterization = field(default_factory=Pixels)
    transforms: tuple[Transform, ...] = ()
    betas: Ends = (0.8, 0.95)
    schedule: str = "linear"
    octaves: int = 1
    octave_scale: float = 1.4
    coarsest: int = 0
    coarser: float = 1.0
    climb_on: int = 0
    sizes: tuple[int, ...] = ()
    blurs: tuple[Ends, ...] = ()
    start: str = "noise"
    redirect: int = 0
    seconds: float | None = None


# what lucid and lucent see: a margin of 12, shifts within 8 and 4 of 128 pixels, zoom .9 to 1.1, ten degrees
ROBUST = (Pad(12 / 128), Jitter(4 / 128), Scale(0.9, 1.1), Rotate(10), Jitter(2 / 128))

ESSAY = 0.05  # the essays' rates .4 to .1 act on a wider range of values than [0,1]; so scaled, half the range is used

ROBUSTLY = Preset(
    about="Fourier features without the finest grain, climbed by a fast Adam through shifts, zooms and turns",
    steps=336,
    ascent="adam",
    rates=((0.2, 0.01),),
    reduction="mean",
    betas=(0.5, 0.95),
    parameterization=Fourier(cutoff=0.265),
    transforms=ROBUST,
    redirect=16,
    seconds=3.5,
)

FEATURE: Mapping[str, Preset] = {
    "default": ROBUSTLY,
    "quick": replace(ROBUSTLY, about="the default in 192 steps", steps=192, seconds=None),
    "distill": Preset(
        about="the settings of Olah et al. 2017: Fourier features, Adam .05, 512 steps, shifts, zooms and turns",
        steps=512,
        ascent="adam",
        rates=((0.05, 0.05),),
        reduction="mean",
        betas=(0.9, 0.999),
        parameterization=Fourier(),
        transforms=ROBUST,
        redirect=16,
        seconds=6.4,
    ),
    "essay": Preset(
        about="pixels from noise at three sizes, the gradient smoothed ever less: large, calm shapes",
        steps=100,
        ascent="std",
        rates=((0.4 * ESSAY, 0.3 * ESSAY), (0.3 * ESSAY, 0.2 * ESSAY), (0.2 * ESSAY, 0.1 * ESSAY)),
        reduction="distance",
        sizes=(299, 340, 380),
        blurs=((2.4, 0.8), (1.5, 0.4), (1.1, 0.3)),
        redirect=16,
        seconds=2.8,
    ),
    "maco": Preset(
        about="the phases alone of a photograph's spectrum, seen in random crops under noise: natural light and grain",
        steps=256,
        ascent="adam",
        rates=((0.5, 0.02),),
        reduction="mean",
        parameterization=Maco(),
        transforms=(Jitter(0.28), Scale(1.2, 2.4), Noise(0.08)),
        redirect=16,
        seconds=3.5,
    ),
    "naive": Preset(
        about="Adam on pixels, without any prior: the speckle that the other presets are there to avoid",
        steps=128,
        ascent="adam",
        rates=((0.05, 0.05),),
        reduction="mean",
        betas=(0.9, 0.999),
        redirect=16,
        seconds=1.6,
    ),
}

SOFTLY = Preset(
    about="a smoothed gradient in soft colours, at the full size the most: layers that lag climb on, nothing burns",
    steps=24,
    ascent="paced",
    rates=((0.038, 0.005),),
    betas=(0.5, 0.95),
    parameterization=SoftColors(),
    blurs=((1.2, 0.6),),
    reduction=USUAL,
    transforms=(Roll(16),),
    octaves=4,
    coarsest=170,
    coarser=0.75,
    climb_on=48,
    start="photo",
)

DREAM: Mapping[str, Preset] = {
    "default": SOFTLY,
    "quick": replace(
        SOFTLY,
        about="a dream in a second: the default at 320 pixels unless a size is given, in fewer and longer steps",
        steps=10,
        rates=((0.05, 0.007),),
        blurs=((1.2, 0.4),),
        octaves=3,
        coarsest=0,
        coarser=1.0,
        climb_on=0,
        sizes=(320,),
    ),
    "google": Preset(
        about="Google's loop of 2015: 4 octaves of 1.4, 10 steps of 1.5/255 over the mean gradient, shifts of 32",
        steps=10,
        ascent="mean-abs",
        rates=((1.5 / 255, 1.5 / 255),),
        reduction="mean-square",
        transforms=(Roll(32),),
        octaves=4,
        start="photo",
        seconds=0.9,
    ),
    "zoom": Preset(
        about="a light dream for each frame of a zoom: the next frame goes on where it ends",
        steps=2,
        ascent="mean-abs",
        rates=((0.006, 0.006),),
        blurs=((0.6, 0.6),),
        reduction=USUAL,
        transforms=(Roll(16),),
        octaves=3,
        start="photo",
        seconds=0.2,
    ),
    "essay-dream": replace(
        SOFTLY,
        about="a photo at 3 octaves, the layer's sum by its number of features, a falling rate, shifts: no frame",
        steps=20,
        rates=((0.035, 0.005),),
        blurs=((1.2, 0.4),),
        reduction="sum",
        transforms=(Roll(32),),
        octaves=3,
        coarsest=0,
        coarser=1.0,
        climb_on=0,
    ),
}


def preset_named(preset: str | Mapping[str, Any], table: Mapping[str, Preset]) -> Preset:
    """A preset of a table, of a file (`FILE.toml` or `FILE.toml:name`), or of plain values as a file holds them.

    Raises:
        UnknownName: there is none of this name, or a key that presets do not have.
        InvalidSetting: a file or a value that is none.
    """
    settings: Mapping[str, Any] = {"base": preset}
    if own_preset(preset):
        settings = preset if isinstance(preset, Mapping) else settings_from(preset)
    base = settings.get("base", "default")
    Choice("preset", tuple(table)).check(base)  # never a file's
    return replace(table[base], **preset_values(settings))


def ascent(preset: Preset, stage: int, rate: float | None) -> Ascent:
    """The preset's ascent at one of its sizes."""
    first, last = preset.rates[min(stage, len(preset.rates) - 1)]
    ends = (first, last) if rate is None else (rate, rate * last / first if first else rate)
    blur = preset.blurs[min(stage, len(preset.blurs) - 1)] if preset.blurs else None
    return Ascent(preset.ascent, ends, preset.schedule, blur, preset.betas)


@names_checked
def presets() -> dict[str, Mapping[str, Preset]]:
    """Lists the presets by the command that takes them."""
    return {"dream": DREAM, "feature": FEATURE}
