"""The engine: one generator in which every image is made."""

import contextlib
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from reverie import memory
from reverie.errors import Diverged
from reverie.figures.result import Finding, Result
from reverie.figures.sheet import Layout
from reverie.figures.trace import Trace
from reverie.image import see_through
from reverie.models.failures import told
from reverie.models.model import Model
from reverie.models.probe import probe
from reverie.models.rectifiers import Redirected
from reverie.objectives import scores
from reverie.randomness import Generators, generator
from reverie.record import Record, versions
from reverie.synthesis.gathering import gathered_slope
from reverie.synthesis.history import History, Means
from reverie.synthesis.importance import Importance
from reverie.synthesis.recipe import Recipe, Stage, blank
from reverie.synthesis.tiling import tiled_slope
from reverie.transforms import draw

OWN = ("objectives", "members", "score", "found", "notes", "silent", "steps_taken")  # facts of one batch alone
MEMORY = "lower --size, --batch or --tile, or use --precision bfloat16"


@dataclass(frozen=True)
class Step:
    """What has just happened.

    Attributes:
        done, total: steps of the whole run.
        stage: which stage, from 0; `index`: which step in it, from 0.
        rows: which of the recipe's pictures these are.
        score: [N], on the device; reading it waits for the step.
        features: by layer [N,C], the mean activation of each of its features as the network saw the pictures in this
            step; empty unless the run is traced.
        decode: makes `image`.
        whole: the pictures as they would be if the run ended here, at their full size; made when called.
        note: what the ascent had to mend in this step, in one sentence; mostly empty.
    """

    done: int
    total: int
    stage: int
    index: int
    rows: range
    score: Tensor
    features: Mapping[str, Tensor]
    decode: Callable[[], Tensor]
    whole: Callable[[], Tensor]
    note: str = ""

    @property
    def image(self) -> Tensor:
        """What the network has just climbed to, [N,C,H,W] in [0,1]; the next step may overwrite it."""
        return self.decode()


def iterate(model: Model, recipe: Recipe, *, trace: bool = False) -> Iterator[Step]:
    """Makes the recipe's pictures, a step at a time; to stop, stop reading.

    Args:
        trace: let each step tell the features' activations of the layers that its objectives read.

    Raises:
        Diverged: a gradient that is not a number; the last step's picture is still good.
        OutOfMemory: too large a picture, batch or tile.
    """
    _check_room(model, recipe)
    with memory.told(MEMORY):  # also of what stands between the steps
        yield from _iterated(model, recipe, trace=trace)


def _check_room(model: Model, recipe: Recipe) -> None:
    """Refuses what cannot be before anything is made: latents, their gradient and the picture of the largest batch."""
    height, width = max((stage.size for stage in recipe.stages), key=math.prod)
    pictures = max((len(rows) for rows in recipe.batches()), default=1)
    what = f"{pictures} pictures of" if pictures > 1 else "a picture of"
    memory.ensure(3 * 4 * model.channels * pictures * height * width, f"{what} {width}x{height}", MEMORY)


def _iterated(model: Model, recipe: Recipe, *, trace: bool) -> Iterator[Step]:
    done, total = 0, recipe.steps
    for rows in recipe.batches():
        part = recipe.select(rows)
        generators = [generator(recipe.seed, name) for name in part.names]
        image: Callable[[], Tensor] | None = None
        means = Means() if trace else None
        importance = Importance() if recipe.importance else None
        silent = torch.ones(len(rows), dtype=torch.bool, device=model.device)
        for number, stage in enumerate(part.stages):
            if image is None:
                canvas, latents = _start(model, part, stage, generators)
            elif part.parameterization.photos == "fitted":
                latents = latents.detach()  # they hold at any size
            else:
                latents = part.parameterization.encode(part.carry(image(), stage.size))
            latents.requires_grad_()
            climb = stage.ascent.start(latents, steady=part.steady)
            for index in range(stage.steps):
                waking = number == 0 and index < recipe.redirect and (silent.is_cuda or bool(silent.any()))
                with told(model, stage.size, MEMORY):
                    score = climb(
                        _slope(model, part, stage, latents, generators, silent if waking else None, means, importance),
                        index / max(1, stage.steps - 1),
                    )
                    if part.constraint is not None:
                        part.constraint(latents.detach())
                _check_finite(score, done)
                silent &= score <= 0
                done += 1
                image = _decoder(part, stage, latents)
                features = {} if means is None else means.values
                whole = _finisher(part, canvas, image, importance)
                yield Step(done, total, number, index, rows, score, features, image, whole, climb.note)


def _start(model: Model, recipe: Recipe, stage: Stage, generators: Generators) -> tuple[Tensor, Tensor]:
    """The first picture at full size, and the first latents."""
    parts, size = recipe.parameterization, recipe.window.canvas if recipe.window else stage.size
    if recipe.start == "noise":
        latents = parts.init((model.channels, *size), generators).to(model.device)
        if recipe.window is None:
            return latents, latents
        canvas = parts.decode(latents, size)
    elif recipe.photo is not None:
        canvas = recipe.carry(recipe.photo, size).to(model.device)
    else:
        canvas = blank(0.5 if recipe.start == "grey" else 0.0, model.channels, size).to(model.device)
    canvas = canvas.expand(len(recipe.names), -1, -1, -1)
    if recipe.window is None:
        return canvas, parts.encode(canvas)
    top, left = recipe.window.top, recipe.window.left
    return canvas, parts.encode(canvas[..., top : top + stage.size[0], left : left + stage.size[1]].contiguous())


