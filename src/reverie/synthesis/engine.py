"""The engine: one generator in which every image is made."""

import contextlib
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from reverie import memory
from reverie.errors import Diverged, InvalidSetting
from reverie.models.edits import edits_here
from reverie.models.failures import reported
from reverie.models.model import Model
from reverie.models.probe import probe
from reverie.models.rectifiers import Redirected
from reverie.objectives import scores
from reverie.objectives.objective import joint
from reverie.randomness import Generators, generator
from reverie.settings.calling import names_checked
from reverie.synthesis.gathering import gathered_slope
from reverie.synthesis.history import Means
from reverie.synthesis.importance import Importance
from reverie.synthesis.recipe import Recipe, Stage, blank
from reverie.synthesis.tiling import tiled_slope
from reverie.transforms import draw
from reverie.unit import Unit

LOOK = 8  # steps: on a GPU a look at the numbers waits for the step, so they are looked at now and then
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


@names_checked
def iterate(model: Model, recipe: Recipe, *, trace: bool = False) -> Iterator[Step]:
    """Makes the recipe's pictures, a step at a time; to stop, stop reading.

    Args:
        trace: let each step tell the features' activations of the layers that its objectives read.

    Raises:
        UnknownName: a layer or channel that the network does not have.
        Diverged: a gradient that is not a number; the last step's picture is still good.
        OutOfMemory: too large a picture, batch or tile.
    """
    terms = [term for stage in recipe.stages for item in stage.objectives for _, term in item.terms]
    for name, channel in {(name, each) for term in terms for name in term.layers for each in term.channels or (None,)}:
        model.units(Unit(name, () if channel is None else (channel,)))
    _check_room(model, recipe)
    _check_edits(model, recipe)
    with memory.reported(MEMORY):  # also of what stands between the steps
        yield from _iterated(model, recipe, trace=trace)


def _check_room(model: Model, recipe: Recipe) -> None:
    """Refuses what cannot be before anything is made: latents, their gradient and the picture of the largest batch."""
    height, width = max((stage.size for stage in recipe.stages), key=math.prod)
    pictures = max((len(rows) for rows in recipe.batches()), default=1)
    what = f"{pictures} pictures of" if pictures > 1 else "a picture of"
    memory.require(3 * 4 * model.channels * pictures * height * width, f"{what} {width}x{height}", MEMORY)


def _check_edits(model: Model, recipe: Recipe) -> None:
    """Refuses interventions at positions where the network sees a part of the picture, in which they lie elsewhere."""
    placed = [edit.unit for edit in (*model.edits, *edits_here(model.variants)) if edit.unit.positional]
    if placed and (recipe.tile is not None or recipe.window is not None):
        raise InvalidSetting(
            f"'{placed[0]}' cannot be changed while the network sees the picture in parts; name it without rows and "
            "columns, or let the picture be seen whole (tile=0, --tile 0)"
        )


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
                with reported(model, stage.size, MEMORY):
                    score = climb(
                        _slope(model, part, stage, latents, generators, silent if waking else None, means, importance),
                        index / max(1, stage.steps - 1),
                    )
                    if part.constraint is not None:
                        part.constraint(latents.detach())
                _check_finite(score, done)
                silent &= score <= 0
                enough = _enough(score, stage, index)
                total -= stage.steps - 1 - index if enough else 0
                done += 1
                image = _decoder(part, stage, latents)
                features = {} if means is None else means.values
                whole = _finisher(part, canvas, image, importance)
                yield Step(done, total, number, index, rows, score, features, image, whole, climb.note)
                if enough:
                    break


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
            channels = joint(stage.objectives).channels if means is None else ()
            activations = probe(model, picture, stage.layers, view=seen_through, channels=channels)
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


def _enough(score: Tensor, stage: Stage, index: int) -> bool:
    """Whether the stage has come as far as it was to."""
    if stage.until is None or (score.is_cuda and index % LOOK != LOOK - 1):
        return False
    return bool((score >= stage.until).all())


def _check_finite(score: Tensor, done: int) -> None:
    if (not score.is_cuda or done % LOOK == LOOK - 1) and not bool(score.isfinite().all()):
        raise Diverged(
            f"the gradient was not a number at step {done + 1}; the picture of the step before is kept: "
            "lower --rate, or use --precision float32"
        )
