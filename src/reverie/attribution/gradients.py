"""Attribution by gradients with respect to the photo, whose values lie in [0,1]."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from reverie.attribution.baselines import baseline
from reverie.attribution.method import Estimate, Making, chunks, names, responses, usual
from reverie.errors import InvalidSetting, check, count
from reverie.image import Size
from reverie.models.model import Model
from reverie.models.probe import probe
from reverie.models.rules import RECTIFIERS, Ruled
from reverie.objectives import Objective
from reverie.randomness import generator, normal
from reverie.settings.explain import BASELINES

SATURATED = "where the network is saturated the gradient is small, however much the place matters"
EDGES = (
    "fails the sanity checks of Adebayo et al. 2018: it draws the photo's edges, nearly the same ones for other "
    "classes and for random weights"
)


def slope(model: Model, images: Tensor, objective: Objective) -> Tensor:
    """The gradient of each picture's score with respect to the picture, [N,C,H,W]."""
    with torch.enable_grad():
        seen = images.detach().requires_grad_()
        score = objective.score(probe(model, seen, objective.layers))
        (gradient,) = torch.autograd.grad(score.sum(), seen)
    return gradient


def _size(image: Tensor) -> Size:
    return int(image.shape[-2]), int(image.shape[-1])


@dataclass(frozen=True)
class Gradient:
    """The gradient itself. Source: Simonyan, Vedaldi, Zisserman 2014, section 3; differs: the sign is kept."""

    name: ClassVar[str] = "gradient"
    asks: ClassVar[str] = "logit"
    caveat: ClassVar[str] = SATURATED

    def estimates(self, model: Model, image: Tensor, objective: Objective) -> Iterator[Estimate]:
        """The only one."""
        yield Estimate.of(slope(model, image, objective)[0])


@dataclass(frozen=True)
class InputXGradient:
    """The gradient times the photo's difference from a baseline. Source: Shrikumar et al. 2016."""

    baseline: str = "black"
    name: ClassVar[str] = "input-x-gradient"
    asks: ClassVar[str] = "logit"
    caveat: ClassVar[str] = "shows the photo wherever the gradient is noise, and nothing where it is like the baseline"

    def __post_init__(self) -> None:
        BASELINES.check(self.baseline)

    def estimates(self, model: Model, image: Tensor, objective: Objective) -> Iterator[Estimate]:
        """The only one."""
        found = ((image - baseline(self.baseline, model, image)) * slope(model, image, objective))[0]
        yield Estimate.of(found, facts={"baseline": self.baseline})


@dataclass(frozen=True)
class SmoothGrad:
    """The mean of gradients, or their variance, over noisy copies of the photo.

    Source: Smilkov et al. 2017, equation 2; VarGrad: Adebayo et al. 2018, "Local explanation methods".

    Attributes:
        noise: deviation as a share of the photo's range, its largest less its smallest value.
    """

    samples: int = 50
    noise: float = 0.15
    seed: int = 0
    variance: bool = False
    asks: ClassVar[str] = "logit"
    caveat: ClassVar[str] = "the noise takes the network away from photos; its amount decides the picture"

    def __post_init__(self) -> None:
        check("noise", self.noise, 0, 10)
        count("samples", self.samples)

    @property
    def name(self) -> str:
        """`smoothgrad` or `vargrad`."""
        return "vargrad" if self.variance else "smoothgrad"

    def estimates(self, model: Model, image: Tensor, objective: Objective) -> Iterator[Estimate]:
        """One for each batch of copies."""
        source = generator(self.seed, "smoothgrad")
        scale = self.noise * (image.max() - image.min())
        first = total = squares = torch.zeros(())
        for rows in chunks(self.samples, model.together(_size(image))):
            noise = torch.cat([normal(image.shape[1:], [source]) for _ in rows]).to(image)
            found = slope(model, image + scale * noise, objective)
            # shifted by the first one, so that the variance is no small difference of large numbers
            first = found[0] if rows.start == 0 else first
            total = total + (found - first).sum(0)
            squares = squares + (found - first).square().sum(0)
            mean, square = first + total / rows.stop, squares / rows.stop - (total / rows.stop).square()
            yield Estimate.of(square if self.variance else mean, rows.stop, self.samples, {"noise": self.noise})


