"""Feature visualization: pictures that excite units of a network."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from torch import Tensor

from reverie.constraints import in_range
from reverie.errors import InvalidSetting
from reverie.image import Photo, Size, read_at
from reverie.models.extents import Extent
from reverie.models.model import Model
from reverie.models.receptive_fields import cut, rules
from reverie.objectives import Objective
from reverie.objectives.opacity import transparent
from reverie.parameterizations import Alpha, Latent, Parameterization
from reverie.parameterizations.spectrum import measured
from reverie.recipes.balance import allies, by_deviation, check_allies
from reverie.recipes.framing import check_positions, taken
from reverie.recipes.origins import recorded
from reverie.recipes.other_networks import Other, others
from reverie.recipes.parameterizing import made_of, masked, with_alpha, with_spectrum
from reverie.recipes.presets import FEATURE, Preset, ascent, preset_named
from reverie.recipes.terms import minus_priors, response, weighted
from reverie.recipes.views import Rows, along, apart, check_views, concept_in, labelled, rows_of, view_name
from reverie.recipes.wishes import Wish, spread, wishes_of
from reverie.settings.feature import GROUNDS, Canvas, Feature
from reverie.settings.fields import sized
from reverie.synthesis.recipe import Recipe, Stage, Window, blank, count
from reverie.transforms import Backdrop
from reverie.unit import Unit


@recorded(Feature)
def feature(model: Model, asked: Feature) -> Recipe:
    """Makes pictures that excite units, one picture each.

    Raises:
        UnknownName: no such layer, channel, class, preset or prior.
        InvalidSetting: a number out of range, or settings that do not go together.
    """
    canvas, views, climb = asked.canvas, asked.views, asked.climb
    chosen = _chosen(preset_named(climb.preset, FEATURE), canvas.start, asked.parameterization, climb.steps)
    material, kind, cost = _material(model, chosen.parameterization, canvas.alpha, asked.spectrum)
    known = rows_of(model, asked.units, asked.dictionary, concept_in(model, asked.units, asked.concept, asked.against))
    check_views(known, asked.reduction, asked.cosine, views.diversity)
    sizes = _sizes(model, chosen, canvas.size)
    resolved = wishes_of(model, asked.units, rows=None if known is None else len(known), size=sizes[0])
    _check_size(model, [layer for wish in resolved for layer in wish.layers], sizes[0])
    check_positions(model, [term.unit for wish in resolved for term in wish.units], sizes)
    exact = kind is None and material.photos == "exact"
    part = _window(model, resolved, sizes) if exact and _may_be_cut(asked) else None
    signs = (1.0, -1.0) if views.both else (-1.0,) if asked.negative else (1.0,)
    beside = others(asked.also, model.device)
    aims = _aims(model, resolved, part, asked.reduction or chosen.reduction, known, asked.cosine, beside, sizes)
    sides = [sign * aim + apart(model, wish.layers, views.diversity) for wish, aim in aims for sign in signs]
    sides = _finished(sides, asked.prior, cost if kind == "optimised" else None)
    named = [(wish, sign, view) for wish in resolved for sign in signs for view in range(views.diversity)]
    return Recipe(
        names=tuple(view_name(str(wish), views.both and sign < 0, view) for wish, sign, view in named),
        stages=_stages(chosen, sides, views.diversity, sizes, part, climb.rate),
        parameterization=_masked(model, chosen, material, canvas, sizes[-1]),
        transforms=(Backdrop(), *chosen.transforms) if kind == "optimised" else chosen.transforms,
        constraint=None if material.bounded else in_range,
        start=chosen.start,
        photo=_photo(model, chosen, canvas.start, sizes[0]),
        seed=asked.seed,
        redirect=chosen.redirect,
        batch=min(len(named), model.together(sizes[-1]) if asked.batch is None else asked.batch),
        group=len(signs) * views.diversity,
        each={"units": tuple(wish.plain(model) for wish, *_ in named)},
        window=part[0] if part else None,
        importance=kind == "importance",
        labels=tuple(view_name(labelled(model, wish, known), sign < 0, view) for wish, sign, view in named),
    )


def _may_be_cut(asked: Feature) -> bool:
    """Whether only the window that a unit sees is to be made, as far as the settings say."""
    return asked.canvas.window is not False and asked.canvas.mask is None and not asked.also


def _stages(
    preset: Preset,
    sides: Sequence[Objective],
    views: int,
    sizes: Sequence[Size],
    part: tuple[Window, Size] | None,
    rate: float | None,
) -> tuple[Stage, ...]:
    objectives = tuple(side for side in sides for _ in range(views))  # views share theirs
    return tuple(
        Stage(objectives, part[1] if part else side, preset.steps, ascent(preset, number, rate))
        for number, side in enumerate(sizes)
    )


def _aims(
    model: Model,
    wishes: Sequence[Wish],
    part: tuple[Window, Size] | None,
    reduction: str,
    known: Rows | None,
    cosine: float | None,
    also: Sequence[Other],
    sizes: Sequence[Size],
) -> Iterator[tuple[Wish, Objective]]:
    """Each wish, and what is to be excited where its units lie in the computed part of the picture."""

    def respond(unit: Unit, written: str) -> Objective:
        shown = unit if part is None else _shifted(model, unit, part)
        if known is not None:
            return along(shown, known, cosine)
        return response(model, shown, written) if written else _response(model, shown, reduction)

    for wish in wishes:
        aim = wish.objective(respond)
        beside = allies(model, wish.unit if known is None else None, also)
        check_allies(beside, sizes)
        for ally in beside:
            aim = aim + by_deviation(spread(model, wish), ally, _response(ally.model, ally.unit, "mean"))
        yield wish, aim


def _finished(objectives: Sequence[Objective], prior: Sequence[str], cost: float | None) -> list[Objective]:
    """The objectives less the priors, and less what opaque parts cost."""
    less = [minus_priors(objective, prior) for objective in objectives]
    return less if cost is None else [transparent(objective, cost) for objective in less]


def _chosen(preset: Preset, start: Photo | None, parameterization: Any, steps: int | None) -> Preset:
    if parameterization is not None:
        material = made_of(parameterization)
        preset = replace(preset, parameterization=material, blurs=() if material.bounded else preset.blurs)
    if start is not None:
        preset = replace(preset, start=start if isinstance(start, str) and start in GROUNDS else "photo")
    if steps is not None:
        count("steps", steps)
        preset = replace(preset, steps=steps)
    return preset


def _sizes(model: Model, preset: Preset, size: int | str | Size | None) -> list[Size]:
    """The stages' sizes; a size that is given is the last one, and the others keep their ratio to it."""
    wanted = sized(size)
    if wanted is None:
        return [(side, side) for side in preset.sizes] or [model.size]
    last = (wanted, wanted) if isinstance(wanted, int) else wanted
    ratios = [side / preset.sizes[-1] for side in preset.sizes] or [1.0]
    return [(max(1, round(last[0] * ratio)), max(1, round(last[1] * ratio))) for ratio in ratios]


