"""Scores: what is said of a unit's picture, one number a name, each with what it was computed from."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from torch import Tensor

from reverie.models.model import Model
from reverie.truth.agreement import agreement
from reverie.truth.clarity import clarity
from reverie.truth.exemplars import FEWEST, Exemplars, Responses, exemplars
from reverie.truth.interpretability import Choice, Others, Parts, choices, described, parts, temperature
from reverie.truth.judge import Judge
from reverie.truth.label import label
from reverie.truth.layer_path import Ways
from reverie.truth.naturalness import FEWEST as ENOUGH
from reverie.truth.naturalness import SEVERAL, Photos, compared, naturalness
from reverie.truth.reach import reach
from reverie.unit import Unit, channel_of

NAMES = {  # the columns, with what each says in one line
    "reach": "the unit's activation on the clean picture over that on the best photo",
    "interpretability": "how often the picture tells which of two photos excites the unit more; chance is 0.5",
    "clarity": "how alike the real patches are that excite the unit; by chance 0",
    "label": "how well the unit tells the photos of a class, or a formula of classes, from all others; chance is 0.5",
    "path": "the same as interpretability, told by the layers before the unit in place of a judge; chance is 0.5",
    "naturalness": "how near the picture's spectrum and statistics are to photos': 1 as a middling photo",
    "agreement": "how alike pictures of other seeds and presets are; 0 nothing in common",
}
ALONE = ("reach", "naturalness")  # those that a picture has without a judge and other pictures
LOW = {"interpretability": 0.55, "path": 0.55, "naturalness": 0.15, "agreement": 0.2, "reach": 1.0}  # below: be wary
TEMPERATURES = {"55fa58d87a60d775d1cb8b1cfb3120abe4cacf15e313c0179837f7c55b9bd35b": 0.071}
"""T of a judge, by its weights: of EfficientNet-Lite0 fitted to 4,800 answers from natural patches of GoogLeNet."""


@dataclass(frozen=True)
class Score:
    """One number of a unit's picture.

    Attributes:
        name: one of NAMES.
        low, high: 95 % interval; None where there is none.
        basis: what it was computed from, for people.
        more: what else was found, plain numbers and texts.
    """

    name: str
    value: float
    low: float | None
    high: float | None
    basis: str
    more: Mapping[str, Any] = field(default_factory=dict)

    @property
    def wary(self) -> bool:
        """Whether it is so low that the picture should not be believed on its account."""
        return self.name in LOW and self.value < LOW[self.name]


@dataclass(frozen=True)
class Scored:
    """A unit's scores, and in sentences why others are missing."""

    unit: Unit
    scores: tuple[Score, ...]
    missing: tuple[str, ...] = ()

    def __getitem__(self, name: str) -> Score:
        return next(score for score in self.scores if score.name == name)

    def __contains__(self, name: str) -> bool:
        return any(score.name == name for score in self.scores)