@dataclass(frozen=True)
class IntegratedGradients:
    """The gradient's mean along the straight path from a baseline, times the difference from it.

    Source: Sundararajan, Taly, Yan 2017, equation 1; differs: Gauss-Legendre points in place of an even sum.
    """

    samples: int = 50
    baseline: str = "black"
    name: ClassVar[str] = "integrated-gradients"
    asks: ClassVar[str] = "logit"
    caveat: ClassVar[str] = "depends on the baseline: what looks like it cannot matter"

    def __post_init__(self) -> None:
        BASELINES.check(self.baseline)
        count("samples", self.samples)

    def estimates(self, model: Model, image: Tensor, objective: Objective) -> Iterator[Estimate]:
        """One for each batch of points; the last one says how complete it is."""
        start = baseline(self.baseline, model, image)
        ends = responses(model, torch.cat([image, start]), objective).tolist()
        points, weights = (torch.from_numpy(item).to(image) for item in np.polynomial.legendre.leggauss(self.samples))
        points, weights = (points + 1) / 2, weights / 2
        total = torch.zeros_like(image[0])
        for rows in chunks(self.samples, model.together(_size(image))):
            along = points[rows.start : rows.stop].view(-1, 1, 1, 1)
            found = slope(model, start + along * (image - start), objective)
            total = total + (found * weights[rows.start : rows.stop].view(-1, 1, 1, 1)).sum(0)
            so_far = (image - start)[0] * total / weights[: rows.stop].sum()
            facts, notes = self._completeness(so_far, ends) if rows.stop == self.samples else ({}, ())
            yield Estimate.of(so_far, rows.stop, self.samples, facts, notes)

    def _completeness(self, found: Tensor, ends: list[float]) -> tuple[dict[str, object], tuple[str, ...]]:
        got, wanted = float(found.double().sum()), ends[0] - ends[1]
        facts = {"baseline": self.baseline, "sum": round(got, 6), "difference": round(wanted, 6)}
        share = abs(got - wanted) / max(abs(wanted), 1e-12)
        more = "; raise --samples for a smaller error" if share > 0.05 else ""
        note = (
            f"completeness: the attributions add up to {got:.4g}, the score's difference from the {self.baseline} "
            f"baseline is {wanted:.4g} ({share:.1%} apart){more}"
        )
        return facts, (note,)


@dataclass(frozen=True)
class Rectified:
    """The gradient under a rule for rectifiers: guided backpropagation, or the deconvolutional network.

    Raises:
        InvalidSetting: when asked of a network without rectifiers.
    """

    guided: bool = True
    asks: ClassVar[str] = "logit"
    caveat: ClassVar[str] = EDGES

    @property
    def name(self) -> str:
        """`guided-backprop` or `deconvnet`."""
        return "guided-backprop" if self.guided else "deconvnet"

    def estimates(self, model: Model, image: Tensor, objective: Objective) -> Iterator[Estimate]:
        """The only one."""
        found, caught = self.slope(model, image, objective)
        yield Estimate.of(found[0], facts={"rectifiers": dict(caught)}, notes=rule_notes(caught))

    def slope(self, model: Model, images: Tensor, objective: Objective) -> tuple[Tensor, Counter[str]]:
        """The gradient [N,C,H,W] under the rule, and how many rectifiers of each name were caught."""
        rule = Ruled(guided=self.guided)
        with torch.enable_grad():
            seen = images.detach().requires_grad_()
            shown = model.shown(
                seen, objective.layers
            )  # before the rule, since it may run the network to see which sizes it takes
            with rule:
                activations = probe(model, shown, objective.layers, resizing=False)
            (gradient,) = torch.autograd.grad(objective.score(activations).sum(), seen)
        if not rule.caught:
            raise InvalidSetting(
                f"{self.name} needs rectifiers, and none ran in {model.name} up to {', '.join(objective.layers)}; "
                "take --method gradient or integrated-gradients"
            )
        return gradient, rule.caught


def rule_notes(caught: Counter[str]) -> tuple[str, ...]:
    """What a rule was applied to."""
    rectifiers = sum(caught[name] for name in RECTIFIERS)
    smooth = {name: count for name, count in caught.items() if name not in RECTIFIERS}
    if not smooth:
        return (f"the rule was applied to {rectifiers} rectifiers",)
    listed = names([f"{count} {name}" for name, count in smooth.items()])
    also = f" beside {rectifiers} rectifiers" if rectifiers else ""
    return (
        f"{listed}{also} are treated as rectifiers, open where their input is above 0: the papers know no rule for it",
    )


BY_NAME: Mapping[str, Making] = {
    "gradient": lambda _: Gradient(),
    "input-x-gradient": lambda given: InputXGradient(usual(given.baseline, "black")),
    "smoothgrad": lambda given: SmoothGrad(usual(given.samples, 50), given.noise, given.seed),
    "vargrad": lambda given: SmoothGrad(usual(given.samples, 50), given.noise, given.seed, variance=True),
    "integrated-gradients": lambda given: IntegratedGradients(usual(given.samples, 50), usual(given.baseline, "black")),
    "guided-backprop": lambda _: Rectified(guided=True),
    "deconvnet": lambda _: Rectified(guided=False),
}
