"""Engine 2: explains what a network sees in a photo."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from reverie.attribution.estimate import Estimate, Method, responses
from reverie.errors import Diverged
from reverie.figures.overlay import overlay
from reverie.figures.result import Result
from reverie.image import Size
from reverie.models.failures import told
from reverie.models.model import Model
from reverie.objectives import Objective, activation, probability
from reverie.record import Record, versions
from reverie.unit import Unit


@dataclass(frozen=True)
class Inquiry:
    """What is asked of a photo.

    Attributes:
        image: [1,C,H,W] in [0,1], as the network is shown it.
        unit: what is explained, with its channels as numbers.
        methods: one picture each.
        show: how the pictures are drawn, see `figures.overlay`.
        opacity: of the strongest colour of an overlay.
        origin: the recipe function's name and its plain arguments, for the record.
    """

    image: Tensor
    unit: Unit
    methods: tuple[Method, ...]
    show: str = "auto"
    opacity: float = 0.8
    label: str = ""
    origin: tuple[str, Mapping[str, Any]] = ("", {})

    @property
    def names(self) -> tuple[str, ...]:
        """The methods' names, one for each picture."""
        return tuple(method.name for method in self.methods)

    @property
    def size(self) -> Size:
        """(height, width) of the picture that the network is shown."""
        return int(self.image.shape[-2]), int(self.image.shape[-1])

    def select(self, index: int) -> "Inquiry":
        """The inquiry by one of the methods alone."""
        name, arguments = self.origin
        chosen = {**arguments, "method": self.names[index]}
        return replace(self, methods=self.methods[index : index + 1], origin=(name, chosen))


@dataclass(frozen=True)
class Event:
    """What has just been found: the estimate of one of the inquiry's methods, and how many of it there have been."""

    index: int
    count: int
    estimate: Estimate


def asked(unit: Unit, method: Method) -> Objective:
    """What a method asks of a unit: of a class its logit or its probability, of others the mean activation."""
    if method.asks == "probability" and unit.layer == "logits" and len(unit.channels) == 1:
        return probability(int(unit.channels[0]))
    return activation(unit)


def inquire(model: Model, inquiry: Inquiry) -> Iterator[Event]:
    """Finds the inquiry's maps, a piece of work at a time; to stop, stop reading.

    Raises:
        Diverged: an attribution that is not a number.
        OutOfMemory: too large a picture.
    """
    for index, method in enumerate(inquiry.methods):
        work = method.estimates(model, inquiry.image, asked(inquiry.unit, method))
        count = 0
        while True:
            with told(model, inquiry.size, "lower --size, or use --precision bfloat16"):
                estimate = next(work, None)
            if estimate is None:
                break
            count += 1
            yield Event(index, count, estimate)


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


def answer(model: Model, inquiry: Inquiry, events: Iterable[Event] | None = None) -> Result:
    """Runs an inquiry to its end.

    Args:
        events: the run to read, where the caller wants to watch or to end it early; else `inquire(model, inquiry)`.
            What each method has found by then is in the result.
    """
    last: dict[int, Event] = {}
    for event in inquire(model, inquiry) if events is None else events:
        last[event.index] = event
    raws = {index: _finite(inquiry.names[index], event.estimate.raw.float().cpu()) for index, event in last.items()}
    about = _about(model, inquiry) if last else {}
    pictures, records = [], []
    for index, event in last.items():
        image = inquiry.image[0].float().cpu()
        pictures.append(overlay(image, raws[index], _shown(inquiry, index), opacity=inquiry.opacity))
        name, arguments = inquiry.select(index).origin
        facts = {**about, "method": inquiry.names[index], "facts": dict(event.estimate.facts)}
        facts |= {"notes": [*event.estimate.notes, f"caveat: {inquiry.methods[index].caveat}"]}
        facts |= {"estimates_taken": event.count, "done": event.estimate.done, "total": event.estimate.total}
        records.append(Record(name, arguments, model.source, facts, 0, versions()))
    made = torch.stack(pictures) if pictures else torch.zeros((0, 3, *inquiry.size))
    return Result(made, tuple(records), tuple(inquiry.names[index] for index in last), arrays=tuple(raws.values()))


def _about(model: Model, inquiry: Inquiry) -> dict[str, Any]:
    """What holds for all methods: the unit, what it says of the photo, and the circumstances."""
    unit = inquiry.unit
    a_class = unit.layer == "logits" and len(unit.channels) == 1
    response = round(float(responses(model, inquiry.image, activation(unit))), 6)
    scores = {"logit" if a_class else "activation": response}
    if a_class:
        share = responses(model, inquiry.image, probability(int(unit.channels[0])))
        scores["probability"] = round(float(share), 6)
    return {
        "unit": str(unit),
        "label": inquiry.label,
        "scores": scores,
        "size": list(inquiry.size),
        "threads": torch.get_num_threads(),
        "device": str(model.device),
        "precision": str(model.dtype).removeprefix("torch."),
    }


SIGNED = ("guided-backprop", "deconvnet", "guided-grad-cam")  # usually drawn in their colours round grey


def _shown(inquiry: Inquiry, index: int) -> str:
    if inquiry.show != "auto":
        return inquiry.show
    return "signed" if inquiry.names[index] in SIGNED else "overlay"


def _finite(name: str, raw: Tensor) -> Tensor:
    if not bool(raw.isfinite().all()):
        raise Diverged(f"{name} is not a number everywhere on this photo; use --precision float32")
    return raw
