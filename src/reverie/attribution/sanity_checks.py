"""May a map be believed? The same map of random weights, and what happens when its strongest places come and go."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from reverie.attribution.baselines import baseline
from reverie.attribution.method import Estimate, Method, importance, responses
from reverie.models.model import Model
from reverie.models.randomised import randomised
from reverie.objectives import Objective
from reverie.randomness import generator

STEPS = 32  # of a curve, from none of the photo's positions to all
STARTS = {"deletion": ("photo", "mean"), "insertion": ("blur", "photo")}  # what a curve leads from and to
Curves = Mapping[str, Mapping[str, tuple[float, ...]]]  # deletion, insertion: by map, random, centre: scores


@dataclass(frozen=True)
class Control:
    """What speaks for and against a map.

    Attributes:
        done, total: pieces of work.
        random: the same method's array on random weights.
        similarity: rank correlation of both, 1 where the map owes nothing to training.
        curves: scores as positions are deleted or inserted in the order of the map, by chance, and from the centre;
            of each only when all three are there.
    """

    done: int
    total: int
    random: Tensor | None = None
    similarity: float = math.nan
    curves: Curves = field(default_factory=dict)

    @property
    def areas(self) -> dict[str, dict[str, float]]:
        """The area under each curve: of deletion less is better, of insertion more."""
        return {kind: {order: area(scores) for order, scores in lines.items()} for kind, lines in self.curves.items()}


SAME = 0.5  # rank correlation with the map of random weights from which a map says nothing of training
BRIEF = ("gradient", "input-x-gradient", "guided-backprop", "deconvnet", "guided-grad-cam", "grad-cam", "grad-cam++",
         "layer-cam")  # fmt: skip
"""Methods of one pass, of which the map of random weights is found by the way."""


def brief(model: Model, image: Tensor, method: Method, asked: Objective, raw: Tensor) -> Control:
    """How like a map is to that of random weights, and no more."""
    *_, last = method.estimates(randomised(model), image, asked)
    return Control(0, 0, similarity=rank_correlation(importance(raw), importance(last.raw.to(raw.device))))


def control(
    model: Model, image: Tensor, method: Method, asked: Objective, scored: Objective, raw: Tensor
) -> Iterator[Control]:
    """Finds the controls of a map, a piece of work at a time.

    Args:
        asked: what the method was asked.
        scored: what the curves show.
    """
    random: Tensor | None = None
    last: Estimate | None = None
    orders = _orders(importance(raw.to(image.device)))
    more = 2 * len(orders)
    other = randomised(model)
    for last in method.estimates(other, image, asked):
        yield Control(last.done, last.total + more)
    assert last is not None
    random = last.raw
    similarity = rank_correlation(importance(raw), importance(random.to(raw.device)))
    curves: dict[str, dict[str, tuple[float, ...]]] = {}
    done = last.total
    for kind, ends in STARTS.items():
        before, after = (image if name == "photo" else baseline(name, model, image) for name in ends)
        for name, order in orders.items():
            curves.setdefault(kind, {})[name] = curve(model, scored, before, after, order)
            done += 1
            whole = {each: {**lines} for each, lines in curves.items() if len(lines) == len(orders)}
            yield Control(done, last.total + more, random, similarity, whole)


def curve(model: Model, objective: Objective, before: Tensor, after: Tensor, order: Tensor) -> tuple[float, ...]:
    """Scores of a picture [1,C,H,W] as its positions become another's in an order, in equal steps from none to all.

    Source: Petsiuk, Das, Saenko 2018, algorithm 1.
    """
    height, width = before.shape[-2:]
    place = torch.empty(height * width, device=before.device)
    place[order] = torch.arange(height * width, device=before.device, dtype=place.dtype)
    place = place.view(1, 1, height, width)
    scores: list[float] = []
    most = model.together((int(height), int(width)))
    shares = [step / STEPS for step in range(STEPS + 1)]
    for first in range(0, len(shares), most):
        pictures = [
            torch.where(place < share * height * width, after, before) for share in shares[first : first + most]
        ]
        scores += responses(model, torch.cat(pictures), objective).tolist()
    return tuple(round(score, 6) for score in scores)


def area(scores: tuple[float, ...]) -> float:
    """Under a curve over [0,1], by trapezia."""
    return round(float(np.trapezoid(scores, dx=1 / (len(scores) - 1))), 6)


def _orders(strength: Tensor) -> dict[str, Tensor]:
    """Positions [H*W] as a map, as chance and as a guess of the centre would have them, the first one first."""
    height, width = strength.shape
    rows, columns = torch.arange(height) - (height - 1) / 2, torch.arange(width) - (width - 1) / 2
    away = torch.hypot(rows[:, None], columns[None]).flatten()
    return {
        "map": strength.flatten().argsort(descending=True, stable=True),
        "random": torch.randperm(height * width, generator=generator(0, "order")).to(strength.device),
        "centre": away.argsort(stable=True).to(strength.device),
    }


def rank_correlation(first: Tensor, second: Tensor) -> float:
    """Spearman's, equal values sharing their mean rank; nan where either is flat."""
    from scipy.stats import spearmanr  # slow to import, and few ask for it

    both = [values.flatten().double().cpu().numpy() for values in (first, second)]
    return float(spearmanr(*both).statistic) if all(np.ptp(values) > 0 for values in both) else math.nan
