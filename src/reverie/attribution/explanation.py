"""Engine 2: explains what a network sees in a photo."""

import itertools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from reverie.attribution.method import Estimate, Method, responses
from reverie.attribution.sanity_checks import Control, control
from reverie.errors import Diverged
from reverie.figures.curves import Plot, curves
from reverie.figures.lettering import digits
from reverie.figures.overlay import overlay, positive_share
from reverie.figures.result import Finding, Result
from reverie.figures.sheet import Layout
from reverie.image import Size
from reverie.models.failures import told
from reverie.models.model import Model
from reverie.objectives import Objective, activation, probability
from reverie.record import Record, versions
from reverie.unit import Unit

CHANGES = {"deletion": "covered", "insertion": "uncovered"}
HALF = 0.5  # of a map's weight


@dataclass(frozen=True)
class Inquiry:
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

    def select(self, index: int) -> "Inquiry":
        """The inquiry by one of the methods alone."""
        name, arguments = self.origin
        chosen = {**arguments, "method": self.names[index]}
        return replace(self, methods=self.methods[index : index + 1], origin=(name, chosen))


@dataclass(frozen=True)
class Event:
    """What has just been found of one of the inquiry's methods, and how many such events there have been."""

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
        probability(unit, model.output) if what == "probability" and _has_probability(model, unit) else activation(unit)
    )


def _has_probability(model: Model, unit: Unit) -> bool:
    return model.output.probable and unit.layer == "logits" and len(unit.channels) == 1


def inquire(model: Model, inquiry: Inquiry) -> Iterator[Event]:
    """Finds the inquiry's maps, a piece of work at a time; to stop, stop reading.

    Raises:
        Diverged: an attribution that is not a number.
        OutOfMemory: too large a picture.
    """
    for index, method in enumerate(inquiry.methods):
        work = _work(model, inquiry, method)
        for count in itertools.count(1):
            with told(model, inquiry.size, "lower --size, or use --precision bfloat16"):
                found = next(work, None)
            if found is None:
                break
            yield Event(index, count, *found)


def _work(model: Model, inquiry: Inquiry, method: Method) -> Iterator[tuple[Estimate, Control | None]]:
    """A method's estimates, and then its controls."""
    image, objective = inquiry.image, asked(model, inquiry.unit, method.asks)
    estimate: Estimate | None = None
    for estimate in method.estimates(model, image, objective):
        yield estimate, None
    if inquiry.control and estimate is not None:
        scored = asked(model, inquiry.unit, "probability")
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
    pictures, records, findings = list[Tensor](), list[Record](), list[Finding]()
    image = inquiry.image[0].float().cpu()
    for index, event in last.items():
        pictures.append(overlay(image, raws[index], _shown(inquiry, index), opacity=inquiry.opacity))
        name, arguments = inquiry.select(index).origin
        finding = _finding(inquiry, index, event.control)
        finding = replace(finding, note="\n".join(filter(None, (*_faint(raws[index]), finding.note))))
        if inquiry.alone:
            finding = replace(finding, beside=(*event.estimate.beside(image), *finding.beside))
        findings.append(finding)
        facts = {**about, "method": inquiry.names[index], "facts": dict(event.estimate.facts)}
        facts |= {
            "notes": [
                *event.estimate.notes,
                *_faint(raws[index]),
                *_told(finding),
                f"caveat: {inquiry.methods[index].caveat}",
            ]
        }
        facts |= {"control": dict(finding.values)} if finding.values else {}
        facts |= {"estimates_taken": event.count, "done": event.estimate.done, "total": event.estimate.total}
        records.append(Record(name, arguments, model.source, facts, 0, versions()))
    made = torch.stack(pictures) if pictures else torch.zeros((0, 3, *inquiry.size))
    labels = tuple(inquiry.names[index] for index in last)
    kept = tuple(findings) if any(finding.beside or finding.note for finding in findings) else ()
    lead = () if inquiry.control or not last else (("the photo", image.expand(3, -1, -1)),)
    return Result(
        made, tuple(records), labels, findings=kept, arrays=tuple(raws.values()), lead=lead,
        layout=Layout(_subject(about) if last else ""), whole=_whole(model, inquiry, last, about),
    )  # fmt: skip


