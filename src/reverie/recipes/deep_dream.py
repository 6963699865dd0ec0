"""Deep Dream: a photo in which a layer sees more of what it already sees."""

import math
from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor

from reverie.constraints import in_range
from reverie.errors import InvalidSetting, UnsuitableImage
from reverie.image import Photo, Picture, Size, fit, read_at, read_opacity, resize
from reverie.models.model import Model
from reverie.models.probe import probe
from reverie.objectives import Objective, guided, photo_features
from reverie.recipes.balance import Ally, allies, by_photo, check_allies
from reverie.recipes.depth import main_line
from reverie.recipes.framing import check_positions, taken
from reverie.recipes.origins import recorded
from reverie.recipes.other_networks import Other, others
from reverie.recipes.parameterizing import masked
from reverie.recipes.presets import DREAM, Preset, ascent, preset_named
from reverie.recipes.terms import minus_priors, response, weighted
from reverie.recipes.wishes import Wanted, Wish, wishes_of
from reverie.settings.dream import Dream
from reverie.settings.fields import sized
from reverie.settings.own_preset import USUAL
from reverie.synthesis.ascent import Ascent
from reverie.synthesis.recipe import AddedDetail, Recipe, Stage, check, count
from reverie.synthesis.tiling import automatic_tile
from reverie.transforms import Roll, Transform
from reverie.unit import Unit

LIVELIEST = {
    "block8.depthwise": "block8",
    "mixed4b.branch_pool": "mixed4b",
    "inception4c": "inception4c",
    "Mixed_6b": "Mixed_6b",
}  # by a layer that tells the network

MOST_OCTAVES = 50
RISE = 4.6  # how many times the photo's score is enough where the layers climb on
ONWARD = 0.35  # of the first rate at the full size: there


@recorded(Dream)
def dream(model: Model, asked: Dream) -> Recipe:
    """Amplifies in a photo what layers or units see in it, from coarse to fine.

    Raises:
        UnsuitableImage: a photo that cannot be read, or too small for the network.
        UnknownName: no such layer, channel, class, preset or prior.
        InvalidSetting: a number out of range, or settings that do not go together.
    """
    chosen = preset_named(asked.preset, DREAM)
    picture = _photo(model, asked.photo, asked.size, chosen.sizes)
    full = int(picture.shape[-2]), int(picture.shape[-1])
    wanted = _wanted(model, asked.layers, full)
    if asked.guide is not None and asked.reduction is not None:
        raise InvalidSetting("a guide's features are matched; leave out --reduction, or --guide")
    beside = [ally for other in others(asked.also, model.device) for ally in _allies(model, other)]
    reduction = asked.reduction or chosen.reduction
    joint = _joint(model, wanted, reduction, asked.guide)
    objective = minus_priors(_with(model, joint, beside, reduction, picture), asked.prior, picture)
    scale = asked.octave_scale or chosen.octave_scale
    octaves = _enough(chosen, max(full), scale) if asked.octaves is None else asked.octaves
    sizes = _octaves(model, objective, full, octaves, scale, beside)
    check_positions(model, [term.unit for wish, _ in wanted for term in wish.units], sizes)
    check_allies(beside, sizes)
    side = _tile(model, objective, full, asked.tile)
    name = repr(objective)
    return Recipe(
        names=(name,),
        stages=_stages(model, chosen, asked, objective, sizes, None if side else picture),
        parameterization=masked(chosen.parameterization, asked.mask, picture),
        transforms=() if side else _shifts(chosen, asked.jitter),
        constraint=None if chosen.parameterization.bounded else in_range,
        carry=AddedDetail(picture),
        start="photo",
        photo=picture,
        opacity=read_opacity(asked.photo, full),
        seed=asked.seed,
        tile=side,
        labels=(name,),
        each={} if asked.layers else {"layers": tuple(str(wish) for wish, _ in wanted)},  # of the record: no default
    )


def _photo(model: Model, photo: Photo, size: int | str | Size | None, usual: Sequence[int]) -> Tensor:
    wanted = sized(size)
    if wanted is None and usual:
        wanted = sized(min(usual[0], max(Picture.of(photo).size)))
    return taken(model, read_at(photo, wanted))


def _wanted(model: Model, layers: Sequence[Wanted], size: Size) -> list[tuple[Wish, float]]:
    """Wishes and their weights."""
    several = [weighted(item) if isinstance(item, str) else (item, 1.0) for item in layers or [usual_layer(model)]]
    return [(wish, weight) for item, weight in several for wish in wishes_of(model, item, size=size)]


def _joint(model: Model, wanted: Sequence[tuple[Wish, float]], reduction: str, guide: Photo | None = None) -> Objective:
    def respond(unit: Unit, written: str) -> Objective:
        if guide is not None:
            return guided(unit, photo_features(model, guide, unit.layer))
        return _response(model, unit, written or reduction)

    if guide is not None and any(wish.built for wish, _ in wanted):
        raise InvalidSetting("a guide's features are matched in layers or units; leave out --guide, or the objective")
    first, *rest = [weight * wish.objective(respond) for wish, weight in wanted]
    return sum(rest, first)


