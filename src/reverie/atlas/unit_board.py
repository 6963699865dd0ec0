"""Cards: all that can be shown of one unit, on one board."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from reverie import recipes
from reverie.atlas.evidence import Evidence, evidence
from reverie.atlas.links import ENDED, Links, link_sections, one_channel, strongest
from reverie.atlas.portraits import Portrait, Portraits
from reverie.atlas.score_marks import card_scores, score_data, score_sections
from reverie.atlas.worker import likeliest
from reverie.figures.board import Bar, Board, Cell, Section
from reverie.figures.result import Result
from reverie.models.connectivity import connectivity
from reverie.models.model import Model
from reverie.models.probe import probe
from reverie.models.receptive_fields import Fields
from reverie.models.sources import load
from reverie.runs import Event, Progress, finished, in_turn
from reverie.settings.calling import called_with
from reverie.settings.card import Card
from reverie.synthesis.batches import Synthesis
from reverie.truth.assessment import Scored
from reverie.truth.interpretability import beside
from reverie.unit import Unit

VIEWS = 4  # diverse ones


@dataclass(frozen=True, eq=False)
class Optimised:
    """Pictures that were made for a unit.

    Attributes:
        most, least: of its maximum and its minimum activation; one picture each, none where the run was ended before.
        views: diverse ones.
        peak: its largest activation on the first one, without any transform.
        classes: the network's classes for that picture, the likeliest first, with their probabilities.
    """

    most: Result
    views: Result
    peak: float
    classes: tuple[tuple[str, float], ...]


class CardRun:
    """The run of a card: the photos' patches are looked at, then pictures are made of the unit and of those beside it.

    Raises:
        UnknownName: no such layer, channel or class.
        InvalidSetting: more than one channel, or a scan of another network or without the layer.
    """

    def __init__(self, model: Model | str | nn.Module, asked: Card) -> None:
        self.model, self.asked = load(model), asked
        ready, unit = self.model, one_channel(self.model, asked.unit)
        self.unit, self.whole = unit, False
        self.scored: Scored | None = None
        self.real = (
            None
            if asked.scan is None
            else evidence(ready, unit, asked.scan, photos=asked.photos, patches=asked.patches, similar=asked.links)
        )
        self.found = strongest(connectivity(ready), unit, asked.links)
        settings: dict[str, Any] = {"steps": asked.steps, "size": asked.size, "seed": asked.seed}
        self.most = Synthesis(ready, recipes.feature(ready, unit, both=True, **settings))
        self.views = Synthesis(ready, recipes.feature(ready, unit, diversity=VIEWS, **settings))
        self.beside = [] if asked.scan is None else beside(ready, unit.layer, [unit])
        self.controls = Synthesis(ready, recipes.feature(ready, self.beside, **settings)) if self.beside else None
        others = [*self.found.units, *(() if self.real is None else [other for other, _ in self.real.similar])]
        self.others = Portraits(ready, others, asked.link_steps, asked.pictures, asked.seed)

    def events(self) -> Iterator[Event]:
        """Makes the pictures, a step for each event."""
        controls = {} if self.controls is None else {"pictures beside": self.controls}
        yield from in_turn({"pictures": self.most, "views": self.views, **controls, "other units": self.others})
        if self.controls is not None:
            made = self.beside, self.controls.result()
            self.scored = card_scores(self.model, self.unit, self.asked, self.most.result(), made)
            yield Event(1, 1, "scores")
        self.whole = True

    def result(self) -> Board:
        """The card, with the pictures that there are; empty where there is none of the unit."""
        ready, unit, real, found = self.model, self.unit, self.real, self.found
        title, subtitle = ready.label(unit), f"{ready.title} · {ready.layer(unit.layer).kind}"
        most = self.most.result()
        if not len(most):
            return Board(title, subtitle)
        made = _optimised(ready, unit, most, self.views.result())
        missing = [*found.missing, *_missing(ready, self.asked.scan, real), *(() if self.whole else (ENDED,))]
        missing += [] if self.scored is None else [f"{line}." for line in self.scored.missing]
        return Board(
            title,
            subtitle,
            _facts(ready, unit, made, real),
            (*_sections(ready, unit, made, real, found, self.others.result()), *score_sections(self.scored)),
            tuple(missing),
            {**_data(ready, unit, made, real, found), **score_data(self.scored)},
        )


@called_with(Card)
def card(model: Model | str | nn.Module, asked: Card, *, progress: Progress = None) -> Board:
    """Lays out all that can be shown of a unit: its pictures, real patches, values, weights and similar units.

    Without a scan what needs photos is left out.

    Raises:
        ReverieError: as `CardRun`.
    """
    return finished(CardRun(model, asked), progress)


def _optimised(model: Model, unit: Unit, most: Result, views: Result) -> Optimised:
    image = most.images[:1].to(model.device)
    with torch.no_grad():
        seen = probe(model, image, [unit.layer, "logits"])
    peak = float(seen[unit.layer][0, int(unit.channels[0])].max())
    return Optimised(most, views, peak, likeliest(model, seen["logits"]))


def _sections(
    model: Model,
    unit: Unit,
    made: Optimised,
    real: Evidence | None,
    found: Links,
    shown: Mapping[Unit, Portrait],
) -> list[Section]:
    sections = [_pictures(made)]
    sections += _values(made, real)
    sections += [] if real is None else list(real.patches)
    sections += link_sections(model, found, shown, width=6)
    if real is not None and real.similar:
        cells = [_similar(model, other, value, shown.get(other)) for other, value in real.similar]
        note = f"Channels of {unit.layer} whose values go with its own at {real.positions} positions of the photos."
        sections.append(Section("Nearest units", note, tuple(cells), side=150))
    return sections


def _pictures(made: Optimised) -> Section:
    names = ("maximum activation", "minimum activation")
    cells = [*_cells(made.most, names), *_cells(made.views, [f"view {number}" for number in range(1, VIEWS + 1)])]
    note = "Made by climbing, and by descending, the unit's activation; the views differ as far as they can."
    return Section("Made for it", note, tuple(cells), width=7, side=128, large=True)


def _cells(result: Result, names: Sequence[str]) -> list[Cell]:
    return [
        Cell(picture, name, "never fired" if record.index in record.automatic.get("silent", ()) else "", str(record))
        for picture, name, record in zip(result.pictures, names, result.records, strict=False)
    ]


def _values(made: Optimised, real: Evidence | None) -> list[Section]:
    """Where the made picture stands among photos, and which classes go with the unit; stacked beside the pictures."""
    parts = []
    if real is not None:
        parts.append(real.values(made.peak))
        if real.classes:
            top = max(abs(value) for _, value, _ in real.classes) or 1.0
            bars = [Bar(f"{name} ({number})", f"{value:.3g}", value / top) for name, value, number in real.classes]
            note = "Its mean over the photos of each folder (how many)."
            parts.append(Section("Photos' classes", note, bars=tuple(bars), width=6))
    if made.classes:
        bars = [Bar(name, f"{share:.1%}", share) for name, share in made.classes]
        note = "What the network takes the first picture for."
        parts.append(Section("The network's classes", note, bars=tuple(bars), width=5 if real is None else 6))
    return parts


def _similar(model: Model, other: Unit, value: float, portrait: Portrait | None) -> Cell:
    picture, record = (None, None) if portrait is None else (portrait.picture, portrait.record)
    return Cell(picture, model.label(other), f"r = {value:.2f}", record)


def _facts(model: Model, unit: Unit, made: Optimised, real: Evidence | None) -> tuple[tuple[str, str], ...]:
    layer = model.layer(unit.layer)
    seen, stride = Fields(model, unit.layer).size, layer.stride
    facts = [
        ("channel", f"{unit.channels[0]} of {layer.channels}"),
        ("sees", "the whole picture" if seen is None else f"{seen[0]}x{seen[1]} px"),
        ("stride", "-" if stride is None else f"{stride[0]}x{stride[1]} px"),
        ("on its picture", f"{made.peak:.4g}"),
    ]
    return (*facts, *(() if real is None else real.facts(made.peak)))


def _missing(model: Model, scan: str | Path | None, real: Evidence | None) -> list[str]:
    sentences = []
    if scan is None:
        sentences.append(
            "Real patches, the histogram, the photos' classes and the nearest units need a scan of photos: "
            "make one with reverie scan FOLDER -o SCAN.db, and name it with --scan."
        )
    if real is not None:
        sentences += real.missing
    if not model.classes:
        sentences.append("The network's classes have no names; give them with --classes FILE.")
    return sentences


def _data(model: Model, unit: Unit, made: Optimised, real: Evidence | None, found: Links) -> dict[str, Any]:
    return {
        "unit": str(unit),
        "model": model.title,
        "weights_sha256": model.source["weights_sha256"],
        "peak": round(made.peak, 6),
        "classes": [[name, round(share, 6)] for name, share in made.classes],
        **found.data,
        **({} if real is None else real.data),
    }
