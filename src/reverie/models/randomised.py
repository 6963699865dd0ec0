"""The same network with weights that mean nothing: what a picture looks like that owes nothing to training."""

from dataclasses import replace

import torch

from reverie.models.copying import copied
from reverie.models.model import Model
from reverie.models.readiness import Variants, calibrate, pink_noise
from reverie.randomness import generator, normal


def randomised(model: Model, seed: int = 0) -> Model:
    """A network of the same shape with random weights, its batch norms calibrated on 1/f noise.

    Source: He et al. 2015 for the weights' deviation; Adebayo et al. 2018 for what it is good for.
    """
    twin = copied(model.variants.plain)
    with torch.no_grad():
        for name, weight in twin.named_parameters():
            if weight.ndim > 1:
                deviation = (2 / weight[0].numel()) ** 0.5
                weight.copy_(deviation * normal(weight.shape, [generator(seed, name)])[0])
            else:
                weight.fill_(1.0 if name.endswith("weight") else 0.0)
    example = model.normalised(pink_noise(1 if model.alone else 4, model.channels, model.size).to(model.device))
    calibrate(twin, example)
    # nothing is folded, as the twin is asked once
    return replace(model, name=f"{model.name} with random weights", variants=Variants(twin, (), model.dtype))