@dataclass(frozen=True, eq=False)
class Assessment:
    """What units' pictures are measured by.

    Attributes:
        found: how the network's layers respond to photos.
        judge: None where nobody judges.
        fitted: T of the soft score; fitted to each unit's own patches unless given.
    """

    found: Responses
    judge: Judge | None = None
    fitted: float | None = None

    @property
    def model(self) -> Model:
        """The network."""
        return self.found.model

    def scores(self, unit: Unit, most: Tensor, others: Others | None = None) -> Scored:
        """All scores that can be told of one channel.

        Args:
            most: [M,3,H,W] pictures of its maximum, of other seeds or presets; the first is the one that is shown.
            others: the same of other units of its layer, for interpretability, path and agreement.

        Raises:
            InvalidSetting: a unit that is not one channel.
        """
        seen, missing = self._exemplars(unit), list[str]()
        told = [score for picture in most[:1] for score in self._alone(seen, picture, missing)]
        told += [*self._judged(seen, most, others, missing), *self._labelled(seen, missing)]
        return _scored(unit, told, missing)

    def alone(self, unit: Unit, picture: Tensor) -> Scored:
        """The scores of a picture [3,H,W] that need neither a judge nor other pictures: ALONE.

        Raises:
            InvalidSetting: a unit that is not one channel.
        """
        missing = list[str]()
        return _scored(unit, [*self._alone(self._exemplars(unit), picture, missing)], missing)

    def _alone(self, seen: Exemplars, picture: Tensor, missing: list[str]) -> Iterator[Score]:
        gone = reach(self.model, seen.unit, picture, seen)
        if gone.best > 0:
            more = {"activation": gone.activation, "best": gone.best, "percentile": gone.percentile}
            basis = f"{self.found.source}; above {gone.percentile:.0f} % of {len(seen.values)}"
            yield Score("reach", gone.ratio, None, None, basis, more)
        else:
            missing.append(f"{seen.unit}: no reach: no photo fires the unit")
        yield from self._natural(picture, missing)

    def _natural(self, picture: Tensor, missing: list[str]) -> Iterator[Score]:
        if len(self.found.readable) < ENOUGH:
            missing.append(f"naturalness needs at least {ENOUGH} photos; there are {len(self.found.readable)}")
            return
        near = naturalness(picture, self.photos((int(picture.shape[-2]), int(picture.shape[-1]))))
        more = {"spectrum": near.spectrum, "features": near.features, "decibels": near.decibels[0]}
        basis = f"spectrum {near.spectrum:.2f}, features {near.features:.2f}; {self.found.source}"
        yield Score("naturalness", near.value, None, None, basis, more)

    def _judged(self, seen: Exemplars, most: Tensor, others: Others | None, missing: list[str]) -> Iterator[Score]:
        if not seen.shown:
            missing.append(_too_few(seen))
            return
        against = others if others is not None and len(others.units) and len(most) else None
        if against is None:
            missing.append(
                f"{seen.unit}: no pictures of other units: interpretability, path and agreement are left out"
            )
        elif (ways := self._ways(seen)) is not None:
            way = ways.path(most[0], against)
            basis = f"{', '.join(name for name, _ in way.layers)}; {self.found.source}"
            yield Score("path", way.value, *way.interval, basis, {"layers": [list(each) for each in way.layers]})
        if self.judge is None:
            missing.append("no judge: interpretability, clarity and agreement are left out; name one with --judge")
            return
        judged = self._parts(self.judge, seen)
        if against is not None:
            basis = f"K {seen.shown}, N {seen.asked} of {self.found.source}; {self.judge}"
            yield from self._chosen(seen, judged, most, against, basis)
        clear = clarity(judged.best)
        basis = f"{len(judged.best)} best patches of {self.found.source}; {self.judge}"
        yield Score("clarity", clear.value, *clear.interval, basis, {"polysemy": clear.polysemy})

    def _chosen(self, seen: Exemplars, judged: Parts, most: Tensor, others: Others, basis: str) -> Iterator[Score]:
        assert self.judge is not None
        up = described(self.judge, self.model, judged, seen.unit, most)
        each = [
            described(self.judge, self.model, judged, unit, others.pictures[:, row])
            for row, unit in enumerate(others.units)
        ]
        against = np.mean(each, 0)
        told = choices(judged, up, against)
        fitted = self.temperature(told["natural"])
        more = {
            **{kind: each.right for kind, each in told.items()},
            **{f"soft {kind}": each.soft(fitted) for kind, each in told.items()},
            "temperature": fitted,
            "shown": seen.shown,
            "asked": seen.asked,
            "others": [str(unit) for unit in others.units],
        }
        own = told["synthetic"]
        yield Score("interpretability", own.right, *own.interval, f"{basis}; T {fitted:.2g}", more)
        if len(most) > 1:
            yield Score("agreement", agreement(up, against), None, None, f"{len(most)} pictures; {self.judge}")

    def temperature(self, natural: Choice) -> float:
        """T: given, or of the judge, or fitted to the unit's own patches."""
        if self.fitted is not None or self.judge is None:
            return self.fitted or 1.0
        known = TEMPERATURES.get(str(self.judge.model.source.get("weights_sha256")))
        return temperature([natural]) if known is None else known

    def _labelled(self, seen: Exemplars, missing: list[str]) -> Iterator[Score]:
        if seen.unit.layer not in self.found.means:
            missing.append(f"{seen.unit}: no label, as the scan holds no means; scan without --no-embeddings")
            return
        numbers, values = self.found.means[seen.unit.layer]
        kinds = [self.found.kinds[number] for number in numbers.tolist()]
        best = label(values[:, channel_of(seen.unit)], kinds)
        if best is None:
            missing.append(f"{seen.unit}: no label, as the photos do not lie in folders of at least two classes")
        elif not best.real:
            missing.append(f"{seen.unit}: no label: '{best.formula}' does no better than shuffled classes")
        else:
            basis = f"{best.formula}: {best.photos[0]} of {best.photos[1]} photos; shuffled below {best.chance:.2f}"
            more = {"formula": best.formula, "effect": best.effect, "chance": best.chance}
            yield Score("label", best.area, *best.interval, basis, more)

    def photos(self, size: tuple[int, int]) -> Photos:
        """Photos at the size of pictures, for naturalness."""
        if size not in self._sized:
            self._sized[size] = compared(self.model, self.found.several(SEVERAL), size)
        return self._sized[size]

    # of a unit whose pictures by several presets are measured its photos are looked at once
    def _exemplars(self, unit: Unit) -> Exemplars:
        if unit not in self._units:
            self._units.clear()
            self._units[unit] = exemplars(self.found, unit)
        return self._units[unit]

    def _parts(self, judge: Judge, seen: Exemplars) -> Parts:
        if seen not in self._judgements:
            self._judgements.clear()
            self._judgements[seen] = parts(judge, seen)
        return self._judgements[seen]

    def _ways(self, seen: Exemplars) -> Ways | None:
        if seen not in self._passages:
            self._passages.clear()
            self._passages[seen] = Ways.of(self.model, seen)
        return self._passages[seen]

    @cached_property
    def _units(self) -> dict[Unit, Exemplars]:
        return {}

    @cached_property
    def _judgements(self) -> dict[Exemplars, Parts]:
        return {}

    @cached_property
    def _passages(self) -> dict[Exemplars, Ways | None]:
        return {}

    @cached_property
    def _sized(self) -> dict[tuple[int, int], Photos]:
        return {}


def _scored(unit: Unit, told: Iterable[Score], missing: Sequence[str]) -> Scored:
    """Scores in the order of NAMES."""
    order = list(NAMES)
    return Scored(unit, tuple(sorted(told, key=lambda score: order.index(score.name))), tuple(missing))


def _too_few(seen: Exemplars) -> str:
    """Why nothing is judged."""
    what = "interpretability, clarity, path and agreement need"
    if not seen.responses.apart:
        return f"{what} photos of different things: give them with --photos"
    if seen.photos < FEWEST:
        return f"{what} at least {FEWEST} photos; there are {seen.photos}"
    return f"{seen.unit}: {what} a quarter of the photos to excite the unit more than the weakest quarter does"


def fitted(judge: Judge, found: Responses, units: Sequence[Unit]) -> float | None:
    """T of a judge, fitted to the patches of several units together; None where there are too few photos."""
    natural = []
    for unit in units:
        seen = exemplars(found, unit)
        if seen.shown:
            natural.append(choices(parts(judge, seen))["natural"])
    return temperature(natural) if natural else None