def _whole(model: Model, inquiry: Inquiry, last: Mapping[int, Event], about: Mapping[str, Any]) -> Record:
    """The record that repeats all methods' pictures."""
    (name, arguments), counts = inquiry.origin, [event.count for event in last.values()]
    chosen = {**arguments, "method": [inquiry.names[index] for index in last]}
    facts = {**about, "estimates": counts, "estimates_taken": sum(counts)}
    return Record(name, chosen, model.source, facts, None, versions())


def _faint(raw: Tensor) -> list[str]:
    """How much of a map is for the unit, where most of it is against: its colours are stretched all the same."""
    share = positive_share(raw)
    return [] if share is None or share >= HALF else [f"{share:.0%} of the map speaks for it, the rest against"]


def _finding(inquiry: Inquiry, index: int, found: Control | None) -> Finding:
    """The controls of a map, as pictures to stand beside it and as numbers."""
    if found is None or found.random is None:
        return Finding()
    image, shown = inquiry.image[0].float().cpu(), _shown(inquiry, index)
    random = overlay(image, found.random.float().cpu(), shown, opacity=inquiry.opacity)
    areas = found.areas
    plots = [
        Plot(f"{kind}: area {areas[kind]['map']:.3f}", lines, ("0", f"share of the photo, {CHANGES[kind]}", "1"))
        for kind, lines in found.curves.items()
    ]
    beside = (
        ("random weights", random),
        ("red: in the map's order\ngrey: chance, blue: centre", curves(plots, inquiry.size)),
    )
    return Finding(f"like random weights {found.similarity:.2f}", {"similarity": found.similarity, **areas}, beside)


def _told(finding: Finding) -> list[str]:
    """What the controls say."""
    if not finding.values:
        return []
    notes = [
        f"rank correlation with the same map of random weights {finding.values['similarity']:.2f}; "
        "near 1 it owes nothing to training"
    ]
    for kind, better in (("deletion", "less"), ("insertion", "more")):
        area = finding.values[kind]
        notes.append(
            f"area under the {kind} curve {area['map']:.3f}; in random order {area['random']:.3f}, "
            f"from the centre {area['centre']:.3f} ({better} is better)"
        )
    return notes


def _reading(model: Model, unit: Unit) -> dict[str, str]:
    """How outputs are read, where it matters and is not what nearly every classifier's is."""
    usual = model.output.kind == "softmax" and not model.source.get("code")
    return {} if usual or unit.layer != "logits" else {"reading": model.output.told}


def _about(model: Model, inquiry: Inquiry) -> dict[str, Any]:
    """What holds for all methods: the unit, what it says of the photo, and the circumstances."""
    unit = inquiry.unit
    response = round(float(responses(model, inquiry.image, activation(unit))), 6)
    named = "logit" if unit.layer == "logits" and model.output.kind in ("softmax", "sigmoid") else "activation"
    scores = {named if len(unit.channels) == 1 else "activation": response}
    if _has_probability(model, unit):
        share = responses(model, inquiry.image, asked(model, unit, "probability"))
        scores["probability"] = round(float(share), 6)
    return {
        "unit": str(unit),
        "label": inquiry.label,
        "scores": scores,
        **_reading(model, unit),
        **({"resized_to": list(model.size)} if _squeezed(model, inquiry) else {}),
        "size": list(inquiry.size),
        "threads": torch.get_num_threads(),
        "device": str(model.device),
        "precision": str(model.dtype).removeprefix("torch."),
    }


def _squeezed(model: Model, inquiry: Inquiry) -> bool:
    return inquiry.size != model.size and model.takes_one_size([inquiry.unit.layer])


def _subject(about: Mapping[str, Any]) -> str:
    """What is explained, and what the network says of it."""
    scores = about["scores"]
    share = f"{100 * scores['probability']:.3g} %" if "probability" in scores else digits(next(iter(scores.values())))
    return f"{about['label']}: {share}"


SIGNED = ("guided-backprop", "deconvnet", "guided-grad-cam")  # usually drawn in their colours round grey


def _shown(inquiry: Inquiry, index: int) -> str:
    if inquiry.show != "auto":
        return inquiry.show
    return "signed" if inquiry.names[index] in SIGNED else "overlay"


def _finite(name: str, raw: Tensor) -> Tensor:
    if not bool(raw.isfinite().all()):
        raise Diverged(f"{name} is not a number everywhere on this photo; use --precision float32")
    return raw
