"""Whitening: activations seen in units of how they usually vary, so that what all of them share counts no more."""

import torch
from torch import Tensor
from torch.nn import functional

from reverie.objectives.activation_terms import select
from reverie.objectives.directions import along, position_mean
from reverie.objectives.objective import Objective, constructor
from reverie.unit import Unit

RIDGE = 0.3  # of the mean variance, added to every direction: those in which hardly anything varies are not blown up


def whitening(vectors: Tensor) -> Tensor:
    """The symmetric matrix [C,C] that makes activations [N,C] uncorrelated and of one size, about 0.

    Source: Carter et al. 2019, "Activation Atlas": the inverse of the activations' correlation matrix, which is this
    one's square; differs: a ridge, so that it exists for dead channels and for fewer vectors than channels.
    """
    vectors = vectors.double()
    moments = vectors.T @ vectors / max(1, len(vectors))
    ridge = RIDGE * float(moments.diagonal().mean()) + 1e-12
    values, axes = torch.linalg.eigh(moments + ridge * torch.eye(len(moments), dtype=moments.dtype))
    matrix: Tensor = ((axes * values.clamp_min(ridge).rsqrt()) @ axes.T).float()
    return matrix


@constructor
def whitened_direction(
    unit: Unit | str, vector: Tensor, matrix: Tensor, *, cosine: float = 2.0, name: str = "whitened"
) -> Objective:
    """How far a layer's whitened activation points along a vector's, mean over positions.

    Args:
        unit: a layer, or a part of its positions; without channels.
        vector: [C], an activation; its length does not count.
        matrix: [C,C], see `whitening`.
        cosine: power of the cosine, among whitened activations, by which the dot product is weighed.

    Source: lucid's `direction_neuron_cossim_S` (Carter et al. 2019); differs: the cosine is that of the whitened
    activations, in which the dot product is taken too.
    """
    unit = Unit(unit) if isinstance(unit, str) else unit
    target = functional.normalize(matrix @ vector.detach().float(), dim=0).view(1, -1, 1, 1)

    def per_position(value: Tensor) -> Tensor:
        there = matrix.to(value.device)
        seen = torch.einsum("dc,nchw->ndhw", there, select(value, unit))
        return along(seen, target.to(value.device), cosine)

    text = f"{name}({unit})" if not cosine else f"{name}^{cosine:g}({unit})"
    return position_mean(text, unit.layer, per_position, tiles=not unit.positional and unit.layer != "logits")
