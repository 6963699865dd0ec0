"""Interpretability: how well pictures of a unit tell which of two photos excites it more."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from torch import Tensor

from reverie.dataset.tallies import Array
from reverie.image import resize
from reverie.models.model import Model
from reverie.models.receptive_fields import Fields
from reverie.truth.exemplars import Exemplars, patches, peaks, seen
from reverie.truth.intervals import area_interval
from reverie.truth.judge import Judge, Space
from reverie.unit import Unit

BEST = 9  # patches of which clarity is told
KINDS = ("synthetic", "natural", "both")


@dataclass(frozen=True, eq=False)
class Choice:
    """The answers of a judge to which of two photos excites a unit more, of every strong photo against every weak one.

    Attributes:
        differences: [N,N], D+ - D-: above 0 the answer is right.
    """

    differences: Array

    @property
    def right(self) -> float:
        """The share of right answers; a tie counts half."""
        return float((self.differences > 0).mean() + (self.differences == 0).mean() / 2)

    @property
    def interval(self) -> tuple[float, float]:
        """Of 95 %, for other photos to be asked about."""
        return area_interval(self.right, *self.differences.shape)

    def soft(self, temperature: float) -> float:
        """The mean of sigmoid((D+ - D-) / T)."""
        return float((1 / (1 + np.exp(-np.clip(self.differences / temperature, -60, 60)))).mean())


def choice(most: Array, least: Array, strong: Array, weak: Array) -> Choice:
    """The answers from pictures [K,D] that excite a unit most and least, to photos [N,D] that do so, never shown.

    D = s(q, E+) - s(q, E-) of a photo q asked about, s the mean cosine with the pictures shown: with vectors of unit
    length D+ - D- = (q+ - q-) (mean E+ - mean E-), in which all that the pictures of both signs share cancels.

    Source: Zimmermann, Klindt, Brendel 2024, "Measuring mechanistic interpretability at scale without humans"; differs:
    cosines in place of DreamSim, parts of photos at the receptive field, and every strong one against every weak one.
    """
    contrast = most.mean(0) - least.mean(0)
    return Choice((strong @ contrast)[:, None] - (weak @ contrast)[None])


def temperature(natural: Sequence[Choice]) -> float:
    """The T under which the answers from natural patches are likeliest; of those that are all right a small one.

    The likelihood is that of the answers, sigmoid((D+ - D-) / T) each; T lies from 0.02 to 2.
    """
    grid = np.geomspace(0.02, 2, 200)
    differences = np.concatenate([each.differences.ravel() for each in natural])
    losses = [float(np.logaddexp(0, -differences / value).mean()) for value in grid]
    return float(grid[int(np.argmin(losses))])


@dataclass(frozen=True, eq=False)
class Parts:
    """What a unit is judged by: directions in a judge's space.

    Attributes:
        space: of its patches.
        most, least: [K,D] of the patches that are shown.
        strong, weak: [N,D] of those asked about.
        best: [B,D] of the strongest patches, as directions from the weak ones, for clarity.
    """

    space: Space
    most: Array
    least: Array
    strong: Array
    weak: Array
    best: Array


def parts(judge: Judge, found: Exemplars) -> Parts:
    """The patches of photos as a judge sees them; there must be enough, see `Exemplars.shown`."""
    shown, asked = found.shown, found.asked
    side = judge.model.size
    strong, boxes = patches(found, found.strong[: shown + asked])
    weak, others = patches(found, [(photo, None) for photo in found.weak[: shown + asked]])
    features = judge.features(seen(strong, boxes, side)), judge.features(seen(weak, others, side))
    space = Space.of(np.concatenate(features))
    up, down = (space.directions(each) for each in features)
    best = Space.of(features[1]).directions(features[0][:BEST])
    return Parts(space, up[:shown], down[:shown], up[shown:], down[shown:], best)


def choices(found: Parts, most: Array | None = None, least: Array | None = None) -> Mapping[str, Choice]:
    """The choice from synthetic pictures, natural patches and both, by KINDS.

    Args:
        most, least: [M,D], directions of pictures of the unit's maximum and minimum; without them there is the
            natural choice alone.
    """
    told = {"natural": choice(found.most, found.least, found.strong, found.weak)}
    if most is not None and least is not None:
        told["synthetic"] = choice(most, least, found.strong, found.weak)
        told["both"] = Choice(told["natural"].differences + told["synthetic"].differences)
    return {kind: told[kind] for kind in KINDS if kind in told}


def cut(model: Model, unit: Unit, pictures: Tensor, judge: Judge, *, largest: bool) -> Tensor:
    """Of optimised pictures what the unit sees where it is largest, or smallest, as of photos: at one scale."""
    shown = resize(pictures, model.size).clamp(0, 1)
    size = model.layer(unit.layer).size or (1, 1)
    fields = Fields(model, unit.layer)
    boxes = [fields.box(place // size[1], place % size[1]) for place in peaks(model, unit, shown, largest=largest)]
    return seen(shown, boxes, judge.model.size)
