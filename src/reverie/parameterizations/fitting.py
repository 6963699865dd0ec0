"""Fitting: latents of a picture by descent, where there is no formula."""

from typing import TYPE_CHECKING

import torch
from torch import Tensor

if TYPE_CHECKING:
    from reverie.parameterizations.parameterization import Parameterization


def fitted(part: "Parameterization", image: Tensor, start: Tensor, *, steps: int = 200, rate: float = 0.1) -> Tensor:
    """Latents near whose picture lies this one [N,C,H,W], by Adam on the squared error, the rate falling to a tenth."""
    if len(image) > 1 and bool((image == image[:1]).all()):  # one photo for all
        return fitted(part, image[:1], start[:1], steps=steps, rate=rate).repeat(len(image), 1)
    latents = start.clone().requires_grad_()
    optimizer = torch.optim.Adam([latents], lr=rate)
    size = int(image.shape[-2]), int(image.shape[-1])
    for step in range(steps):
        with torch.enable_grad():
            error = (part.decode(latents, size) - image).square().flatten(1).mean(1).sum()
            (latents.grad,) = torch.autograd.grad(error, latents)
        optimizer.param_groups[0]["lr"] = rate * 0.1 ** (step / steps)
        optimizer.step()
    return latents.detach()
