"""The same network with weights that mean nothing: what a picture looks like that owes nothing to training."""

import torch

from reverie.models.copying import copied
from reverie.models.making import Found, make_model
from reverie.models.model import Model
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
    found = Found(twin, {}, model.size, model.mean, model.std, model.classes, random=True)
    return make_model(found, f"{model.name} with random weights", model.device, model.dtype, output=model.output)
