"""What a painting is scored by: the shapes of a photo, and the statistics of styles on a network's layers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from reverie.errors import UnsuitableImage
from reverie.image import Size, fit, resize
from reverie.models.model import Model
from reverie.objectives import Objective, features, gram
from reverie.objectives.statistics import gram_matrix, gram_sums
from reverie.synthesis.gathering import swept
from reverie.unit import Unit


@dataclass(frozen=True)
class Painting:
    """A style picture, its weight, where to take it from and where to paint it."""

    picture: Tensor
    weight: float
    source: Tensor | None
    region: Tensor | None


@dataclass(frozen=True)
class Layers:
    """Layers with weights, and the content's weight against the style's."""

    style: Mapping[str, float]
    shapes: Mapping[str, float]
    content: float

    @property
    def names(self) -> list[str]:
        """All of them, each once."""
        return list(dict.fromkeys([*self.style, *(self.shapes if self.content else {})]))


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


def style_objective(
    model: Model,
    picture: Tensor,
    paintings: Sequence[Painting],
    taken: Layers,
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
    model: Model, painting: Painting, layers: Sequence[str], area: Size, scale: float, side: int | None
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
