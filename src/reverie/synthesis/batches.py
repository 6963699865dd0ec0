"""The run of a recipe: its steps as events, and the pictures that stand when the reading stops."""

import itertools
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import torch
from PIL import Image
from torch import Tensor

from reverie.errors import listed
from reverie.figures.contact_sheet import Layout
from reverie.figures.result import Finding, Result
from reverie.figures.trace_file import Trace
from reverie.image import see_through
from reverie.models.model import Model
from reverie.models.probe import probe
from reverie.models.rectifiers import Redirected
from reverie.objectives import scores
from reverie.record import Record, versions
from reverie.runs import Event
from reverie.settings.calling import names_checked
from reverie.synthesis.engine import Step, iterate
from reverie.synthesis.history import History
from reverie.synthesis.recipe import Recipe
from reverie.synthesis.storage import origin_of

OWN = ("objectives", "members", "score", "found", "notes", "silent", "steps_taken")  # facts of one batch alone
Watching = Callable[[Iterator[Step]], Iterator[Step]]  # reads the steps on their way


class Synthesis:
    """A recipe's run.

    Args:
        trace: keep the features' activations of each step.
        most: end after so many steps, as a record says.
        index: of a record, the picture that is wanted; None for all.
        watching: each reads the steps on their way.
    """

    taken: ClassVar[str] = "steps_taken"

    def __init__(
        self,
        model: Model,
        recipe: Recipe,
        *,
        trace: bool = False,
        most: int | None = None,
        index: int | None = None,
        watching: Iterable[Watching] = (),
    ) -> None:
        self.model, self.recipe, self.index = model, recipe, index
        self.made, self.ended = _Batches(model, recipe), False
        self.steps: list[Iterator[Step]] = [iterate(model, recipe, trace=trace)]
        for watch in (lambda steps: itertools.islice(steps, most), *watching):
            self.steps.append(watch(self.steps[-1]))

    @staticmethod
    def part(recipe: Recipe, index: int, taken: int | None, facts: Mapping[str, Any]) -> tuple[Recipe, int | None, int]:
        """One picture of a record's recipe in the batch that it ran in, for the same bits.

        Args:
            taken: steps of the whole run.
            facts: of the record.

        Returns:
            What to run, how many steps of it at most, and which of its pictures is the one.
        """
        del facts
        number, rows = next((at, rows) for at, rows in enumerate(recipe.batches()) if index in rows)
        part = recipe.select(rows)
        left = part.steps if taken is None else taken - number * part.steps
        return part, max(1, min(part.steps, left)), index - rows.start

    def events(self) -> Iterator[Event]:
        """Climbs, a step for each event."""
        try:
            for step in self.steps[-1]:
                self.made.note(step)
                height, width = self.recipe.stages[step.stage].size
                yield Event(
                    step.done,
                    step.total,
                    f"{width}x{height}",
                    f"step {step.done}: {step.note}" if step.note else "",
                    lambda step=step: self._preview(step),  # type: ignore[misc]
                    lambda step=step: float(step.score.mean()),  # type: ignore[misc]
                )
            self.ended = True
        finally:
            for steps in reversed(self.steps):
                if isinstance(steps, Generator):
                    steps.close()

    def result(self) -> Result:
        """The pictures that are finished, and the last one as it stands."""
        result = self.made.result()
        result = result if self.index is None or not len(result) else result[self.index]
        return replace(result, about=self._about(), notes=tuple(self._notes(result)))

    def _about(self) -> str:
        """The network and the layers, and where it ended early."""
        layers = list(dict.fromkeys(layer for stage in self.recipe.stages for layer in stage.layers))
        about, last = f"{self.model.title}, {listed(layers, 3)}", self.made.last
        if self.ended or last is None:
            return about
        return f"{about} (ended at step {last.done} of {self.recipe.steps}, the last whole picture)"

    def _notes(self, result: Result) -> Iterator[str]:
        resized = result.record.automatic.get("resized_to") if len(result) else None
        if resized:
            yield f"{self.model.name} takes {resized[0]}x{resized[1]} only, to which the picture was resized for it"
        if result.silent and self.ended:
            yield _silence(result)
        for label, finding in zip(result.labels, result.findings, strict=False):
            yield f"{label}: {finding.note}"

    def _preview(self, step: Step) -> Image.Image:
        images, recipe = step.whole().detach().float().cpu(), self.recipe
        labels = recipe.labels[step.rows.start : step.rows.stop]
        return Result(images, (), labels, alpha=recipe.alpha, layout=Layout(columns=recipe.columns)).picture


def _silence(result: Result) -> str:
    """One line about units that never fired."""
    silent = listed(result.silent)
    if len(result) == 1:
        return f"{silent} never fired: the picture shows nothing of it; try another --seed or --start"
    return f"{len(result.silent)} of {len(result)} units never fired, their pictures show nothing: {silent}"


@names_checked
def synthesize(model: Model, recipe: Recipe, steps: Iterable[Step] | None = None) -> Result:
    """Runs a recipe to its end.

    Args:
        steps: the run to read, where the caller wants to watch or to end it early; else `iterate(model, recipe)`.
            What it has finished, and its last picture, are in the result.
    """
    made = _Batches(model, recipe)
    for step in iterate(model, recipe) if steps is None else steps:
        made.note(step)
    return made.result()


@dataclass(frozen=True)
class _Batch:
    """The pictures of one batch, and what is told of them."""

    images: Tensor
    records: list[Record]
    traces: list[Trace]
    findings: list[Finding]


