"""All ways to attribute, by name."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from reverie.attribution.cam import ClassActivation, GuidedGradCam, ScoreCam
from reverie.attribution.gradients import Gradient, InputXGradient, IntegratedGradients, Rectified, SmoothGrad
from reverie.attribution.method import Method
from reverie.attribution.occlusion import Occlusion
from reverie.attribution.rise import Rise
from reverie.errors import UnknownName, nearest
from reverie.plugins import Table

Value = TypeVar("Value")


@dataclass(frozen=True)
class Settings:
    """What methods take; None stands for a method's own choice."""

    layer: str | None = None
    samples: int | None = None
    noise: float = 0.15
    baseline: str | None = None
    window: int | None = None
    stride: int | None = None
    seed: int = 0


def _or(value: Value | None, usual: Value) -> Value:
    return usual if value is None else value


Making = Callable[[Settings], Method]
OWN: Mapping[str, Making] = {
    "gradient": lambda _: Gradient(),
    "input-x-gradient": lambda given: InputXGradient(_or(given.baseline, "black")),
    "smoothgrad": lambda given: SmoothGrad(_or(given.samples, 50), given.noise, given.seed),
    "vargrad": lambda given: SmoothGrad(_or(given.samples, 50), given.noise, given.seed, variance=True),
    "integrated-gradients": lambda given: IntegratedGradients(_or(given.samples, 50), _or(given.baseline, "black")),
    "guided-backprop": lambda _: Rectified(guided=True),
    "deconvnet": lambda _: Rectified(guided=False),
    "guided-grad-cam": lambda given: GuidedGradCam(given.layer),
    "grad-cam": lambda given: ClassActivation("grad-cam", given.layer),
    "grad-cam++": lambda given: ClassActivation("grad-cam++", given.layer),
    "layer-cam": lambda given: ClassActivation("layer-cam", given.layer),
    "score-cam": lambda given: ScoreCam(given.layer),
    "occlusion": lambda given: Occlusion(given.window, given.stride, _or(given.baseline, "grey")),
    "rise": lambda given: Rise(_or(given.samples, 4000), _or(given.baseline, "mean"), given.seed),
}


METHODS: Table[Making] = Table("attributions", lambda: OWN, lambda found: found if callable(found) else None)


def method_named(name: str, settings: Settings | None = None) -> Method:
    """The method of this name.

    Raises:
        UnknownName: there is none of this name.
        InvalidSetting: a setting out of its range.
    """
    if name not in METHODS:
        raise UnknownName(
            f"there is no method '{name}'; nearest: {nearest(name, METHODS)}; allowed are {', '.join(METHODS)}"
        )
    return METHODS[name](settings or Settings())
