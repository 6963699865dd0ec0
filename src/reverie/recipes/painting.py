"""Painting: a photo in the style of others, the statistics of their textures on its shapes."""

import math
from collections.abc import Mapping, Sequence

from torch import Tensor

from reverie.errors import InvalidSetting, UnsuitableImage
from reverie.image import Photo, Size, grey, read, read_at, read_opacity
from reverie.models.model import Model
from reverie.models.receptive_fields import rules
from reverie.parameterizations import Fourier, Parameterization, SoftPixels
from reverie.parameterizations.luminance import Luminance
from reverie.recipes.origins import recorded
from reverie.recipes.style_layers import content_layers, layer_weights, style_layers, weight_of
from reverie.recipes.style_terms import Layers, Painting, recoloured, style_objective
from reverie.recipes.terms import minus_priors
from reverie.settings.fields import sized
from reverie.settings.style import StyleTransfer
from reverie.synthesis.ascent import Ascent
from reverie.synthesis.recipe import Recipe, Stage, check, count
from reverie.synthesis.tiling import automatic_tile

RATES: Mapping[str, tuple[float, float]] = {"lbfgs": (0.005, 0.005), "adam": (0.02, 0.005)}
PRIOR = ("total-variation=0.3",)
SMALLEST = 96  # short side of the first size


@recorded(StyleTransfer)
def style(model: Model, asked: StyleTransfer) -> Recipe:
    """Paints a photo in the style of one or several pictures, from small to large.

    Raises:
        UnsuitableImage: a picture that cannot be read, or too small for the network.
        UnknownName: no such layer, choice of colours or prior.
        InvalidSetting: a number out of range, or settings that do not go together.

    Source: Gatys, Ecker, Bethge 2016; differs: relative losses (see `gram` and `features`), several sizes.
    """
    _check(model, asked.octaves, asked.content, asked.style_scale)
    picture = _read(model, asked.photo, asked.size)
    full = int(picture.shape[-2]), int(picture.shape[-1])
    paintings = _paintings(
        model, picture, asked.styles, asked.style_weight, asked.region, asked.style_region, asked.colors,
        asked.style_scale,
    )  # fmt: skip
    taken = Layers(
        layer_weights(model, asked.layers, style_layers),
        layer_weights(model, asked.content_layers, content_layers),
        asked.content,
    )
    sizes = _sizes(model, full, asked.octaves, taken.names)
    side = _tile(model, taken.names, full, asked.tile)
    stages = []
    for area in sizes:
        objective = style_objective(model, picture, paintings, taken, area, asked.style_scale, side)
        ends = (
            RATES[asked.ascent]
            if asked.rate is None
            else (asked.rate, asked.rate * RATES[asked.ascent][1] / RATES[asked.ascent][0])
        )
        chosen = Ascent(asked.ascent, ends, "cosine", betas=(0.9, 0.99))
        objective = minus_priors(objective, PRIOR if asked.prior is None else asked.prior, picture)
        stages.append(Stage((objective,), area, asked.steps, chosen))
    return Recipe(
        names=("painting",),
        stages=tuple(stages),
        parameterization=_made_of(picture, asked.colors, asked.ascent, local=bool(asked.region)),
        start=asked.start,
        photo=picture,
        opacity=read_opacity(asked.photo, full),
        seed=asked.seed,
        tile=side,
        labels=("painting",),
    )


def _made_of(picture: Tensor, colors: str, ascent: str, *, local: bool) -> Parameterization:
    """Fourier features, on which L-BFGS comes furthest; pixels where changes must stay in their place, or for Adam."""
    if colors == "luminance":
        return Luminance(picture)
    return Fourier() if ascent == "lbfgs" and not local else SoftPixels()


def _check(model: Model, octaves: int, content: float, style_scale: float) -> None:
    count("octaves", octaves, 1, 12)
    check("content", content, 0)
    check("style_scale", style_scale, 0.05, 20)
    if model.channels != 3:
        raise InvalidSetting(f"{model.name} takes {model.channels} channels; a painting has 3")


def _read(model: Model, photo: Photo, size: int | str | Size | None) -> Tensor:
    return read_at(photo, sized(size)).to(model.device)


def _paintings(
    model: Model,
    picture: Tensor,
    styles: Photo | Sequence[Photo],
    weights: Sequence[str | float],
    regions: Sequence[Photo | None],
    sources: Sequence[Photo | None],
    colors: str,
    scale: float,
) -> list[Painting]:
    several: list[Photo] = list(styles) if isinstance(styles, list | tuple) else [styles]  # type: ignore[list-item]
    if not several:
        raise InvalidSetting("no style is named; name at least one picture")
    for flag, given in (("--style-weight", weights), ("--region", regions), ("--style-region", sources)):
        if given and len(given) != len(several):
            raise InvalidSetting(f"{len(given)} {flag} do not fit {len(several)} styles; give one for each, or none")
    enough, out = math.ceil(max(1.0, scale) * max(picture.shape[-2:])), []
    for index, each in enumerate(several):
        own = read(each, enough).to(model.device)
        own = own if colors == "style" else recoloured(own, picture)
        weight = weight_of(weights[index]) if weights else 1.0
        source, region = (given[index] if given else None for given in (sources, regions))
        out.append(Painting(own, weight, _mask(model, source, enough), _mask(model, region, enough)))
    if sum(item.weight for item in out) <= 0:
        raise InvalidSetting("the styles' weights add up to nothing; give at least one above 0")
    return out


def _mask(model: Model, photo: Photo | None, enough: int) -> Tensor | None:
    return None if photo is None else grey(read(photo, enough)).to(model.device)


def _sizes(model: Model, full: Size, octaves: int, layers: Sequence[str]) -> list[Size]:
    if model.takes_one_size(layers):
        raise InvalidSetting(f"{model.name} takes one size only; paint with a network of convolutions")
    smallest = model.smallest_side(layers)
    if min(full) < smallest:
        raise UnsuitableImage(
            f"the photo is {full[1]}x{full[0]}, too small for {model.name} up to {', '.join(layers)}: "
            f"the smallest side is {smallest}; give a larger --size"
        )
    sizes = [(round(full[0] / 2**k), round(full[1] / 2**k)) for k in reversed(range(octaves))]
    return [size for size in sizes[:-1] if min(size) >= max(SMALLEST, smallest)] + sizes[-1:]


def _tile(model: Model, layers: Sequence[str], full: Size, tile: int | None) -> int | None:
    if tile is not None:
        return tile or None
    return automatic_tile(full, model.device) if rules(model, layers, full) is not None else None
