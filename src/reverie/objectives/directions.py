"""Terms that read directions: of a layer's channels, of a photo's features, of what a concept adds."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import torch
from torch import Tensor
from torch.nn import functional

from reverie.image import Photo, in_channels, read_at, resize
from reverie.models.model import Model
from reverie.models.probe import Activations, probe
from reverie.objectives.activation_terms import select
from reverie.objectives.objective import Objective, Term, constructor
from reverie.unit import Unit

LEAST = 0.1  # of the cosine: a picture that points elsewhere still has a gradient
TINY = 1e-8


def along(value: Tensor, target: Tensor, cosine: float) -> Tensor:
    """Dot product over channels times the cosine to a power, [N,h,w]."""
    dot: Tensor = (value * target).sum(1)
    if not cosine:
        return dot
    size = torch.linalg.vector_norm(value, dim=1) * torch.linalg.vector_norm(target, dim=1)
    weighed: Tensor = dot * (dot / size.clamp_min(TINY)).clamp_min(LEAST) ** cosine
    return weighed


def _summed(along: Tensor) -> Tensor:
    total = along.flatten(1).sum(1)
    return torch.stack([total, torch.full_like(total, along[0].numel())], 1)


def _mean(sums: Tensor) -> Tensor:
    return sums[:, 0] / sums[:, 1]


def position_mean(text: str, layer: str, per_position: Callable[[Tensor], Tensor], *, tiles: bool = True) -> Objective:
    """A mean over positions of a function [N,C,h,w] -> [N,h,w] of a layer's activation."""

    def statistics(activations: Activations) -> Tensor:
        return _summed(per_position(activations[layer]))

    return Objective(((1.0, Term(text, (layer,), statistics, _mean, tiles=tiles)),))


@constructor
def direction(unit: Unit | str, vector: Tensor, *, cosine: float = 0.0, name: str = "direction") -> Objective:
    """How far a layer's activation points along a direction, mean over positions.

    Args:
        unit: a layer, or a part of its positions; without channels.
        vector: [C]; its length does not count.
        cosine: power of the cosine by which the dot product is weighed; 0 for the dot product alone. The higher, the
            purer the direction, the weaker the response.
        name: how the direction is written.

    Source: lucid's `direction` (Olah et al. 2018, "The Building Blocks of Interpretability"); differs: unit length.
    """
    unit = Unit(unit) if isinstance(unit, str) else unit
    target = functional.normalize(vector.detach().float(), dim=0).view(1, -1, 1, 1)
    positions = replace(unit, channels=())
    text = f"{name}({positions})" if not cosine else f"{name}^{cosine:g}({positions})"
    tiles = not unit.positional and unit.layer != "logits"
    return position_mean(
        text,
        unit.layer,
        lambda value: along(select(value, positions), target.to(value.device), cosine),
        tiles=tiles,
    )


@constructor
def direction_map(unit: Unit | str, target: Tensor, *, cosine: float = 0.0, name: str = "features") -> Objective:
    """How far each position of a unit points along a direction of its own, such as a photo's features there.

    With the photo's own features, a caricature. Source: lucid's `tensor_direction` and caricature; differs: the
    target's mean length is 1, and it is brought to the unit's grid.

    Args:
        unit: a layer, some of its channels, a part of its positions.
        target: [1,c,h,w].
        cosine: as for `direction`.
    """
    unit = Unit(unit) if isinstance(unit, str) else unit
    length = torch.linalg.vector_norm(target, dim=1).mean()
    target = target.detach().float() / length.clamp_min(TINY)

    def per_position(value: Tensor) -> Tensor:
        part = select(value, unit)
        size = int(part.shape[-2]), int(part.shape[-1])
        return along(part, resize(target.to(value.device), size), cosine)

    text = f"{name}({unit})" if not cosine else f"{name}^{cosine:g}({unit})"
    return position_mean(text, unit.layer, per_position, tiles=False)


@constructor
def guided(unit: Unit | str, features: Tensor) -> Objective:
    """How well each position matches that of a guide's features [1,C,h,w] which it matches best, mean over positions.

    Of a unit with channels these alone are matched.

    Source: Google's guided dream (2015), `objective_guide`: the gradient at each position is the best match itself.
    """
    unit = Unit(unit) if isinstance(unit, str) else unit
    matches = select(features.detach().float(), replace(unit, rows=None, columns=None)).flatten(2)[0]

    def per_position(value: Tensor) -> Tensor:
        return torch.einsum("nchw,cp->nphw", select(value, unit), matches.to(value.device)).amax(1)

    tiles = not unit.positional and unit.layer != "logits"
    return position_mean(f"guided({unit})", unit.layer, per_position, tiles=tiles)


@constructor
def diversity(layer: str) -> Objective:
    """Minus the mean cosine between a picture's Gram matrix of a layer and those of the others of its batch.

    Source: lucid's `diversity` (Olah et al. 2017); differs: a mean over the other pictures, higher is better.
    """

    def statistics(activations: Activations) -> Tensor:
        value = activations[layer].flatten(2)
        return torch.bmm(value, value.transpose(1, 2)).flatten(1)

    def score(grams: Tensor) -> Tensor:
        unit = functional.normalize(grams, dim=1)
        others = (unit @ unit.T).fill_diagonal_(0)
        return -others.sum(1) / max(1, len(grams) - 1)

    term = Term(f"diversity({layer})", (layer,), statistics, score, tiles=False, excites=False, couples=True)
    return Objective(((1.0, term),))


@constructor
def alignment(layer: str, *, decay: float = 2.0) -> Objective:
    """Minus the mean squared difference of a layer between neighbours in the batch, up to three apart.

    Source: lucid's `alignment`; differs: each of two neighbours bears half, higher is better.

    Args:
        decay: by how much each further step apart counts less.
    """

    def score(values: Tensor) -> Tensor:
        total = values.new_zeros(len(values))
        for apart in range(1, min(3, len(values) - 1) + 1):
            pairs = (values[apart:] - values[:-apart]).square().mean(1) / (2 * decay**apart)
            total = total - functional.pad(pairs, (0, apart)) - functional.pad(pairs, (apart, 0))
        return total

    def statistics(activations: Activations) -> Tensor:
        return activations[layer].flatten(1)

    term = Term(f"alignment({layer})", (layer,), statistics, score, tiles=False, excites=False, couples=True)
    return Objective(((1.0, term),))


def interpolation(first: Objective, last: Objective, count: int) -> tuple[Objective, ...]:
    """Objectives from one to another in so many even steps, both ends included."""
    shares = [index / max(1, count - 1) for index in range(count)]
    return tuple(first * (1 - share) + last * share if 0 < share < 1 else last if share else first for share in shares)


def photo_features(model: Model, photo: Photo, layer: str) -> Tensor:
    """What a layer returns for a photo at the network's native size, [1,C,h,w]: a target for a direction map."""
    with torch.no_grad():
        return probe(model, _shown(model, photo), [layer])[layer]


def concept(model: Model, layer: str, photos: Sequence[Photo], against: Sequence[Photo]) -> Tensor:
    """The direction [C] from what a layer returns for some photos to what it returns for others: means, subtracted.

    Source: Kim et al. 2018, "TCAV"; differs: the difference of means in place of a classifier's normal.
    """
    means = []
    for side in (photos, against):
        means.append(torch.stack([photo_features(model, photo, layer).mean((0, 2, 3)) for photo in side]).mean(0))
    return means[0] - means[1]


def _shown(model: Model, photo: Photo) -> Tensor:
    return in_channels(read_at(photo, model.size).to(model.device), model.channels)