def _check_size(model: Model, layers: Sequence[str], size: Size) -> None:
    if min(size) >= min(model.size):
        return
    smallest = model.smallest_side(layers)
    if min(size) < smallest:
        raise InvalidSetting(
            f"{model.name} does not run on a picture of {size[0]}x{size[1]} up to "
            f"{', '.join(sorted(set(layers)))}: the smallest side is {smallest}; "
            "give a larger --size"
        )


def _response(model: Model, unit: Unit, reduction: str) -> Objective:
    # the plain mean of a whole layer is no feature: its strongest responses are
    reduction = "mean-square" if reduction == "mean" and not unit.channels else reduction
    return response(model, unit, reduction)


def _photo(model: Model, preset: Preset, start: Photo | None, size: Size) -> Tensor | None:
    """The photo that is started from, if any."""
    return taken(model, read_at(start, size)) if start is not None and preset.start == "photo" else None


def _material(
    model: Model, part: Parameterization, alpha: str | None, spectrum: str | Path | None
) -> tuple[Parameterization, str | None, float]:
    """What the picture is made of, the kind of its opacity, and what opaque parts cost."""
    if isinstance(part, Latent) and part.channels != model.channels:
        painter = type(part.decoder).__name__
        raise InvalidSetting(
            f"{painter} paints {part.channels} channels and {model.name} takes {model.channels}; they must be as many"
        )
    if isinstance(part, Alpha):  # what an optimised opacity makes of another one
        part, alpha = part.inner, alpha or "optimised"
    part = with_spectrum(part, measured(spectrum))
    if alpha is None:
        return part, None, 0.0
    kind, cost = weighted(alpha)
    return (with_alpha(part, model.channels) if kind == "optimised" else part), kind, cost


def _masked(model: Model, preset: Preset, part: Parameterization, canvas: Canvas, size: Size) -> Parameterization:
    """Confined to a mask, if any, over the start photo, or the plain ground of another start (grey for noise)."""
    mask, start = canvas.mask, canvas.start
    if mask is None:
        return part
    if isinstance(part, Alpha):
        raise InvalidSetting("a mask goes with no optimised opacity; leave out one of both")
    ground = _photo(model, preset, start, size)
    if ground is None:
        ground = blank(0.0 if preset.start == "zero" else 0.5, model.channels, size).to(model.device)
    return masked(part, mask, ground, same_shape=False)


def _window(model: Model, wishes: Sequence[Wish], sizes: Sequence[Size]) -> tuple[Window, Size] | None:
    """The part of the picture that positional units see, where all see the same and it is less than the whole."""
    units = [term.unit for wish in wishes for term in wish.units]
    if any(wish.built for wish in wishes) or not any(unit.positional for unit in units):
        return None
    parts = {_seen(model, unit, sizes[-1]) for unit in units}
    if len(parts) > 1 or len(sizes) > 1 or model.takes_one_size([unit.layer for unit in units]):
        return None
    (top, bottom), (left, right) = parts.pop()
    part, layers = (bottom - top, right - left), [unit.layer for unit in units]
    if part == sizes[-1] or rules(model, layers, part) != rules(model, layers, sizes[-1]):
        return None
    return Window(sizes[-1], top, left), part


def _seen(model: Model, unit: Unit, size: Size) -> tuple[tuple[int, int], tuple[int, int]]:
    extents = rules(model, [unit.layer], size)
    if extents is None:
        return (0, size[0]), (0, size[1])
    rows, columns = extents[0]
    return _span(model, unit.rows, rows, size[0]), _span(model, unit.columns, columns, size[1])


def _span(model: Model, positions: tuple[int, int] | None, extent: Extent, length: int) -> tuple[int, int]:
    """First and last pixel that positions see, such that the grid stays where it was."""
    return (0, length) if positions is None else cut(model, extent.span(*positions, length), length, extent.period)


def _shifted(model: Model, unit: Unit, window: tuple[Window, Size]) -> Unit:
    stride = model.layer(unit.layer).stride
    assert stride is not None
    return unit.shifted(window[0].top // stride[0], window[0].left // stride[1])
