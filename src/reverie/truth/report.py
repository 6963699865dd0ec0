"""Reports: what an examination of a network found, one line a question, in plain words."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from reverie.attribution.sanity_checks import SAME, Control
from reverie.errors import listed
from reverie.truth.assessment import Scored
from reverie.truth.exemplars import Responses
from reverie.truth.idle_units import idle

SHOWN = 8  # units that are named of a kind
HEADS = ("asked", "found", "so")
Row = tuple[str, str, str]


@dataclass(frozen=True)
class Report:
    """What was found.

    Attributes:
        model, layer: what was examined.
        found: rows of the table.
        notes: sentences about what was left out.
    """

    model: str
    layer: str
    found: tuple[Row, ...]
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        """How many things were found out."""
        return len(self.found)

    @property
    def heads(self) -> Sequence[str]:
        """The heads of the table."""
        return HEADS

    @property
    def rows(self) -> Sequence[Sequence[str]]:
        """The rows of the table."""
        return self.found

    def plain(self) -> dict[str, Any]:
        """All of it, for a file."""
        rows = [dict(zip(HEADS, row, strict=True)) for row in self.found]
        return {"model": self.model, "layer": self.layer, "found": rows, "notes": list(self.notes)}

    def told(self, written: Sequence[Path]) -> list[str]:
        """What was left out, and where it was written to."""
        return [*self.notes, *(f"wrote {path}" for path in written)]


def noticed(name: str, own: Sequence[Scored], theirs: Sequence[Scored]) -> Row | None:
    """Whether a score is lower in the copy, for the same units."""
    pairs = [(a[name].value, b[name].value) for a, b in zip(own, theirs, strict=True) if name in a and name in b]
    if not pairs:
        return None
    honest, fooled = np.mean(pairs, 0)
    lower = sum(b < a for a, b in pairs)
    told = f"{honest:.2f} in the network, {fooled:.2f} where {len(pairs)} fooling circuits were planted"
    good = lower == len(pairs) and fooled < honest - 0.1
    return f"does {name} notice a lie?", told, "yes" if good else f"not surely: lower for {lower} of {len(pairs)} units"


def suspicious(own: Sequence[Scored]) -> list[Row]:
    """Units of the network itself whose pictures should not be believed."""
    wary = [f"{each.unit} (low {', '.join(score.name for score in each.scores if score.wary)})" for each in own]
    wary = [text for text, each in zip(wary, own, strict=True) if any(score.wary for score in each.scores)]
    so = "do not read their pictures as what they respond to in photos" if wary else "their pictures may be believed"
    return [
        ("whose pictures are suspicious?", f"{listed(wary, SHOWN) if wary else 'none'} of {len(own)} looked at", so)
    ]


def map_row(name: str, found: Control) -> Row:
    """What may be thought of a method's maps."""
    areas = found.areas
    told = (
        f"{found.similarity:.2f} like random weights; deletion {areas['deletion']['map']:.2f} "
        f"(chance {areas['deletion']['random']:.2f}, centre {areas['deletion']['centre']:.2f}), "
        f"insertion {areas['insertion']['map']:.2f} (chance {areas['insertion']['random']:.2f}, "
        f"centre {areas['insertion']['centre']:.2f})"
    )
    better = (
        areas["deletion"]["map"] < areas["deletion"]["random"]
        and areas["insertion"]["map"] > areas["insertion"]["random"]
    )
    if found.similarity > SAME:
        return f"maps by {name}", told, "the map stays the same with random weights: do not read it as evidence"
    return f"maps by {name}", told, "may be read" if better else "no better than chance: read it with care"


def units_found(found: Responses) -> list[Row]:
    """Dead, duplicate and saturated units of all layers."""
    layers = list(idle(found))
    kinds = {
        "dead units": ([f"{each.layer}:{unit}" for each in layers for unit in each.dead], "they show nothing"),
        "duplicate units": (
            [f"{each.layer}:{a}+{b}" for each in layers for a, b in each.duplicate], "one of each pair is enough",
        ),
        "saturated units": (
            [f"{each.layer}:{unit}" for each in layers for unit in each.saturated],
            "more of what excites them changes nothing",
        ),
    }  # fmt: skip
    total = sum(each.channels for each in layers)
    return [
        (name, f"{len(units)} of {total}{': ' if units else ''}{listed(units, SHOWN)}", so if units else "-")
        for name, (units, so) in kinds.items()
    ]
