"""The run of an explanation: what each method has found as events, and its maps as pictures with their records."""

import contextlib
import itertools
import math
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, ClassVar

import torch
from PIL import Image
from torch import Tensor

from reverie.attribution.explanation import Explanation, Found, asked, explained, has_probability
from reverie.attribution.method import responses
from reverie.attribution.sanity_checks import SAME, Control
from reverie.errors import Diverged
from reverie.figures.contact_sheet import Layout
from reverie.figures.curves import Plot, curves
from reverie.figures.lettering import digits
from reverie.figures.overlay import overlay, positive_share
from reverie.figures.result import Finding, Result
from reverie.models.model import Model
from reverie.objectives import activation
from reverie.record import Record, versions
from reverie.runs import Event
from reverie.unit import Unit

CHANGES = {"deletion": "covered", "insertion": "uncovered"}
HALF = 0.5  # of a map's weight


class Attribution:
    """An explanation's run.

    Args:
        most: end after so many events, as a record says.
        index: of a record, the picture that is wanted; None for all.
    """

    taken: ClassVar[str] = "estimates_taken"

    def __init__(self, model: Model, plan: Explanation, *, most: int | None = None, index: int | None = None) -> None:
        self.model, self.plan, self.most, self.index = model, plan, most, index
        self.last: dict[int, Found] = {}

    @staticmethod
    def part(
        plan: Explanation, index: int, taken: int | None, facts: Mapping[str, Any]
    ) -> tuple[Explanation, int | None, int]:
        """One method of a record's explanation, after how many events it ends, and which of the pictures is the one."""
        del taken  # of all methods together
        counts = facts.get("estimates")
        of_method = counts[index] if isinstance(counts, list) and index < len(counts) else None
        return plan.select(index), of_method if isinstance(of_method, int) else None, 0

    def events(self) -> Iterator[Event]:
        """Asks the network, a piece of work for each event."""
        with contextlib.closing(explained(self.model, self.plan)) as found:
            for item in itertools.islice(found, self.most):
                self.last[item.index] = item
                yield Event(item.done, item.total, self.plan.names[item.index], preview=self._preview)

    def result(self) -> Result:
        """What each method has found by now.

        Raises:
            Diverged: an attribution that is not a number.
        """
        result = _drawn(self.model, self.plan, self.last)
        result = result if self.index is None or not len(result) else result[self.index]
        notes = (
            [_told(result.record), *(line for record in result.records for line in _findings(record))]
            if len(result)
            else []
        )
        return replace(result, notes=tuple(notes))

    def _preview(self) -> Image.Image:
        return _drawn(self.model, self.plan, self.last).picture


def _told(record: Record) -> str:
    """What was explained, and what the network says of it."""
    about = record.automatic
    scores = ", ".join(f"{name} {value:.4g}" for name, value in about["scores"].items())
    reading = f"; {about['reading']}" if "reading" in about else ""
    size = about.get("resized_to")
    squeezed = f"; shown at {size[0]}x{size[1]}, the only size that the network takes" if size else ""
    return f"{about['label']}: {scores}{reading}{squeezed}"


def _findings(record: Record) -> list[str]:
    """What one method found, in lines."""
    about = record.automatic
    share = f" ({about['done']} of {about['total']} done)" if about["done"] < about["total"] else ""
    return [f"{about['method']}{share}: {note}" for note in about["notes"]]


def _drawn(model: Model, explanation: Explanation, last: Mapping[int, Found]) -> Result:
    """The maps as they stand."""
    raws = {index: _finite(explanation.names[index], found.estimate.raw.float().cpu()) for index, found in last.items()}
    about = _about(model, explanation) if last else {}
    image = explanation.image[0].float().cpu()
    pictures = [
        overlay(image, raw, _shown(explanation, index), opacity=explanation.opacity) for index, raw in raws.items()
    ]
    findings = tuple(_finding(explanation, found, raws[index], image) for index, found in last.items())
    records = tuple(
        _record(model, explanation, found, {**about, **_facts(explanation, found, raws[found.index], finding)})
        for found, finding in zip(last.values(), findings, strict=True)
    )
    return Result(
        torch.stack(pictures) if pictures else torch.zeros((0, 3, *explanation.size)),
        records,
        tuple(explanation.names[index] for index in last),
        findings=findings if any(finding.beside or finding.note for finding in findings) else (),
        arrays=tuple(raws.values()),
        lead=() if explanation.control or not last else (("the photo", image.expand(3, -1, -1)),),
        layout=Layout(_subject(about) if last else ""),
        whole=_whole(model, explanation, last, about),
    )


def _record(model: Model, explanation: Explanation, found: Found, facts: Mapping[str, Any]) -> Record:
    name, arguments = explanation.select(found.index).origin
    return Record(name, arguments, model.described, facts, 0, versions())


