"""The run of scores: photos are looked at, pictures are made, and each unit is measured by both."""

from collections.abc import Generator, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from reverie import recipes
from reverie.atlas.atlas_file import scan_in
from reverie.models.model import Model
from reverie.models.sources import load
from reverie.runs import Event, Progress, finished, in_turn
from reverie.settings.calling import called_with
from reverie.settings.feature import Feature
from reverie.settings.score import UnitScores as Asked
from reverie.synthesis.batches import Synthesis
from reverie.truth.assessment import NAMES, Assessment, Scored
from reverie.truth.drawn import photos_for
from reverie.truth.exemplars import Responses, responses, scanned
from reverie.truth.interpretability import beside, others_among
from reverie.truth.judge import judge_of
from reverie.unit import Unit, channel_of


@dataclass(frozen=True)
class Scores:
    """The scores of several units.

    Attributes:
        model: what it is called.
        units: as far as they were measured.
    """

    model: str
    units: tuple[Scored, ...]

    def __repr__(self) -> str:
        """Short: how many units, and of what."""
        return f"<Scores: {len(self)} unit{'s' * (len(self) != 1)} of {self.model}>"

    def __len__(self) -> int:
        """How many units were measured."""
        return len(self.units)

    @property
    def heads(self) -> list[str]:
        """The heads of the table."""
        return ["unit", *NAMES]

    @property
    def rows(self) -> list[list[str]]:
        """The rows of the table, one for each unit."""
        return [[str(each.unit), *(_cell(each, name) for name in NAMES)] for each in self.units]

    def plain(self) -> dict[str, Any]:
        """All of it, for a file."""
        return {
            "model": self.model,
            "means": dict(NAMES),
            "units": [
                {"unit": str(each.unit), "scores": [asdict(score) for score in each.scores], "missing": each.missing}
                for each in self.units
            ],
        }

    def told(self, written: Sequence[Path]) -> list[str]:
        """What each score says, what it is of, what to be wary of, what is missing, and where it was written to."""
        wary = [
            f"{each.unit}: low {', '.join(score.name for score in each.scores if score.wary)}: do not read its picture "
            "as what it responds to in photos"
            for each in self.units
            if any(score.wary for score in each.scores)
        ]
        missing = list(dict.fromkeys(line for each in self.units for line in each.missing))
        bases = [line for name in NAMES for line in self._bases(name)]
        return [*bases, *wary, *missing, *(f"wrote {path}" for path in written)]

    def _bases(self, name: str) -> list[str]:
        """What a score says, and what it was computed from, of which units; nothing where none has it."""
        units: dict[str, list[str]] = {}
        for each in self.units:
            if name in each:
                units.setdefault(each[name].basis, []).append(str(each.unit))
        told = [f"  {', '.join(several)}: {basis}" for basis, several in units.items()]
        return [f"{name}: {NAMES[name]}", *told] if told else []


def _cell(scored: Scored, name: str) -> str:
    if name not in scored:
        return "-"
    score = scored[name]
    text = f"{score.value:.2f}"
    if score.low is not None and score.high is not None:
        text += f" ({score.low:.2f} to {score.high:.2f})"
    return f"{text} {score.more['formula']}" if "formula" in score.more else text


class ScoreRun:
    """Makes pictures of units and measures them.

    Raises:
        UnknownName: no such layer, channel, class or preset.
        InvalidSetting: a unit that is not one channel, or a network that is to judge itself.
        ScanRefused: a scan of another network.
        UnsuitableImage: no photos there.
    """

    def __init__(self, model: Model | str | nn.Module, asked: Asked) -> None:
        self.model, self.asked = load(model), asked
        self.units = each_channel(self.model, asked.units)
        self.judge = judge_of(self.model, asked.judge)
        self.photos = None if asked.scan is not None else photos_for(self.model, asked.photos)
        layers = dict.fromkeys(unit.layer for unit in self.units)
        more = [each for layer in layers for each in beside(self.model, layer, self._of(layer))]
        self.drawn = (*self.units, *more)
        self.syntheses = dict(self._pictures())
        self.done: list[Scored] = []

    def _of(self, layer: str) -> list[Unit]:
        return [unit for unit in self.units if unit.layer == layer]

    def _pictures(self) -> Iterator[tuple[str, Synthesis]]:
        asked = self.asked
        own = Feature.of(self.units, preset=asked.preset).settled().climb.preset
        beside = ("default" if own == "maco" else "maco",) if asked.beside is None else asked.beside
        plans = [(own, asked.seed + number) for number in range(asked.seeds)]
        for preset, seed in [*plans, *((preset, asked.seed) for preset in beside)]:
            recipe = recipes.feature(
                self.model, self.drawn, preset=preset, size=asked.size, steps=asked.steps, seed=seed
            )
            yield f"{preset}, seed {seed}", Synthesis(self.model, recipe)

    def events(self) -> Iterator[Event]:
        """Looks at the photos, makes the pictures, and measures unit after unit."""
        assessment = Assessment((yield from self._responses()), self.judge)
        yield from in_turn(self.syntheses)
        images = coloured(torch.stack([each.result().images for each in self.syntheses.values()], 1))
        for row, unit in enumerate(self.units):
            self.done.append(assessment.scores(unit, images[row], others_among(self.drawn, images, unit)))
            yield Event(row + 1, len(self.units), "scores", finished=(self.done[-1],))

    def _responses(self) -> Generator[Event, None, Responses]:
        layers = [unit.layer for unit in self.units]
        if self.photos is None:
            return scanned(self.model, scan_in(str(self.asked.scan)), layers, self.asked.photos)
        photos, source = self.photos
        return (yield from responses(self.model, photos, layers, source=source, workers=self.asked.workers))

    def result(self) -> Scores:
        """The units that were measured."""
        return Scores(self.model.title, tuple(self.done))


def each_channel(model: Model, units: Any) -> list[Unit]:
    """Units that are one channel each.

    Raises:
        InvalidSetting: one is more, or less.
    """
    found = list(dict.fromkeys(model.units(units)))
    for unit in found:
        channel_of(unit)
    return found


def coloured(pictures: Tensor) -> Tensor:
    """Grey ones [...,1,H,W] in three colours."""
    return pictures.expand(*pictures.shape[:-3], 3, -1, -1) if pictures.shape[-3] == 1 else pictures


@called_with(Asked)
def score(model: Model | str | nn.Module, asked: Asked, *, progress: Progress = None) -> Scores:
    """Measures how far pictures of units may be believed, each number with what it was computed from.

    Raises:
        ReverieError: as `ScoreRun`.
    """
    return finished(ScoreRun(model, asked), progress)
