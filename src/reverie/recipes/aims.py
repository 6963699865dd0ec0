"""What a network is to take a picture for, or no longer: one class of several, or a label that is there or not."""

from dataclasses import dataclass

import torch
from torch import Tensor

from reverie.errors import InvalidSetting
from reverie.models.model import Model
from reverie.models.probe import probe
from reverie.objectives import Objective, log_probability, margin, presence
from reverie.unit import Unit

NEAREST = 10  # classes that DeepFool considers
BORDER = 0.5  # probability above which a label is there


@dataclass(frozen=True)
class Aim:
    """A class that is to win or to lose; where classes exclude none, one that is to be there or not.

    Attributes:
        index: of the class.
        rise: whether it is to win, or to be there.
        exclusive: whether one class at a time is there.
    """

    index: int
    rise: bool
    exclusive: bool

    def reached(self, shares: Tensor) -> bool:
        """Whether probabilities [C] say so."""
        there = int(shares.argmax()) == self.index if self.exclusive else float(shares[self.index]) >= BORDER
        return there == self.rise


def aim_of(model: Model, picture: Tensor | None, target: str | int | None) -> Aim:
    """The class named; without one the picture's own is to lose, or the likeliest label to cross one half.

    Raises:
        UnknownName: no such class.
        InvalidSetting: the picture is taken for it already, or the network's outputs are no probabilities.
    """
    if not model.output.probable:
        raise InvalidSetting(
            f"{model.name}'s outputs are raw, so nothing is taken for anything; "
            "say --output-as softmax, sigmoid or probability"
        )
    named = None if target is None else class_of(model, target)
    exclusive = model.output.exclusive
    if picture is None:
        assert named is not None
        return Aim(named, True, exclusive)
    shares = probabilities(model, picture)[0]
    own = int(shares.argmax())
    if named is None:
        return Aim(own, not exclusive and float(shares[own]) < BORDER, exclusive)
    aim = Aim(named, True, exclusive)
    if aim.reached(shares):
        raise InvalidSetting(f"the photo is a {model.class_name(named)} already; name another class with --as, or none")
    return aim


def climbed(model: Model, method: str, picture: Tensor | None, aim: Aim) -> Objective:
    """What leads to an aim, by a method's name."""
    if method == "deepfool" and picture is not None:
        if not aim.exclusive:
            return (1 if aim.rise else -1) * presence(aim.index, model.output)
        return margin(aim.index) if aim.rise else margin(_nearest_class(model, picture, aim.index), aim.index)
    if aim.rise:
        return log_probability(aim.index, model.output)
    return -1 * log_probability(aim.index) if aim.exclusive and model.output.kind == "softmax" else log_probability(
        aim.index, model.output, absent=True
    )  # fmt: skip


def _nearest_class(model: Model, picture: Tensor, own: int) -> int:
    """The class whose border lies nearest, by the slope at the photo."""
    with torch.no_grad():
        logits = _logits(model, picture)[0]
    rivals = [int(index) for index in logits.topk(min(NEAREST + 1, len(logits))).indices if int(index) != own]
    distances = []
    for rival in rivals:
        with torch.enable_grad():
            image = picture.detach().clone().requires_grad_()
            lead = _logits(model, image)
            gap = lead[0, own] - lead[0, rival]
            (slope,) = torch.autograd.grad(gap, image)
        distances.append(float(gap.detach()) / max(float(slope.norm()), 1e-12))
    return rivals[min(range(len(rivals)), key=distances.__getitem__)]


def _logits(model: Model, image: Tensor) -> Tensor:
    """[N,C], the mean over positions where there are several."""
    return probe(model, image, ["logits"])["logits"].flatten(2).mean(2)


def probabilities(model: Model, image: Tensor) -> Tensor:
    """[N,C] of a picture [N,C,H,W]."""
    with torch.no_grad():
        return model.probabilities(probe(model, image, ["logits"])["logits"])


def class_of(model: Model, target: str | int) -> int:
    """The number of a class.

    Raises:
        UnknownName: there is none of this name or number.
    """
    name: str | int = int(target) if str(target).isdigit() else str(target)
    return int(model.units(Unit("logits", (name,)))[0].channels[0])
