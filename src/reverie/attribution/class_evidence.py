"""Class evidence: what each position of a layer adds to the logits of the classes that a network names."""

from dataclasses import dataclass

import torch
from torch import Tensor

from reverie.models.model import Model
from reverie.models.probe import probe


@dataclass(frozen=True, eq=False)
class ClassEvidence:
    """What a layer returned for pictures, and what that speaks for.

    Attributes:
        values: [N,C,h,w], the layer's activation.
        classes: [N,K], the likeliest classes of each picture, the likeliest first; K is 0 where there are no logits.
        evidence: [N,K,h,w], activation times the gradient of that class's logit, summed over channels: to first order
            what the position adds to it. 0 where the layer does not lead to the logits.
    """

    values: Tensor
    classes: Tensor
    evidence: Tensor


def class_evidence(model: Model, images: Tensor, layer: str, most: int) -> ClassEvidence:
    """A layer's activation for images [N,C,H,W] in [0,1], and its evidence for the `most` likeliest classes of each.

    One forward, and one way back for each class.

    Source: Olah et al. 2018, "The Building Blocks of Interpretability", section on attribution.
    """
    if model.alone and len(images) > 1:
        parts = [class_evidence(model, image[None], layer, most) for image in images]
        each = [torch.cat([getattr(part, name) for part in parts]) for name in ("values", "classes", "evidence")]
        return ClassEvidence(*each)
    leaves: list[Tensor] = []
    images = model.shown(images, [layer, "logits"])

    def cut(value: Tensor) -> Tensor:
        leaves.append(value.detach().clone().requires_grad_())
        return leaves[-1].clone()  # what follows may write in place

    with torch.enable_grad():
        logits = probe(model, images, ["logits"], resizing=False, instead={layer: cut})["logits"].mean((2, 3))
        found = logits.detach().topk(min(most, logits.shape[1]), dim=1).indices
        slopes = [_slope(logits, found[:, rank], leaves[0]) for rank in range(found.shape[1])]
    size, form = (int(images.shape[-2]), int(images.shape[-1])), model.form(layer)
    values = form.grid(leaves[0].detach(), size).float()
    evidence = [(values * form.grid(slope, size).float()).sum(1) for slope in slopes]
    return ClassEvidence(values, found, torch.stack(evidence, 1))


def _slope(logits: Tensor, classes: Tensor, value: Tensor) -> Tensor:
    """The gradient of one class's logit of each picture with respect to a layer's value; 0 where it has no say."""
    if not logits.requires_grad:
        return torch.zeros_like(value)
    total = logits.gather(1, classes[:, None]).sum()
    (slope,) = torch.autograd.grad(total, value, retain_graph=True, allow_unused=True)
    return torch.zeros_like(value) if slope is None else slope
