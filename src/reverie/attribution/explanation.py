"""Engine 2: explains what a network sees in a photo."""

import itertools
from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from reverie.attribution.method import Estimate, Method
from reverie.attribution.sanity_checks import BRIEF, Control, brief, control
from reverie.image import Size
from reverie.models.failures import reported
from reverie.models.model import Model
from reverie.objectives import Objective, activation, probability
from reverie.unit import Unit


@dataclass(frozen=True)
class Explanation:
    """What is asked of a photo.

    Attributes:
        image: [1,C,H,W] in [0,1], as the network is shown it.
        unit: what is explained, with its channels as numbers.
        methods: one picture each.
        show: how the pictures are drawn, see `figures.overlay`.
        opacity: of the strongest colour of an overlay.
        control: whether each map gets its controls beside it.
        origin: the recipe function's name and its plain arguments, for the record.
    """

    image: Tensor
    unit: Unit
    methods: tuple[Method, ...]
    show: str = "auto"
    opacity: float = 0.8
    label: str = ""
    control: bool = False
    origin: tuple[str, Mapping[str, Any]] = ("", {})

    @property
    def names(self) -> tuple[str, ...]:
        """The methods' names, one for each picture."""
        return tuple(method.name for method in self.methods)

    @property
    def size(self) -> Size:
        """(height, width) of the picture that the network is shown."""
        return int(self.image.shape[-2]), int(self.image.shape[-1])

    @property
    def alone(self) -> bool:
        """Whether there is but one method, beside whose map there is room for more of what it found."""
        return len(self.methods) == 1

    def select(self, index: int) -> "Explanation":
        """The explanation by one of the methods alone."""
        name, arguments = self.origin
        chosen = {**arguments, "method": self.names[index]}
        return replace(self, methods=self.methods[index : index + 1], origin=(name, chosen))


@dataclass(frozen=True)
class Found:
    """What has just been found of one of the explanation's methods, and how many such events there have been."""

    index: int
    count: int
    estimate: Estimate
    control: Control | None = None

    @property
    def done(self) -> int:
        """Pieces of work that are done."""
        return self.estimate.done + (self.control.done if self.control else 0)

    @property
    def total(self) -> int:
        """Pieces of work, as far as they are known by now."""
        return self.estimate.total + (self.control.total if self.control else 0)


def asked(model: Model, unit: Unit, what: str) -> Objective:
    """What is asked of a unit: of a class its `logit` or its `probability`, of others the mean activation."""
    return (
        probability(unit, model.output) if what == "probability" and has_probability(model, unit) else activation(unit)
    )


def has_probability(model: Model, unit: Unit) -> bool:
    """Whether a unit is a class, of outputs that are probabilities."""
    return model.output.probable and unit.layer == "logits" and len(unit.channels) == 1


def explained(model: Model, explanation: Explanation) -> Generator[Found, None, None]:
    """Finds the maps, a piece of work at a time; to stop, stop reading.

    Raises:
        Diverged: an attribution that is not a number.
        OutOfMemory: too large a picture.
    """
    for index, method in enumerate(explanation.methods):
        work = _work(model, explanation, method)
        for count in itertools.count(1):
            with reported(model, explanation.size, "lower --size, or use --precision bfloat16"):
                found = next(work, None)
            if found is None:
                break
            yield Found(index, count, *found)


def _work(model: Model, explanation: Explanation, method: Method) -> Iterator[tuple[Estimate, Control | None]]:
    """A method's estimates, and then its controls."""
    image, objective = explanation.image, asked(model, explanation.unit, method.asks)
    estimate: Estimate | None = None
    by_the_way = method.name in BRIEF and not explanation.control
    for estimate in method.estimates(model, image, objective):
        whole = estimate.done == estimate.total
        yield estimate, brief(model, image, method, objective, estimate.raw) if by_the_way and whole else None
    if explanation.control and estimate is not None:
        scored = asked(model, explanation.unit, "probability")
        for item in control(model, image, method, objective, scored, estimate.raw):
            yield estimate, item


def attribute(model: Model, image: Tensor, objective: Objective, method: Method) -> Tensor:
    """What in each picture [N,C,H,W] in [0,1] speaks for the objective, and what against it.

    Returns:
        Signed [N,C,H,W] of gradients, [N,H,W] of maps. A picture's does not depend on the others'.
    """
    found = []
    for row in image.split(1):
        *_, last = method.estimates(model, row, objective)
        found.append(last.raw)
    return torch.stack(found)
