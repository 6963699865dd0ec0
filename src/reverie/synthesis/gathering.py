"""Gathering: score and gradient of a large picture, tile by tile, exactly as those of the whole.

An objective is a function of sums over positions. A first pass over the tiles adds the sums up; a second one takes the
gradient of each tile's share in them. Tiles overlap by what their positions see, and each position counts in one tile
only, so nothing is cut. Memory holds one tile's activations at a time.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from reverie.errors import InvalidSetting
from reverie.image import Size
from reverie.models.extents import Extent
from reverie.models.model import Model
from reverie.models.probe import Activations, probe
from reverie.models.receptive_fields import cut, rules
from reverie.objectives import Objective

Place = tuple[slice, slice]


@dataclass(frozen=True)
class Tile:
    """A part of a picture, and the positions of each layer that are its own.

    Attributes:
        pixels: all that its positions see.
        places: its positions in the whole picture's grid, by layer.
        inner: the same in its own grid.
    """

    pixels: Place
    places: Mapping[str, Place]
    inner: Mapping[str, Place]


@dataclass(frozen=True)
class _Span:
    """One axis of a tile."""

    pixels: slice
    side: int
    places: tuple[slice, ...]
    inner: tuple[slice, ...]


def overlapping(model: Model, layers: Sequence[str], size: Size, side: int | None) -> list[Tile]:
    """Tiles of about this side and their overlap, row by row; one whole tile where the side is None.

    Raises:
        InvalidSetting: a layer that sees the whole picture.
    """
    if side is None:
        everything = slice(None), slice(None)
        return [Tile(everything, dict.fromkeys(layers, everything), dict.fromkeys(layers, everything))]
    extents = rules(model, layers, size)
    if extents is None:
        raise _unfit(model, layers, size)
    rows, columns = (_spans(model, size[axis], side, [extent[axis] for extent in extents]) for axis in (0, 1))
    for sides in {(row.side, column.side) for row in rows for column in columns}:
        if rules(model, layers, sides) != extents:
            raise _unfit(model, layers, size)
    return [
        Tile(
            (row.pixels, column.pixels),
            dict(zip(layers, zip(row.places, column.places, strict=True), strict=True)),
            dict(zip(layers, zip(row.inner, column.inner, strict=True), strict=True)),
        )
        for row in rows
        for column in columns
    ]


def _unfit(model: Model, layers: Sequence[str], size: Size) -> InvalidSetting:
    """Why a picture of this size cannot be parted."""
    whole = [layer for layer in layers if model.layer(layer).receptive_field is None]
    if whole:
        return InvalidSetting(f"'{whole[0]}' of {model.name} sees the whole picture at once; leave out --tile")
    return InvalidSetting(
        f"what '{layers[-1]}' of {model.name} sees in a tile is not what it sees in the whole picture of "
        f"{size[0]}x{size[1]}; leave out --tile"
    )


def _spans(model: Model, length: int, side: int, extents: Sequence[Extent]) -> list[_Span]:
    """The tiles along one axis; they begin where all grids do, so that each position is where it was."""
    period = math.lcm(*(extent.period for extent in extents))
    count = max(1, round(length / side))
    edges = sorted({length * index // count // period * period for index in range(count)})
    pairs = zip(edges, [*edges[1:], length], strict=True)
    return [_span(model, low, high, length, period, extents) for low, high in pairs]


def _span(model: Model, low: int, high: int, length: int, period: int, extents: Sequence[Extent]) -> _Span:
    seen = [extent.span(low // extent.stride, high // extent.stride - 1, length) for extent in extents]
    last = length if high == length else max(stop for _, stop in seen)
    begin, end = cut(model, (min(first for first, _ in seen), last), length, period)
    places, inner = [], []
    for extent in extents:
        stop = None if high == length else high // extent.stride
        before = begin // extent.stride
        places.append(slice(low // extent.stride, stop))
        inner.append(slice(low // extent.stride - before, None if stop is None else stop - before))
    return _Span(slice(begin, end), end - begin, tuple(places), tuple(inner))


def seen(model: Model, image: Tensor, layers: Sequence[str], tile: Tile) -> Activations:
    """A tile's own activations; `image` is the tile's pixels."""
    found = probe(model, image, layers)
    values = {layer: found[layer][(..., *tile.inner[layer])] for layer in layers}
    return Activations(values, image, tile.places)


def swept(model: Model, image: Tensor, layers: Sequence[str], side: int | None) -> Iterator[Activations]:
    """The activations of a picture [1,C,H,W], tile by tile, row by row, without gradients."""
    size = int(image.shape[-2]), int(image.shape[-1])
    for tile in overlapping(model, layers, size, side):
        with torch.no_grad():
            yield seen(model, image[(..., *tile.pixels)], layers, tile)


def gathered_slope(model: Model, objective: Objective, image: Tensor, side: int) -> tuple[Tensor, Tensor]:
    """Score [1] and the gradient of minus it, as the image [1,C,H,W]."""
    layers = objective.layers
    own = [(weight, term) for weight, term in objective.terms if term.layers]
    priors = Objective(tuple(item for item in objective.terms if not item[1].layers))
    tiles = overlapping(model, layers, (int(image.shape[-2]), int(image.shape[-1])), side)

    def sums(pixels: Tensor, tile: Tile) -> list[Tensor]:
        activations = seen(model, pixels, layers, tile)
        return [term.statistics(activations) for _, term in own]

    with torch.no_grad():
        totals = sums(image[(..., *tiles[0].pixels)], tiles[0])
        for tile in tiles[1:]:
            totals = [a + b for a, b in zip(totals, sums(image[(..., *tile.pixels)], tile), strict=True)]
    with torch.enable_grad():
        totals = [total.requires_grad_() for total in totals]
        score = torch.stack([weight * term.score(total) for (weight, term), total in zip(own, totals, strict=True)])
        slopes = torch.autograd.grad(-score.sum(), totals)
    total, gradient = score.detach().sum(0), torch.zeros_like(image)
    if priors.terms:
        with torch.enable_grad():
            whole = image.detach().requires_grad_()
            cost = priors.score(Activations({}, whole))
            gradient += torch.autograd.grad(-cost.sum(), whole)[0]
        total = total + cost.detach()
    for tile in tiles:
        with torch.enable_grad():
            pixels = image[(..., *tile.pixels)].detach().requires_grad_()
            (slope,) = torch.autograd.grad(sums(pixels, tile), pixels, slopes)
        gradient[(..., *tile.pixels)] += slope
    return total, gradient