class _Batches:
    """What a run has made so far."""

    def __init__(self, model: Model, recipe: Recipe) -> None:
        self.model, self.recipe = model, recipe
        self.whole: list[_Batch] = []
        self.last: Step | None = None
        self.history, self.notes = History(), list[str]()

    def note(self, step: Step) -> None:
        """One more step."""
        if self.last is not None and step.rows != self.last.rows:
            self.whole.append(self._batch(self.last))
            self.history, self.notes = History(), []
        self.last = step
        if step.note:
            self.notes.append(f"step {step.done}: {step.note}")
        if step.features:
            self.history.note(step.stage, step.score, step.features)

    def _batch(self, last: Step) -> _Batch:
        made, part = last.whole().detach().float(), self.recipe.select(last.rows)
        found = [report(self.model, image[None]) for report, image in zip(part.reports, made, strict=False)]
        told: dict[str, Any] = {"silent": _silent(self.model, part, last)}
        told |= {"found": [dict(finding.values) for finding in found]} if found else {}
        told |= {"notes": list(self.notes)} if self.notes else {}
        records, traces = _records(self.model, part, last, told), self.history.traces()
        records = list(map(_with_trace, records, traces)) if traces else records
        return _Batch(made.cpu(), records, traces, found)

    def result(self) -> Result:
        """The pictures of the batches that are whole, and the last one's as they stand."""
        batches = [*self.whole, *([] if self.last is None else [self._batch(self.last)])]
        recipe = self.recipe
        empty = torch.zeros((0, self.model.channels, *recipe.size))
        images = batches[0].images if len(batches) == 1 else torch.cat([empty, *(batch.images for batch in batches)])
        records, traces, findings = (
            tuple(item for batch in batches for item in getattr(batch, name))
            for name in ("records", "traces", "findings")
        )
        layered = recipe.opacity is not None
        return Result(
            images if recipe.opacity is None else see_through(images, recipe.opacity),
            records,
            recipe.labels[: len(records)],
            traces,
            findings,
            alpha=recipe.alpha or layered,
            layout=Layout(columns=recipe.columns),
            whole=None if self.last is None else _whole(self.model, recipe, records, self.last),
        )


def _whole(model: Model, recipe: Recipe, records: Sequence[Record], last: Step) -> Record:
    """The record that repeats all pictures, in the batches in which they ran."""
    name, arguments = origin_of(recipe.select(range(len(records))), model)
    if "units" in arguments:
        arguments = {**arguments, "batch": recipe.batch}
    first = [index for index, record in enumerate(records) if record.index == 0]
    told: dict[str, Any] = {key: value for key, value in records[0].automatic.items() if key not in ("trace", *OWN)}
    for key in ("members", "score", "found", "notes"):
        several = [value for index in first for value in records[index].automatic.get(key, ())]
        told |= {key: several} if several else {}
    told["silent"] = [index + row for index in first for row in records[index].automatic["silent"]]
    told["steps_taken"] = last.done
    return Record(name, arguments, records[0].model, told, None, records[0].versions)


def _with_trace(record: Record, trace: Trace) -> Record:
    return record.noting(trace={"sha256": trace.sha256})


def _silent(model: Model, recipe: Recipe, last: Step) -> list[int]:
    """The pictures that end where their unit is shut: no open rectifier leads to it, so it never fired."""
    stage, reached = recipe.stages[last.stage], last.score.tolist()
    wishes = [objective.wishes for objective in stage.objectives]
    rows = [row for row, score in enumerate(reached) if score <= 0 and wishes[row].terms]
    if not rows or recipe.tile is not None:
        return []
    with torch.enable_grad(), Redirected(wake=False):
        picture = last.image.detach()[rows, : model.channels].clone().requires_grad_()
        chosen = [wishes[row] for row in rows]
        score = scores(chosen, probe(model, picture, [layer for wish in chosen for layer in wish.layers]))
        (gradient,) = torch.autograd.grad(score.sum(), picture)
    shut = gradient.flatten(1).abs().amax(1) == 0
    return [row for row, is_shut in zip(rows, shut.tolist(), strict=True) if is_shut]


def _resized_to(model: Model, recipe: Recipe) -> list[int] | None:
    """The only size in which the network can be shown the picture, where that is another one."""
    layers = {layer for stage in recipe.stages for objective in stage.objectives for layer in objective.layers}
    return list(model.size) if recipe.size != model.size and model.takes_one_size(layers) else None


def _records(model: Model, recipe: Recipe, last: Step, told: Mapping[str, Any]) -> list[Record]:
    automatic = {
        "members": list(recipe.names),
        "sizes": [list(stage.size) for stage in recipe.stages],
        "steps": [stage.steps for stage in recipe.stages],
        "steps_taken": sum(stage.steps for stage in recipe.stages[: last.stage]) + last.index + 1,
        "tile": recipe.tile,
        "threads": torch.get_num_threads(),
        "device": str(model.device),
        "precision": str(model.dtype).removeprefix("torch."),
        "resized_to": _resized_to(model, recipe),
        "objectives": [repr(objective) for objective in recipe.stages[-1].objectives],
        "score": [round(float(item), 6) for item in last.score],
        **told,
    }
    name, arguments = origin_of(recipe, model)
    record = Record(name, arguments, model.described, automatic, 0, versions())
    return [record.of(index) for index in range(len(recipe.names))]
