"""Effective field: the part of what a position sees to which it answers."""

from dataclasses import replace

import torch
from torch import Tensor

from reverie.attribution.method_table import method_named
from reverie.models.layers import Box
from reverie.models.model import Model
from reverie.objectives import activation
from reverie.unit import Unit

LARGE, MOST = 32, 0.6  # pixels of a large part's side; share of it that is worth an outline at most
HELD = 0.8  # of the gradient's weight along each axis lies within the box


def gradient_at(model: Model, picture: Tensor, unit: Unit, place: tuple[int, int], method: str = "gradient") -> Tensor:
    """What a channel's position answers to in a picture [C,H,W], by a method of gradients; signed [C,H,W]."""
    row, column = place
    there = unit if model.layer(unit.layer).size is None else replace(unit, rows=(row, row), columns=(column, column))
    *_, estimate = method_named(method).estimates(model, picture[None].to(model.device), activation(there))
    return estimate.raw.float().cpu()


def effective_box(gradient: Tensor, held: float = HELD) -> Box | None:
    """The rows and columns in the middle of a gradient's [C,H,W] weight; None where it is 0: nothing fired.

    Source: Luo et al. 2016, of whose effective receptive field this is the extent on one picture.
    """
    weight = gradient.abs().sum(0)
    if float(weight.sum()) == 0:
        return None
    rows, columns = (_middle(weight.sum(axis), held) for axis in (1, 0))
    return rows, columns


def fired(model: Model, picture: Tensor, unit: Unit, place: tuple[int, int], box: Box) -> Box | None:
    """Where in a large part of a picture [C,H,W] a position fired.

    None in a small part, where most of it has a say, and of a layer that has no positions, such as the logits.
    """
    sides = [stop - start for start, stop in box]
    if min(sides) < LARGE or not model.layer(unit.layer).placed:
        return None
    found = effective_box(gradient_at(model, picture, unit, place))
    inner = 0 if found is None else (found[0][1] - found[0][0]) * (found[1][1] - found[1][0])
    return found if inner < MOST * sides[0] * sides[1] else None


def _middle(weight: Tensor, held: float) -> tuple[int, int]:
    """First and one past the last place between which a share of a line's weight lies, in its middle."""
    reached = weight.double().cumsum(0) / weight.double().sum()
    ends = torch.tensor([(1 - held) / 2, (1 + held) / 2], dtype=torch.float64)
    first = int(torch.searchsorted(reached, ends[:1], right=True))
    last = int(torch.searchsorted(reached, ends[1:]))
    return min(first, len(weight) - 1), min(last, len(weight) - 1) + 1
