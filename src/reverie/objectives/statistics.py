"""Terms that compare statistics of a layer over positions: what stays when it is forgotten where things were."""

from typing import Any

import torch
from torch import Tensor

from reverie.models.probe import Activations
from reverie.objectives.objective import Objective, Term, constructor


def gram_sums(value: Tensor, mask: Tensor | None = None) -> Tensor:
    """Products of every two channels of [N,C,h,w], summed over positions, and the number of positions: [N,C*C+1].

    Args:
        mask: [1,1,h,w], how much each position counts.
    """
    count = value.new_full((len(value), 1), value[0, 0].numel())
    if mask is not None:
        value, count = value * mask.sqrt(), mask.sum().expand(len(value), 1)
    rows = value.permute(0, 2, 3, 1).flatten(1, 2)  # no copy where the network runs channels-last
    return torch.cat([_Products.apply(rows).flatten(1), count], 1)  # type: ignore[no-untyped-call]


class _Products(torch.autograd.Function):
    """rows' x rows of [N,P,C]: symmetric, so that its gradient is one product where autograd would take two."""

    @staticmethod
    def forward(ctx: Any, rows: Tensor) -> Tensor:
        ctx.save_for_backward(rows)
        return torch.bmm(rows.transpose(1, 2), rows)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        (rows,) = ctx.saved_tensors
        return torch.bmm(rows, gradients[0] + gradients[0].transpose(1, 2))


def gram_matrix(sums: Tensor) -> Tensor:
    """Mean products of channels [N,C*C] from their sums."""
    return sums[:, :-1] / sums[:, -1:].clamp_min(1e-8)


@constructor
def gram(layer: str, target: Tensor, *, mask: Tensor | None = None) -> Objective:
    """Minus the squared distance of a layer's Gram matrix from a target, over the target's squared norm.

    Args:
        target: [1,C*C], mean products of channels.
        mask: [1,1,h,w] on the layer's grid, where the picture is to have them.

    Source: Gatys, Ecker, Bethge 2016, equations 3 and 4, with masks as in Gatys et al. 2017; differs: means over
    positions, and relative to the target, so that a weight means the same for every layer, size and network.
    """
    norm = target.square().sum().clamp_min(1e-12)

    def statistics(activations: Activations) -> Tensor:
        return gram_sums(activations[layer], None if mask is None else activations.part(layer, mask))

    def score(sums: Tensor) -> Tensor:
        return -(gram_matrix(sums) - target).square().sum(1) / norm

    text = f"gram({layer})" if mask is None else f"masked-gram({layer})"
    return Objective(((1.0, Term(text, (layer,), statistics, score, tiles=False, gathers=True, excites=False)),))