def _slope(
    model: Model,
    recipe: Recipe,
    stage: Stage,
    latents: Tensor,
    generators: Generators,
    silent: Tensor | None,
    means: Means | None,
    importance: Importance | None,
) -> Callable[[], tuple[Tensor, Tensor]]:
    """The function that an ascent climbs by; its chances are drawn now, once for the step."""
    if recipe.tile is not None:
        return lambda: _tiled(model, recipe, stage, latents, generators, means)
    seen_through = draw(recipe.transforms, generators, stage.size)

    def slope() -> tuple[Tensor, Tensor]:
        with torch.enable_grad():  # a decoder's own rectifiers are none of the network's
            picture = recipe.parameterization.decode(latents, stage.size)
        if importance is not None:
            importance.watch(picture)
        with torch.enable_grad(), Redirected(silent) if silent is not None else contextlib.nullcontext():
            activations = probe(model, picture, stage.layers, view=seen_through)
            if means is not None:
                means.begin().see(activations)
            score = scores(stage.objectives, activations)
            (gradient,) = torch.autograd.grad(-score.sum(), latents)
        return score, gradient

    return slope


def _tiled(
    model: Model, recipe: Recipe, stage: Stage, latents: Tensor, generators: Generators, means: Means | None
) -> tuple[Tensor, Tensor]:
    assert recipe.tile is not None
    with torch.enable_grad():
        picture = recipe.parameterization.decode(latents, stage.size)
    if recipe.gathers:
        score, gradient = gathered_slope(model, stage.objectives[0], picture.detach(), recipe.tile)
    else:
        see = () if means is None else (means.begin().see,)
        score, gradient = tiled_slope(model, stage.objectives, picture.detach(), recipe.tile, generators, *see)
    if picture is latents:
        return score, gradient
    return score, torch.autograd.grad(picture, latents, gradient)[0]


def _decoder(recipe: Recipe, stage: Stage, latents: Tensor) -> Callable[[], Tensor]:
    return lambda: recipe.parameterization.decode(latents.detach(), stage.size)


def _finisher(
    recipe: Recipe, canvas: Tensor, image: Callable[[], Tensor], importance: Importance | None
) -> Callable[[], Tensor]:
    def whole() -> Tensor:
        if importance is not None:
            return torch.cat([recipe.carry(image(), recipe.size), importance.opacity(recipe.size)], 1)
        if recipe.window is None:
            return recipe.carry(image(), recipe.size)
        part, out = image(), canvas.clone()
        top, left = recipe.window.top, recipe.window.left
        out[..., top : top + part.shape[-2], left : left + part.shape[-1]] = part
        return out

    return whole


def _check_finite(score: Tensor, done: int) -> None:
    # on a GPU a look at the numbers waits for the step, so they are looked at now and then
    if (not score.is_cuda or done % 16 == 15) and not bool(score.isfinite().all()):
        raise Diverged(
            f"the gradient was not a number at step {done + 1}; the picture of the step before is kept: "
            "lower --rate, or use --precision float32"
        )


def synthesize(model: Model, recipe: Recipe, steps: Iterable[Step] | None = None) -> Result:
    """Runs a recipe to its end.

    Args:
        steps: the run to read, where the caller wants to watch or to end it early; else `iterate(model, recipe)`.
            What it has finished, and its last picture, are in the result.
    """
    images: list[Tensor] = []
    records: list[Record] = []
    traces: list[Trace] = []
    findings: list[Finding] = []
    notes: list[str] = []
    last: Step | None = None
    history = History()

    def finish() -> None:
        if last is None:
            return
        made, part = last.whole().detach().float(), recipe.select(last.rows)
        found = [report(model, image[None]) for report, image in zip(part.reports, made, strict=False)]
        told: dict[str, Any] = {"silent": _silent(model, part, last)}
        if found:
            told["found"] = [dict(finding.values) for finding in found]
        if notes:
            told["notes"] = list(notes)
        images.append(made.cpu())
        findings.extend(found)
        own, traced = _records(model, part, last, told), history.traces()
        records.extend(map(_with_trace, own, traced) if traced else own)
        traces.extend(traced)
        notes.clear()

    for step in iterate(model, recipe) if steps is None else steps:
        if last is not None and step.rows != last.rows:
            finish()
            history = History()
        last = step
        notes.extend([f"step {step.done}: {step.note}"] if step.note else [])
        if step.features:
            history.note(step.stage, step.score, step.features)
    finish()
    shape = (0, model.channels, *recipe.size)
    made = images[0] if len(images) == 1 else torch.cat(images) if images else torch.zeros(shape)
    labels, layout = recipe.labels[: len(records)], Layout(columns=recipe.columns)
    whole, layered = None if last is None else _whole(recipe, records, last), recipe.opacity is not None
    made = made if recipe.opacity is None else see_through(made, recipe.opacity)
    return Result(
        made, tuple(records), labels, tuple(traces), tuple(findings), alpha=recipe.alpha or layered, layout=layout,
        whole=whole,
    )  # fmt: skip


def _whole(recipe: Recipe, records: Sequence[Record], last: Step) -> Record:
    """The record that repeats all pictures, in the batches in which they ran."""
    name, arguments = recipe.select(range(len(records))).origin
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
    name, arguments = recipe.origin
    record = Record(name, arguments, model.source, automatic, 0, versions())
    return [record.of(index) for index in range(len(recipe.names))]
