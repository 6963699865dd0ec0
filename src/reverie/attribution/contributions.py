"""Contributions: what each activation of an earlier layer brings to a unit's response, to first order."""

import torch
from torch import Tensor

from reverie.attribution.cam import layer_slope
from reverie.models.model import Model
from reverie.objectives import Objective


def speaking_for(model: Model, image: Tensor, objective: Objective, layer: str) -> Tensor:
    """A layer's activation [1,K,h,w], weighed by how much each number raises the score; 0 where it lowers it.

    Args:
        image: [1,C,H,W] in [0,1].

    Raises:
        InvalidSetting: the layer does not lead to the unit.

    Source: Olah et al. 2018, "The Building Blocks of Interpretability": activation times gradient decides what raises.
    """
    value, slope = layer_slope(model, image, objective, layer)
    return torch.where(value * slope > 0, value * slope.abs(), 0)
