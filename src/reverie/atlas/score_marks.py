"""Scores as marks: how far a card's pictures may be believed, as bars with what each says."""

from collections.abc import Sequence
from typing import Any

from reverie.dataset.store import read_scan
from reverie.errors import ScanRefused, UnsuitableImage
from reverie.figures.board import Bar, Section
from reverie.figures.result import Result
from reverie.models.model import Model
from reverie.settings.card import Card
from reverie.truth.exemplars import exemplars, scanned
from reverie.truth.judge import judge_of
from reverie.truth.scores import NAMES, Assessment, Score, Scored
from reverie.unit import Unit

TITLE = "May its picture be believed?"


def card_scores(model: Model, unit: Unit, asked: Card, most: Result) -> Scored:
    """The scores of a card's first picture, by the photos of its scan; none where these are gone."""
    try:
        found = scanned(model, read_scan(str(asked.scan)), [unit.layer], asked.photos)
    except (ScanRefused, UnsuitableImage) as error:
        return Scored(unit, (), (f"No scores: {error}",))
    images = most.images.expand(-1, 3, -1, -1) if most.images.shape[1] == 1 else most.images[:, :3]
    judge = judge_of(model) if exemplars(found, unit).shown else None
    return Assessment(found, judge).scores(unit, images[:1], images[1:2])


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
    """Of a bar: up to 1, of a reach the part of twice the best photo."""
    return max(0.0, min(1.0, score.value / 2 if score.name == "reach" else score.value))
