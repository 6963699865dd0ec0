"""Terms that compare a layer's response with that to another picture."""

import torch
from torch import Tensor

from reverie.image import resize
from reverie.models.model import Model
from reverie.models.probe import Activations, probe
from reverie.objectives.activation_terms import select
from reverie.objectives.objective import Objective, Term, constructor
from reverie.unit import Unit


@constructor
def features(unit: Unit, target: Tensor, *, pooled: bool = False) -> Objective:
    """Minus the squared distance of a unit's activation from a target, over the target's squared norm.

    It is 0 where the two agree and -1 where nothing of the target is there.

    Args:
        target: [1,c,h,w], what the unit should return; of a pooled one [1,c,1,1].
        pooled: only each channel's mean over the positions counts, as in an embedding.

    Source: Mahendran, Vedaldi 2015, "Understanding deep image representations by inverting them", equation 3.
    """
    wanted = target.mean((2, 3), keepdim=True) if pooled else target
    norm = wanted.square().sum().clamp_min(1e-12)

    def statistics(activations: Activations) -> Tensor:
        value = select(activations[unit.layer], unit)
        if not pooled:
            aim = wanted if unit.positional else activations.part(unit.layer, wanted)
            return (value - aim).square().flatten(1).sum(1, keepdim=True)
        total = value.sum((2, 3))
        return torch.cat([total, total.new_full((len(total), 1), value[0, 0].numel())], 1)

    def score(sums: Tensor) -> Tensor:
        if pooled:
            sums = (sums[:, :-1] / sums[:, -1:] - wanted.flatten(1)).square()
        return -sums.sum(1) / norm

    text = f"{'pooled-' if pooled else ''}features({unit})"
    return Objective(
        ((1.0, Term(text, (unit.layer,), statistics, score, tiles=False, gathers=not unit.positional, excites=False)),)
    )


@constructor
def kept(model: Model, layer: str, photo: Tensor) -> Objective:
    """Minus the squared distance of a layer's activation from what it returns for a photo, over the latter's square.

    The photo is seen through the same shifts and zooms as the picture in each step. The score is 0 where the two
    agree, and -1 where nothing of the photo's features is left.

    Args:
        photo: [1,C,H,W]; it is brought to the picture's size.

    Source: the regularisation of Hamblin et al. 2024, "Feature Accentuation: Revealing 'What' Features Respond to in
    Natural Images"; differs: squared, and relative to the photo's own features.
    """

    def statistics(activations: Activations) -> Tensor:
        value, picture = activations[layer], activations.picture
        with torch.no_grad():
            shown = resize(photo.to(picture.device), (int(picture.shape[-2]), int(picture.shape[-1])))
            wanted = probe(model, shown.expand_as(picture), [layer], view=activations.view)[layer]
        return torch.stack([(value - wanted).square().flatten(1).sum(1), wanted.square().flatten(1).sum(1)], 1)

    def score(sums: Tensor) -> Tensor:
        return -sums[:, 0] / sums[:, 1].clamp_min(1e-12)

    return Objective(((1.0, Term(f"kept({layer})", (layer,), statistics, score, tiles=False, excites=False)),))