def _allies(model: Model, other: Other) -> list[Ally]:
    return allies(model, None, [other], "" if weighted(other.wish)[0] else usual_layer(other.model))


def _with(model: Model, joint: Objective, beside: Sequence[Ally], reduction: str, photo: Tensor) -> Objective:
    """The objective and those of other networks, each on the scale of what the photo gives to the first."""
    size = int(photo.shape[-2]), int(photo.shape[-1])
    small = resize(photo, fit(size, min(max(size), 2 * max(model.size)))).clamp(0, 1)
    parts = [by_photo(model, joint, ally, _response(ally.model, ally.unit, reduction), small) for ally in beside]
    return sum(parts, joint)


def _response(model: Model, unit: Unit, reduction: str) -> Objective:
    if reduction == USUAL:
        reduction = "whitened" if unit.layer in model.moments else "mean-square"
    return response(model, unit, reduction)


def usual_layer(model: Model) -> str:
    """The layer whose dreams are liveliest, where it is known; of others the middle of the main line.

    Raises:
        InvalidSetting: no layer has a grid.
    """
    for sign, layer in LIVELIEST.items():
        if sign in model.layers:
            return layer
    line = main_line(model)
    if not line:
        raise InvalidSetting(f"no layer of {model.name} has rows and columns; name one with --layer (layers=)")
    return line[len(line) // 2].name


def _stages(
    model: Model, preset: Preset, asked: Dream, objective: Objective, sizes: Sequence[Size], photo: Tensor | None
) -> tuple[Stage, ...]:
    """A stage for each octave; and one more at the full size, for layers that rise less than others up to there.

    Args:
        photo: whose score tells how far; None where it is too large to be asked.
    """
    stages = tuple(
        Stage((objective,), area, asked.steps or preset.steps, _ascent(preset, number, len(sizes), asked))
        for number, area in enumerate(sizes)
    )
    if not (preset.climb_on and stages) or asked.steps is not None or asked.rate is not None or asked.guide is not None:
        return stages
    usual = 0.0 if photo is None else _score(model, objective, photo)
    if usual <= 0:  # nothing to be a multiple of
        return stages
    last = stages[-1].ascent
    onward = replace(last, rate=(ONWARD * last.rate[0], ONWARD * last.rate[0]))
    until = usual * (1 + (RISE - 1) * asked.strength)
    return (*stages, Stage((objective,), sizes[-1], preset.climb_on, onward, until))


def _score(model: Model, objective: Objective, photo: Tensor) -> float:
    """That of the photo itself."""
    with torch.no_grad():
        return float(objective.score(probe(model, photo, objective.layers)))


def _ascent(preset: Preset, octave: int, octaves: int, asked: Dream) -> Ascent:
    usual = ascent(preset, octave, asked.rate)
    share = asked.strength * preset.coarser ** (octaves - 1 - octave)
    return replace(usual, rate=(usual.rate[0] * share, usual.rate[1] * share))


def _enough(preset: Preset, side: int, scale: float) -> int:
    """Octaves that begin at the same size, so that shapes take the same share of a picture of any size."""
    if preset.coarsest <= 0 or scale <= 1:
        return preset.octaves
    return max(preset.octaves, min(MOST_OCTAVES, 1 + round(math.log(side / preset.coarsest) / math.log(scale))))


def _octaves(
    model: Model, objective: Objective, full: Size, octaves: int, scale: float, beside: Sequence[Ally] = ()
) -> list[Size]:
    count("octaves", octaves, 1, MOST_OCTAVES)
    check("octave_scale", scale, 1.01, 10)
    smallest = model.smallest_side(objective.layers)
    smallest = max([smallest, *(ally.model.smallest_side([ally.unit.layer]) for ally in beside)])
    if min(full) < smallest:
        raise UnsuitableImage(
            f"the photo is {full[1]}x{full[0]}, too small for {model.name} up to "
            f"{', '.join(objective.layers)}: the smallest side is {smallest}; "
            "give a larger --size, or a shallower layer"
        )
    sizes = [(round(full[0] / scale**k), round(full[1] / scale**k)) for k in reversed(range(octaves))]
    return [size for size in sizes if min(size) >= smallest]


def _tile(model: Model, objective: Objective, full: Size, tile: int | None) -> int | None:
    if tile is None:
        return (
            automatic_tile(full, model.device)
            if objective.tiles and not model.takes_one_size(objective.layers)
            else None
        )
    smallest = model.smallest_side(objective.layers) if tile else 0
    if tile and 32 <= tile < min(smallest, min(full)):
        raise InvalidSetting(
            f"tile must be {smallest} or more for {model.name} up to {', '.join(objective.layers)}, not {tile}"
        )
    return tile or None


def _shifts(preset: Preset, jitter: int | None) -> tuple[Transform, ...]:
    if jitter is None:
        return preset.transforms
    count("jitter", jitter, 0)
    return (*(part for part in preset.transforms if not isinstance(part, Roll)), Roll(jitter))
