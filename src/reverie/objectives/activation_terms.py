"""Terms that read a unit's activation."""

from collections.abc import Callable, Mapping

import torch
from torch import Tensor

from reverie.errors import InvalidSetting
from reverie.models.output import Output
from reverie.models.probe import Activations
from reverie.objectives.objective import Objective, Term, constructor
from reverie.settings.fields import REDUCTIONS as NAMED
from reverie.unit import Unit

Moments = tuple[Tensor, Tensor]  # mean and deviation of each channel
LARGE = 200.0  # the essays' "large constant": far above what a layer returns
CLAMP = (-3.0, 20.0)  # of whitened activations, so that no single motif takes over


def _sum(value: Tensor) -> Tensor:
    return value.flatten(1).sum(1)


def _share(statistics: Tensor) -> Tensor:
    return statistics[:, 0] / statistics[:, 1]


def _counted(value: Tensor, total: Tensor) -> Tensor:
    return torch.stack([total, torch.full_like(total, value[0].numel())], 1)


def _mean(value: Tensor) -> Tensor:
    return _counted(value, _sum(value))


def _per_feature(value: Tensor) -> Tensor:
    total = _sum(value)
    return torch.stack([total, torch.full_like(total, value.shape[1])], 1)


def _ones(value: Tensor) -> Tensor:
    total = _sum(value)
    return torch.stack([total, torch.ones_like(total)], 1)


def _square(value: Tensor) -> Tensor:
    return _counted(value, _sum(value.square()))


def _distance(value: Tensor) -> Tensor:
    return _counted(value, -_sum((value - LARGE).abs()))


REDUCTIONS: Mapping[str, Callable[[Tensor], Tensor]] = {
    "mean": _mean,  # over channels and positions
    "sum": _per_feature,  # over positions and channels, by 1/F (F channels): the essays' layer objective
    "ones": _ones,  # plain sum: its gradient at the layer is all ones
    "mean-square": _square,  # its gradient at the layer points along the activation: Google's Deep Dream
    "distance": _distance,  # minus the L1 distance to a large constant: the essays' feature objective
    "whitened": _square,  # mean square in deviations of each channel from its mean
}


def select(value: Tensor, unit: Unit) -> Tensor:
    """The part [N,c,h,w] of a layer's activation [N,C,H,W] that the unit names."""
    if unit.channels:
        value = (
            value[:, list(unit.channels)] if len(unit.channels) > 1 else value[:, int(unit.channels[0])].unsqueeze(1)
        )
    if unit.rows:
        value = value[:, :, unit.rows[0] : unit.rows[1] + 1]
    if unit.columns:
        value = value[..., unit.columns[0] : unit.columns[1] + 1]
    return value


@constructor
def activation(unit: Unit, reduction: str = "mean", *, moments: Moments | None = None) -> Objective:
    """How strongly a unit responds.

    Args:
        unit: with its channels as numbers.
        reduction: of its activation [N,c,h,w] to one number, one of REDUCTIONS.
        moments: mean and deviation [C] of each channel of the layer; for `whitened` only.

    Raises:
        UnknownName: another reduction.
        InvalidSetting: no moments for `whitened`.
    """
    NAMED.check(reduction)
    if reduction == "whitened" and moments is None:
        raise InvalidSetting("'whitened' needs the moments of the layer's channels")
    reduce = REDUCTIONS[reduction]

    def statistics(activations: Activations) -> Tensor:
        value = activations[unit.layer]
        if reduction == "whitened" and moments is not None:
            mean, deviation = (item.view(1, -1, 1, 1) for item in moments)
            value = ((value - mean) / deviation).clamp(*CLAMP)
        return reduce(select(value, unit))

    text, channels = str(unit) if reduction == "mean" else f"{reduction}({unit})", frozenset(map(int, unit.channels))
    term = Term(text, (unit.layer,), statistics, _share, tiles=_tileable(unit), channels=channels)
    return Objective(((1.0, term),))


def _tileable(unit: Unit) -> bool:
    """Positions and what lies behind a global head mean another thing in a tile than in the picture."""
    return not unit.positional and unit.layer != "logits"


@constructor
def channel(layer: str, index: int) -> Objective:
    """Mean of one channel over its positions."""
    return activation(Unit(layer, (index,)))


@constructor
def neuron(layer: str, channel: int, row: int, column: int) -> Objective:
    """One channel at one position of the layer's grid."""
    return activation(Unit(layer, (channel,), (row, row), (column, column)))


@constructor
def layer(name: str, reduction: str = "mean-square") -> Objective:
    """A whole layer."""
    return activation(Unit(name), reduction)


@constructor
def logit(index: int) -> Objective:
    """A class before the softmax."""
    return activation(Unit("logits", (index,)))


@constructor
def probability(unit: Unit | int, output: Output | None = None) -> Objective:
    """A class's probability, the mean over the positions that the unit names, or over all.

    Args:
        unit: of `logits`, or the number of the class.
        output: how the network's logits are read, its `Model.output`; a softmax over all unless given.
    """
    named, reading = Unit("logits", (unit,)) if isinstance(unit, int) else unit, output or Output()

    def statistics(activations: Activations) -> Tensor:
        return _mean(select(reading.probabilities(activations["logits"]), named))

    return Objective(((1.0, Term(f"probability({named})", ("logits",), statistics, _share, tiles=False)),))
