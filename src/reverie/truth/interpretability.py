"""Interpretability: how well pictures of a unit tell which of two photos excites it more."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from torch import Tensor

from reverie.dataset.tallies import Array
from reverie.image import resize
from reverie.models.model import Model
from reverie.models.moments import silent_channels
from reverie.models.receptive_fields import Fields
from reverie.truth.exemplars import Exemplars, patches, peaks, seen
from reverie.truth.intervals import area_interval
from reverie.truth.judge import Judge, Space
from reverie.unit import Unit

BEST = 9  # patches of which clarity is told
CONTROLS = 3  # other units whose pictures stand against a unit's own
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
        """The interval of 95 %, for other photos to be asked about."""
        return area_interval(self.right, *self.differences.shape)

    def soft(self, temperature: float) -> float:
        """The mean of sigmoid((D+ - D-) / T)."""
        return float((1 / (1 + np.exp(-np.clip(self.differences / temperature, -60, 60)))).mean())


def choice(most: Array, least: Array, strong: Array, weak: Array) -> Choice:
    """The answers from pictures [K,D] of a unit and of what is not it, to photos [N,D] that excite it most and least.

    D = s(q, E+) - s(q, E-) of a photo q asked about, s the mean cosine with the pictures shown: with vectors of unit
    length D+ - D- = (q+ - q-) (mean E+ - mean E-), in which all that the pictures of both kinds share cancels.

    Source: Zimmermann, Klindt, Brendel 2024, "Measuring mechanistic interpretability at scale without humans"; differs:
    cosines in place of DreamSim, parts of photos at the receptive field, every strong one against every weak one, and
    of optimised pictures E- are other units' maxima, where theirs are the unit's own minima.
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
class Others:
    """Pictures of other units of the layer, made as the unit's own: what tells them from its own is the unit's alone.

    Attributes:
        units: which, at least one; with CONTROLS of them what is one's own hardly counts.
        pictures: [M,O,3,H,W], of each seed or preset the picture of each.
    """

    units: tuple[Unit, ...]
    pictures: Tensor


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
        most, least: [M,D], directions of pictures of the unit and of others; without them there is the natural
            choice alone.
    """
    told = {"natural": choice(found.most, found.least, found.strong, found.weak)}
    if most is not None and least is not None:
        told["synthetic"] = choice(most, least, found.strong, found.weak)
        told["both"] = Choice(told["natural"].differences + told["synthetic"].differences)
    return {kind: told[kind] for kind in KINDS if kind in told}


def described(judge: Judge, model: Model, found: Parts, unit: Unit, pictures: Tensor) -> Array:
    """Directions [M,D] of pictures [M,3,H,W] of a unit: of each what it sees where it is largest, as of photos."""
    shown = resize(pictures, model.size).clamp(0, 1)
    size = model.layer(unit.layer).size or (1, 1)
    fields = Fields(model, unit.layer)
    boxes = [fields.box(place // size[1], place % size[1]) for place in peaks(model, unit, shown)]
    return found.space.directions(judge.features(seen(shown, boxes, judge.model.size)))


def beside(model: Model, layer: str, units: Sequence[Unit]) -> list[Unit]:
    """Further channels of a layer, so that each of these units has CONTROLS others where there are as many."""
    named = {int(unit.channels[0]) for unit in units}
    silent = {*silent_channels(model, layer), *named}
    free = [number for number in range(model.layer(layer).channels) if number not in silent]
    several = min(len(free), max(0, CONTROLS + 1 - len(named)))
    return [Unit(layer, (free[(2 * number + 1) * len(free) // (2 * several)],)) for number in range(several)]


def next_of(unit: Unit, units: Sequence[Unit]) -> list[int]:
    """The places of the next of these units in a unit's layer, CONTROLS at most: the others of this one."""
    layer = [row for row, each in enumerate(units) if each.layer == unit.layer]
    first = layer.index(units.index(unit)) + 1
    return [layer[(first + step) % len(layer)] for step in range(min(CONTROLS, len(layer) - 1))]


def others_among(units: Sequence[Unit], pictures: Tensor, unit: Unit) -> Others:
    """The others of a unit, with their pictures out of those [U,M,3,H,W] of all units."""
    rows = next_of(unit, units)
    return Others(tuple(units[row] for row in rows), pictures[rows].transpose(0, 1))