def _facts(explanation: Explanation, found: Found, raw: Tensor, finding: Finding) -> dict[str, Any]:
    """What is told of one method's map."""
    estimate, method = found.estimate, explanation.methods[found.index]
    return {
        "method": method.name,
        "facts": dict(estimate.facts),
        "notes": [*estimate.notes, *_faint(raw), *_checked(finding), f"caveat: {method.caveat}"],
        **({"control": dict(finding.values)} if finding.values else {}),
        "estimates_taken": found.count,
        "done": estimate.done,
        "total": estimate.total,
    }


def _whole(model: Model, explanation: Explanation, last: Mapping[int, Found], about: Mapping[str, Any]) -> Record:
    """The record that repeats all methods' pictures."""
    (name, arguments), counts = explanation.origin, [found.count for found in last.values()]
    chosen = {**arguments, "method": [explanation.names[index] for index in last]}
    facts = {**about, "estimates": counts, "estimates_taken": sum(counts)}
    return Record(name, chosen, model.described, facts, None, versions())


def _faint(raw: Tensor) -> list[str]:
    """How much of a map is for the unit, where most of it is against: its colours are stretched all the same."""
    share = positive_share(raw)
    return [] if share is None or share >= HALF else [f"{share:.0%} of the map speaks for it, the rest against"]


def _finding(explanation: Explanation, found: Found, raw: Tensor, image: Tensor) -> Finding:
    """What stands under a map and beside it."""
    finding = _controls(explanation, found.index, found.control, image)
    note = "\n".join(filter(None, (*_faint(raw), finding.note)))
    beside = (*found.estimate.beside(image), *finding.beside) if explanation.alone else finding.beside
    return replace(finding, note=note, beside=beside)


def _controls(explanation: Explanation, index: int, found: Control | None, image: Tensor) -> Finding:
    """The controls of a map, as pictures to stand beside it and as numbers."""
    if found is None or found.random is None:
        told = found is not None and not math.isnan(found.similarity)
        return Finding("", {"similarity": found.similarity}) if found is not None and told else Finding()
    shown = _shown(explanation, index)
    random = overlay(image, found.random.float().cpu(), shown, opacity=explanation.opacity)
    areas = found.areas
    plots = [
        Plot(f"{kind}: area {areas[kind]['map']:.3f}", lines, ("0", f"share of the photo, {CHANGES[kind]}", "1"))
        for kind, lines in found.curves.items()
    ]
    beside = [("random weights", random)]
    if plots:
        beside.append(("red: in the map's order\ngrey: chance, blue: centre", curves(plots, explanation.size)))
    note, values = f"like random weights {found.similarity:.2f}", {"similarity": found.similarity, **areas}
    return Finding(note, values, tuple(beside))


def _checked(finding: Finding) -> list[str]:
    """What the controls say."""
    if not finding.values:
        return []
    alike = finding.values["similarity"]
    if len(finding.values) == 1:
        same = "the map stays the same: do not read it as evidence" if alike > SAME else "the map is another one"
        return [f"with random weights {same} (rank correlation {alike:.2f}); more with --control"]
    notes = [f"rank correlation with the same map of random weights {alike:.2f}; near 1 it owes nothing to training"]
    for kind, better in (("deletion", "less"), ("insertion", "more")):
        if kind not in finding.values:  # the run was left before
            continue
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


def _about(model: Model, explanation: Explanation) -> dict[str, Any]:
    """What holds for all methods: the unit, what it says of the photo, and the circumstances."""
    unit = explanation.unit
    response = round(float(responses(model, explanation.image, activation(unit))), 6)
    named = "logit" if unit.layer == "logits" and model.output.kind in ("softmax", "sigmoid") else "activation"
    scores = {named if len(unit.channels) == 1 else "activation": response}
    if has_probability(model, unit):
        share = responses(model, explanation.image, asked(model, unit, "probability"))
        scores["probability"] = round(float(share), 6)
    return {
        "unit": str(unit),
        "label": explanation.label,
        "scores": scores,
        **_reading(model, unit),
        **({"resized_to": list(model.size)} if _squeezed(model, explanation) else {}),
        "size": list(explanation.size),
        "threads": torch.get_num_threads(),
        "device": str(model.device),
        "precision": str(model.dtype).removeprefix("torch."),
    }


def _squeezed(model: Model, explanation: Explanation) -> bool:
    return explanation.size != model.size and model.takes_one_size([explanation.unit.layer])


def _subject(about: Mapping[str, Any]) -> str:
    """What is explained, and what the network says of it."""
    scores = about["scores"]
    share = f"{100 * scores['probability']:.3g} %" if "probability" in scores else digits(next(iter(scores.values())))
    return f"{about['label']}: {share}"


SIGNED = ("guided-backprop", "deconvnet", "guided-grad-cam")  # usually drawn in their colours round grey


def _shown(explanation: Explanation, index: int) -> str:
    if explanation.show != "auto":
        return explanation.show
    return "signed" if explanation.names[index] in SIGNED else "overlay"


def _finite(name: str, raw: Tensor) -> Tensor:
    if not bool(raw.isfinite().all()):
        raise Diverged(f"{name} is not a number everywhere on this photo; use --precision float32")
    return raw
