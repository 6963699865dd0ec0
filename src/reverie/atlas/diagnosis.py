"""The doctor: how far the tools may be believed on a network, and which of its units are suspicious."""

from collections.abc import Generator, Iterator, Sequence

import torch
from torch import Tensor, nn

from reverie import recipes
from reverie.atlas.unit_scores import coloured
from reverie.attribution import Settings, method_named
from reverie.attribution.explanation import asked as asked_of
from reverie.attribution.sanity_checks import control
from reverie.errors import ReverieError
from reverie.models.model import Model
from reverie.models.probe import probe
from reverie.models.readiness import pink_noise
from reverie.models.sources import load
from reverie.runs import Event, Progress, finished, in_turn
from reverie.settings.calling import called_with
from reverie.settings.doctor import Doctor
from reverie.synthesis.batches import Synthesis
from reverie.truth.assessment import Assessment, Scored
from reverie.truth.drawn import photos_for
from reverie.truth.exemplars import Responses, exemplars, responses
from reverie.truth.fooling_circuit import planted
from reverie.truth.interpretability import Others
from reverie.truth.judge import Judge, judge_of
from reverie.truth.report import Report, Row, map_row, noticed, suspicious, units_found
from reverie.unit import Unit

METHODS = ("gradient", "guided-backprop", "grad-cam")
UNITS = 3  # that are fooled
PLANTED = 256  # photos that a circuit learns to tell from pictures
NOTICED = ("interpretability", "path")  # scores that a circuit must lower


class DoctorRun:
    """The run of an examination.

    Raises:
        UnknownName: no such layer.
        UnsuitableImage: no photos there.
        InvalidSetting: a network that is to judge itself.
    """

    def __init__(self, model: Model | str | nn.Module, asked: Doctor) -> None:
        self.model, self.asked = load(model), asked
        self.layer = asked.layer or middle(self.model)
        self.model.layer(self.layer)
        self.judge: Judge | None = judge_of(self.model, asked.judge)
        self.photos, self.source = photos_for(self.model, asked.photos)
        self.rows: list[Row] = []
        self.notes: list[str] = []

    def events(self) -> Iterator[Event]:
        """Looks at the photos, plants circuits, and tries the methods of attribution."""
        maps = [name for name in self.model.main if name != "logits" and self.model.layer(name).size is not None]
        found = yield from self._responses(self.model, [*dict.fromkeys([*maps, self.layer])])
        self.rows += units_found(found)
        yield from self._fooled(found)
        yield from self._maps(found)

    def result(self) -> Report:
        """What was found by now."""
        return Report(self.model.title, self.layer, tuple(self.rows), tuple(dict.fromkeys(self.notes)))

    def _responses(self, model: Model, layers: Sequence[str]) -> Generator[Event, None, Responses]:
        return (yield from responses(model, self.photos, layers, source=self.source, workers=self.asked.workers))

    def _fooled(self, found: Responses) -> Iterator[Event]:
        """The same units' scores in the network and in a copy with fooling circuits."""
        pairs, others = planted_pairs(found, self.layer)
        if not pairs or not found.apart:
            self.notes.append(
                "no fooling circuit was planted: it takes 44 photos of different things; name them with --photos"
            )
            return
        layer = [*(unit for unit, _ in pairs), *others]
        honest = yield from self._pictures(self.model, layer, "pictures")
        early = yield from self._pictures(self.model, layer, "pictures, early", steps=max(1, self.asked.steps // 8))
        photos = found.several(PLANTED)
        drawn = torch.cat([*honest, *early, pink_noise(8, self.model.channels, self.model.size)])
        try:
            copy = planted(self.model, pairs, photos, drawn)
        except ReverieError as error:
            self.notes.append(f"no fooling circuit was planted: {error}")
            return
        fooled = yield from self._pictures(copy, layer, "pictures of the copy")
        beside = yield from self._responses(copy, [self.layer])
        fooling = layer[: len(pairs)]
        own = list(self._scored(Assessment(found, self.judge), fooling, layer, honest[0]))
        theirs = list(self._scored(Assessment(beside, self.judge), fooling, layer, fooled[0]))
        self.rows += [row for name in NOTICED if (row := noticed(name, own, theirs)) is not None]
        self.notes += [line for each in own for line in each.missing if "label" not in line]
        self.rows += suspicious(own)

    def _pictures(
        self, model: Model, units: Sequence[Unit], task: str, *, steps: int | None = None
    ) -> Generator[Event, None, tuple[Tensor, Tensor]]:
        """Makes the units' maxima and minima, [N,C,H,W] each, as the network is shown them."""
        recipe = recipes.feature(
            model, units, both=True, size=self.asked.size, steps=steps or self.asked.steps, seed=self.asked.seed
        )
        run = Synthesis(model, recipe)
        yield from in_turn({task: run})
        images = nn.functional.interpolate(run.result().images, model.size, mode="bilinear", antialias=True)
        return images[::2].clamp(0, 1), images[1::2].clamp(0, 1)

    def _scored(
        self, assessment: Assessment, fooling: Sequence[Unit], drawn: Sequence[Unit], pictures: Tensor
    ) -> Iterator[Scored]:
        images, others = coloured(pictures)[:, None], drawn[len(fooling) :]
        for row, unit in enumerate(fooling):
            yield assessment.scores(unit, images[row], Others(tuple(others), images[len(fooling) :].transpose(0, 1)))

    def _maps(self, found: Responses) -> Iterator[Event]:
        """Maps of the first photo's class, and of the same with random weights."""
        image = found.several(1).to(self.model.device)
        with torch.no_grad():
            top = int(probe(self.model, image, ["logits"])["logits"].mean((2, 3)).argmax())
        unit = Unit("logits", (top,))
        for done, name in enumerate(METHODS, 1):
            try:
                self.rows.append(self._map(image, unit, name))
            except ReverieError as error:
                self.notes.append(f"{name} was left out: {error}")
            yield Event(done, len(METHODS), "maps")

    def _map(self, image: Tensor, unit: Unit, name: str) -> Row:
        method = method_named(name, Settings(None, None, 0.15, None, None, None, self.asked.seed))
        objective, scored = asked_of(self.model, unit, method.asks), asked_of(self.model, unit, "probability")
        *_, last = method.estimates(self.model, image, objective)
        *_, checked = control(self.model, image, method, objective, scored, last.raw)
        return map_row(name, checked)


def middle(model: Model) -> str:
    """The block in the middle of a network."""
    maps = [name for name in model.main if name != "logits" and max(model.layer(name).size or (1,)) > 1]
    return maps[len(maps) // 2] if maps else "logits"


def planted_pairs(found: Responses, layer: str) -> tuple[list[tuple[Unit, Unit]], list[Unit]]:
    """Units to be fooled with those whose pictures they are to show, and others: such as fire, evenly spread."""
    firing = [Unit(layer, (number,)) for number in range(found.tallies[layer].channels)]
    several = firing[:: max(1, len(firing) // (6 * UNITS))]
    enough = [unit for unit in several if exemplars(found, unit).shown][: 3 * UNITS]
    third = len(enough) // 3
    return list(zip(enough[:third], enough[third : 2 * third], strict=True)), enough[2 * third :]


@called_with(Doctor)
def doctor(model: Model | str | nn.Module, asked: Doctor, *, progress: Progress = None) -> Report:
    """Examines a network: how far the tools may be believed on it, and which of its units are suspicious.

    Raises:
        ReverieError: as `DoctorRun`.
    """
    return finished(DoctorRun(model, asked), progress)
