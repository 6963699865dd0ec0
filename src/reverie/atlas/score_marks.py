"""Scores as marks: how far pictures of a card or a sheet may be believed, as bars."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from reverie.atlas.atlas_file import scan_in
from reverie.atlas.unit_scores import coloured
from reverie.dataset.photo_sets import photo_set
from reverie.errors import InvalidSetting, ScanRefused, UnsuitableImage
from reverie.expression import looks_like_sum
from reverie.figures.board import Bar, Section
from reverie.figures.marks import Mark
from reverie.figures.result import Result
from reverie.image import read
from reverie.models.model import Model
from reverie.settings.card import Card
from reverie.settings.sheet import Sheet
from reverie.truth.assessment import NAMES, Assessment, Score, Scored
from reverie.truth.exemplars import exemplars, exhausted, responses, scanned
from reverie.truth.interpretability import Others
from reverie.truth.judge import judge_of
from reverie.unit import Unit

TITLE = "May its picture be believed?"


def card_scores(model: Model, unit: Unit, asked: Card, most: Result, controls: tuple[Sequence[Unit], Result]) -> Scored:
    """The scores of a card's first picture, by the photos of its scan or atlas; none where these are gone.

    Args:
        controls: other units of the layer, with their pictures.
    """
    images, beside = (coloured(each.opaque) for each in (most, controls[1]))
    try:
        found = scanned(model, scan_in(str(asked.scan)), [unit.layer], asked.photos)
        judge = judge_of(model) if exemplars(found, unit).shown else None
        return Assessment(found, judge).scores(unit, images[:1], Others(tuple(controls[0]), beside[None]))
    except (ScanRefused, UnsuitableImage) as error:
        return Scored(unit, (), (f"No scores: {error}",))


class SheetMarks:
    """What marks a sheet's pictures, by a scan, an atlas or photos; none where neither is named.

    Raises:
        InvalidSetting: a sheet of what is no single channel, or several places of photos.
        ScanRefused: a scan of another network.
        UnsuitableImage: no photos there.
    """

    def __init__(self, model: Model, asked: Sheet, names: Sequence[str]) -> None:
        self.model, self.by = model, None
        if asked.scan is None and (asked.groups is not None or not asked.photos):
            return
        if asked.groups is not None or asked.dictionary or asked.concept:
            raise InvalidSetting("scores are of single channels: leave out --groups, --dictionary and --concept")
        if len(asked.photos) > 1:
            raise InvalidSetting(f"pictures are scored by the photos of one place, not of {len(asked.photos)}")
        layers = list(dict.fromkeys(unit.layer for name in names if (unit := self._unit(name)) is not None))
        place = asked.photos[0] if asked.photos else None
        if asked.scan is not None:
            self.by = Assessment(scanned(model, scan_in(asked.scan), layers, place))
        elif place is not None and layers:
            self.by = Assessment(exhausted(responses(model, photo_set(place), layers)))

    def of(self, names: Sequence[str], paths: Sequence[Path]) -> Mapping[Path, Sequence[Mark]]:
        """The marks of picture files of these units, as many as each has."""
        found: dict[Path, Sequence[Mark]] = {}
        for name, path in zip(names, paths, strict=True):
            unit = self._unit(name)
            if self.by is not None and unit is not None:
                scored = self.by.alone(unit, read(path)[0])
                found[path] = [Mark(score.name, _share(score), score.wary) for score in scored.scores]
        return found

    def _unit(self, name: str) -> Unit | None:
        """A unit that is one channel."""
        (unit,) = (None,) if looks_like_sum(name) else self.model.units(name)
        return unit if unit is not None and len(unit.channels) == 1 and not unit.positional else None


def score_sections(scored: Scored | None) -> Sequence[Section]:
    """A section of bars, the longer the better, and beside them what they say."""
    if scored is None or not scored.scores:
        return ()
    told = "; ".join(f"{score.name}: {NAMES[score.name]}" for score in scored.scores)
    wary = [score.name for score in scored.scores if score.wary]
    warning = f"Low {', '.join(wary)}: do not read the picture as what the unit responds to in photos. " if wary else ""
    bars = tuple(
        Bar(f"{score.name}{' !' if score.wary else ''}", _text(score), _share(score)) for score in scored.scores
    )
    return (Section(TITLE, f"{warning}{told}.", bars=bars),)


def score_data(scored: Scored | None) -> dict[str, Any]:
    """The scores as plain values."""
    if scored is None:
        return {}
    return {
        "scores": [
            {"name": each.name, "value": round(each.value, 4), "low": each.low, "high": each.high, "basis": each.basis}
            for each in scored.scores
        ]
    }


def _text(score: Score) -> str:
    label = f" {score.more['formula']}" if "formula" in score.more else ""
    return f"{score.value:.2f}{label}" + ("" if score.low is None else f" ({score.low:.2f} to {score.high:.2f})")


def _share(score: Score) -> float:
    """How long a score's bar is, up to 1; of a reach the part of twice the best photo."""
    return max(0.0, min(1.0, score.value / 2 if score.name == "reach" else score.value))
