"""Tiles: the gradient of a large picture, part by part, with a new random shift each step so that no seam can form."""

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise

import torch
from torch import Tensor

from reverie.image import Size
from reverie.models.model import Model
from reverie.models.probe import Activations, probe
from reverie.objectives import Objective, scores
from reverie.objectives.objective import joint
from reverie.randomness import Generators

Pieces = tuple[list[slice], list[slice]]


def automatic_tile(size: Size, device: torch.device) -> int | None:
    """The tile's side for a picture of this size: None where the whole picture is the faster way."""
    small, tile = (1024 * 1024, 512) if device.type == "cpu" else (4096 * 4096, 2048)
    return tile if size[0] * size[1] >= small else None


def tiles(size: Size, side: int, shift: tuple[int, int]) -> Iterator[Pieces]:
    """Disjoint tiles of nearly equal sides that cover a picture, wrapped round its edges."""

    def spans(length: int, start: int) -> list[list[slice]]:
        count = max(1, round(length / side))
        edges = [length * index // count for index in range(count + 1)]
        return [_wrapped((low + start) % length, high - low, length) for low, high in pairwise(edges)]

    for rows in spans(size[0], shift[0]):
        for columns in spans(size[1], shift[1]):
            yield rows, columns


def _wrapped(start: int, count: int, length: int) -> list[slice]:
    stop = start + count
    return [slice(start, stop)] if stop <= length else [slice(start, length), slice(0, stop - length)]


def take(image: Tensor, pieces: Pieces) -> Tensor:
    """A copy of one tile."""
    rows, columns = pieces
    return torch.cat([torch.cat([image[..., r, c] for c in columns], -1) for r in rows], -2)


def put(image: Tensor, pieces: Pieces, tile: Tensor) -> None:
    """Writes a tile back to its place."""
    top = 0
    for rows in pieces[0]:
        left = 0
        for columns in pieces[1]:
            height, width = rows.stop - rows.start, columns.stop - columns.start
            image[..., rows, columns] = tile[..., top : top + height, left : left + width]
            left += width
        top += rows.stop - rows.start


def tiled_slope(
    model: Model,
    objectives: Sequence[Objective],
    image: Tensor,
    side: int,
    generators: Generators,
    seen: Callable[[Activations, float], None] | None = None,
) -> tuple[Tensor, Tensor]:
    """Score [N] and the gradient of minus its sum, as the image [N,C,H,W].

    A tile's score counts by its share of the picture, so that means over positions are means over the picture (but
    for the tiles' own edges). Memory holds one tile's activations at a time.

    Args:
        seen: hears each tile's activations and its share of the picture.
    """
    height, width = int(image.shape[-2]), int(image.shape[-1])
    shift = [int(torch.randint(0, length, (), generator=generators[0])) for length in (height, width)]
    whole = joint(objectives)
    channels = whole.channels if seen is None else ()
    gradient, total = torch.empty_like(image), image.new_zeros(image.shape[0])
    for pieces in tiles((height, width), side, (shift[0], shift[1])):
        with torch.enable_grad():
            part = take(image, pieces).requires_grad_()
            share = part.shape[-2] * part.shape[-1] / (height * width)
            activations = probe(model, part, whole.layers, channels=channels)
            if seen is not None:
                seen(activations, share)
            score = scores(objectives, activations) * share
            (slope,) = torch.autograd.grad(-score.sum(), part)
        put(gradient, pieces, slope)
        total += score.detach()
    return total, gradient
