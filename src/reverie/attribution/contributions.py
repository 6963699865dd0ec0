"""Contributions: how much of a unit's response each activation of an earlier layer brings."""

import torch
from torch import Tensor

from reverie.attribution.cam import layer_slope
from reverie.models.model import Model
from reverie.objectives import Objective


def contributions(model: Model, image: Tensor, objective: Objective, layer: str) -> Tensor:
    """A layer's activation times the gradient of the score, [1,K,h,w]: to first order, what each number adds to it.

    Where all behind the layer is linear they add up to the score but for its biases.

    Args:
        image: [1,C,H,W] in [0,1].

    Raises:
        InvalidSetting: the layer does not lead to the unit.

    Source: Olah et al. 2018, "The Building Blocks of Interpretability", section on attribution.
    """
    value, slope = layer_slope(model, image, objective, layer)
    return value * slope


def speaking_for(model: Model, image: Tensor, objective: Objective, layer: str) -> Tensor:
    """A layer's activation [1,K,h,w], weighed by how much each number raises the score; 0 where it lowers it."""
    value, slope = layer_slope(model, image, objective, layer)
    return torch.where(value * slope > 0, value * slope.abs(), 0)
