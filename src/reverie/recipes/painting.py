"""Painting: a photo in the style of others, the statistics of their textures on its shapes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from reverie.errors import InvalidSetting, UnknownName, UnsuitableImage
from reverie.image import Photo, Size, fit, grey, read, read_at, read_opacity, resize
from reverie.models.model import Model
from reverie.models.receptive_fields import rules
from reverie.objectives import Objective, features, gram
from reverie.objectives.statistics import gram_matrix, gram_sums
from reverie.parameterizations import Fourier, Parameterization, SoftPixels
from reverie.parameterizations.luminance import Luminance
from reverie.recipes.origins import recorded
from reverie.recipes.style_layers import content_layers, layer_weights, style_layers, weight_of
from reverie.recipes.terms import minus_priors
from reverie.settings.fields import sized
from reverie.settings.style import Style
from reverie.synthesis.ascent import Ascent
from reverie.synthesis.gathering import swept
from reverie.synthesis.recipe import Recipe, Stage, check, count
from reverie.synthesis.tiling import automatic_tile
from reverie.unit import Unit

COLORS = ("style", "luminance", "matched")
RATES: Mapping[str, tuple[float, float]] = {"lbfgs": (0.005, 0.005), "adam": (0.02, 0.005)}
PRIOR = ("total-variation=0.3",)
SMALLEST = 96  # short side of the first size


@recorded(Style)
def style(model: Model, asked: Style) -> Recipe:
    """Paints a photo in the style of one or several pictures, from small to large.

    Raises:
        UnsuitableImage: a picture that cannot be read, or too small for the network.
        UnknownName: no such layer, choice of colours or prior.
        InvalidSetting: a number out of range, or settings that do not go together.

    Source: Gatys, Ecker, Bethge 2016; differs: relative losses (see `gram` and `features`), several sizes.
    """
    _check(model, asked.colors, asked.start, asked.ascent, asked.octaves, asked.content, asked.style_scale)
    picture = _read(model, asked.photo, asked.size)
    full = int(picture.shape[-2]), int(picture.shape[-1])
    paintings = _paintings(
        model, picture, asked.styles, asked.style_weight, asked.region, asked.style_region, asked.colors
    )
    taken = _Layers(
        layer_weights(model, asked.layers, style_layers),
        layer_weights(model, asked.content_layers, content_layers),
        asked.content,
    )
    sizes = _sizes(model, full, asked.octaves, taken.names)
    side = _tile(model, taken.names, full, asked.tile)
    stages = []
    for area in sizes:
        objective = _objective(model, picture, paintings, taken, area, asked.style_scale, side)
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


@dataclass(frozen=True)
class _Painting:
    """A style picture, its weight, where to take it from and where to paint it."""

    picture: Tensor
    weight: float
    source: Tensor | None
    region: Tensor | None


@dataclass(frozen=True)
class _Layers:
    """Layers with weights, and the content's weight against the style's."""

    style: Mapping[str, float]
    shapes: Mapping[str, float]
    content: float

    @property
    def names(self) -> list[str]:
        """All of them, each once."""
        return list(dict.fromkeys([*self.style, *(self.shapes if self.content else {})]))


def _check(
    model: Model, colors: str, start: str, ascent: str, octaves: int, content: float, style_scale: float
) -> None:
    for what, given, known in (
        ("choice of colours", colors, COLORS), ("start", start, ("photo", "noise")), ("ascent", ascent, tuple(RATES)),
    ):  # fmt: skip
        if given not in known:
            raise UnknownName(f"there is no {what} '{given}' for a painting; allowed are {', '.join(known)}")
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
    regions: Sequence[Photo],
    sources: Sequence[Photo],
    colors: str,
) -> list[_Painting]:
    several: list[Photo] = list(styles) if isinstance(styles, list | tuple) else [styles]  # type: ignore[list-item]
    if not several:
        raise InvalidSetting("no style is named; name at least one picture")
    for flag, given in (("--style-weight", weights), ("--region", regions), ("--style-region", sources)):
        if given and len(given) != len(several):
            raise InvalidSetting(f"{len(given)} {flag} do not fit {len(several)} styles; give one for each, or none")
    out = []
    for index, each in enumerate(several):
        own = read(each).to(model.device)
        own = own if colors == "style" else recoloured(own, picture)
        weight = weight_of(weights[index]) if weights else 1.0
        masks = [grey(read(given[index])).to(model.device) if given else None for given in (sources, regions)]
        out.append(_Painting(own, weight, masks[0], masks[1]))
    if sum(item.weight for item in out) <= 0:
        raise InvalidSetting("the styles' weights add up to nothing; give at least one above 0")
    return out


def recoloured(picture: Tensor, like: Tensor) -> Tensor:
    """A picture [1,3,H,W] with the mean and covariance of another one's colours.

    Source: Gatys, Bethge, Hertzmann, Shechtman 2016, section 3.1, with the symmetric square root of the covariance.
    """
    own, other = (item[0].flatten(1).double().cpu() for item in (picture, like))
    turn = _root(other.cov(), 0.5) @ _root(own.cov(), -0.5)
    moved = turn @ (own - own.mean(1, keepdim=True)) + other.mean(1, keepdim=True)
    return moved.view(1, *picture.shape[1:]).to(picture).clamp(0, 1)


def _root(covariance: Tensor, power: float) -> Tensor:
    values, vectors = torch.linalg.eigh(covariance)
    root: Tensor = vectors @ torch.diag(values.clamp_min(1e-6) ** power) @ vectors.T
    return root


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


def _objective(
    model: Model,
    picture: Tensor,
    paintings: Sequence[_Painting],
    taken: _Layers,
    area: Size,
    scale: float,
    side: int | None,
) -> Objective:
    """The content's term for each of its layers, the style's for each of its own, at one size."""
    shown = resize(picture, area).clamp(0, 1)
    masked = any(painting.region is not None for painting in paintings)
    maps = _maps(model, shown, [*(taken.shapes if taken.content else {}), *(taken.style if masked else {})], side)
    terms = []
    if taken.content:
        terms += [taken.content * weight * features(Unit(name), maps[name]) for name, weight in taken.shapes.items()]
    matrices = [_matrices(model, painting, list(taken.style), area, scale, side) for painting in paintings]
    total = sum(painting.weight for painting in paintings)
    for name, weight in taken.style.items():
        if not masked:
            shares = [painting.weight / total for painting in paintings]
            blend = torch.stack([share * own[name] for share, own in zip(shares, matrices, strict=True)]).sum(0)
            terms.append(weight * gram(name, blend))
            continue
        for painting, own in zip(paintings, matrices, strict=True):
            mask = None if painting.region is None else _on_grid(painting.region, maps[name])
            terms.append(weight * painting.weight / total * gram(name, own[name], mask=mask))
    first, *rest = terms
    return sum(rest, first)


def _maps(model: Model, shown: Tensor, layers: Sequence[str], side: int | None) -> dict[str, Tensor]:
    """Whole maps [1,C,h,w] of the layers, put together from tiles."""
    if not layers:
        return {}
    names = list(dict.fromkeys(layers))
    bands: dict[str, list[list[Tensor]]] = {name: [] for name in names}
    for found in swept(model, shown, names, side):
        for name in names:
            columns = found.places[name][1]
            if columns.start in (0, None):
                bands[name].append([])
            bands[name][-1].append(found[name])
    return {name: torch.cat([torch.cat(band, -1) for band in rows], -2) for name, rows in bands.items()}


def _matrices(
    model: Model, painting: _Painting, layers: Sequence[str], area: Size, scale: float, side: int | None
) -> dict[str, Tensor]:
    """The style picture's Gram matrices [1,C*C], its long side `scale` times that of the painting."""
    own = int(painting.picture.shape[-2]), int(painting.picture.shape[-1])
    size = fit(own, max(1, round(max(area) * scale)))
    smallest = model.smallest_side(layers)
    if min(size) < smallest:
        raise UnsuitableImage(
            f"a style picture of {size[1]}x{size[0]} is too small for {model.name} up to {', '.join(layers)}: "
            f"the smallest side is {smallest}; raise --style-scale, or name shallower layers"
        )
    shown = resize(painting.picture, size).clamp(0, 1)
    cut = side if size[0] * size[1] >= 4 * (side or 0) ** 2 else None
    mask = None if painting.source is None else _maps(model, shown, layers, cut)
    sums: dict[str, Tensor] = {}
    for found in swept(model, shown, layers, cut):
        for name in layers:
            part = None
            if mask is not None and painting.source is not None:
                part = found.part(name, _on_grid(painting.source, mask[name]))
            added = gram_sums(found[name], part)
            sums[name] = sums[name] + added if name in sums else added
    return {name: gram_matrix(total) for name, total in sums.items()}


def _on_grid(mask: Tensor, values: Tensor) -> Tensor:
    """A mask as shares of the positions of a layer's map."""
    size = int(values.shape[-2]), int(values.shape[-1])
    shares = functional.adaptive_avg_pool2d(mask, size) if min(mask.shape[-2:]) >= max(size) else resize(mask, size)
    return shares.clamp(0, 1)
