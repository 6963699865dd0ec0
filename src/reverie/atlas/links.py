"""Links: the strongest weights into a unit and out of it, with pictures of the units at their other ends."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from reverie.atlas.portraits import Portrait, Portraits
from reverie.errors import InvalidSetting
from reverie.figures.board import Board, Cell, Section
from reverie.figures.kernels import colours, signed, squared
from reverie.image import to_pil
from reverie.models.connections import IMAGE, Connection, Connectivity
from reverie.models.connectivity import connectivity
from reverie.models.model import Model
from reverie.models.sources import load
from reverie.runs import Event, Progress, finished, in_turn
from reverie.settings.calling import called_with
from reverie.settings.filters import Connections
from reverie.unit import Unit, channel_of

PATCH, SIDE = 24, 120  # least side of a kernel's picture, in pixels: beside a portrait, and in place of one
INTO = "effective weights, a batch norm's factor included: red excites, blue inhibits; the number is their sum"
ENDED = "The run was ended early: pictures are missing, or as they stood then."
OUT_OF = "what reads it next; red excites, blue inhibits"


@dataclass(frozen=True, eq=False)
class Links:
    """The strongest connections of a unit.

    Attributes:
        incoming, outgoing: the strongest first.
        total: how many there are each way.
        missing: what cannot be told, in sentences.
    """

    unit: Unit
    incoming: tuple[Connection, ...]
    outgoing: tuple[Connection, ...]
    total: tuple[int, int]
    missing: tuple[str, ...] = ()

    @property
    def units(self) -> list[Unit]:
        """The units at the other ends, once each, whose pictures can be made."""
        ends = [item.source for item in self.incoming] + [item.target for item in self.outgoing]
        return [unit for unit in dict.fromkeys(ends) if unit is not None and unit.layer != IMAGE]

    @property
    def data(self) -> dict[str, Any]:
        """The links as plain values."""
        return {
            "incoming": [_plain(item, item.source) for item in self.incoming],
            "outgoing": [_plain(item, item.target) for item in self.outgoing],
        }


def _plain(link: Connection, end: Unit | None) -> dict[str, Any]:
    return {
        "unit": _named(link, end),
        "strength": round(link.strength, 6),
        "sum": round(float(link.kernel.sum()), 6),
        "through": link.through,
    }


def _named(link: Connection, end: Unit | None) -> str:
    """The unit at an end, or what is known of one that is no listed layer's channel."""
    if end is not None:
        return str(end)
    return f"input {link.input} of {link.through}" if link.source is None else f"inside, by {link.through}"


def one_channel(model: Model, unit: str | Unit) -> Unit:
    """The one channel that a text names.

    Raises:
        UnknownName: no such layer, channel or class.
        InvalidSetting: a whole layer, several channels, or a part of the positions.
    """
    units = model.units(unit)
    if len(units) != 1:
        raise InvalidSetting(f"'{unit}' is {len(units)} units; name one channel, such as '{units[0]}'")
    channel_of(units[0])
    return units[0]


def strongest(wired: Connectivity, unit: Unit, most: int) -> Links:
    """The strongest connections into and out of a unit; what cannot be told is said instead."""
    missing, into, out_of = [], [], []
    try:
        into = wired.incoming(unit)
    except InvalidSetting as error:
        missing.append(_sentence(str(error)))
    try:
        out_of = wired.outgoing(unit)
        if not out_of:
            missing.append(f"Nothing reads {unit} next: it is the network's output, or is not followed further.")
    except InvalidSetting as error:
        missing.append(_sentence(str(error)))
    own = [item for item in into if item.source is None or item.source.layer != IMAGE]
    chosen = tuple(into) if not own else tuple(own[:most])
    return Links(unit, chosen, tuple(out_of[:most]), (len(into), len(out_of)), tuple(dict.fromkeys(missing)))


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."


def link_sections(model: Model, found: Links, shown: Mapping[Unit, Portrait], width: int = 12) -> tuple[Section, ...]:
    """Two sections of a board: what feeds the unit, and what it feeds."""
    sections = []
    if found.incoming and all(item.source and item.source.layer == IMAGE for item in found.incoming):
        sections.append(_of_image(found, width))
    elif found.incoming:
        cells = _cells(model, found.incoming, [item.source for item in found.incoming], shown)
        note = f"The {len(cells)} strongest of {found.total[0]} {INTO}."
        sections.append(Section("Fed by", note, cells, width=width, side=150))
    if found.outgoing:
        cells = _cells(model, found.outgoing, [item.target for item in found.outgoing], shown)
        note = f"The {len(cells)} strongest of {found.total[1]}: {OUT_OF}."
        sections.append(Section("Feeds", note, cells, width=width, side=150))
    return tuple(sections)


def _of_image(found: Links, width: int) -> Section:
    """The kernel over the picture itself, in its colours."""
    ordered = sorted(found.incoming, key=lambda item: item.input)
    kernel = torch.stack([item.kernel for item in ordered])
    cells = []
    if len(kernel) in (1, 3):
        cells.append(Cell(to_pil(squared(colours(kernel), 224)), "the kernel", f"length {float(kernel.norm()):.3g}"))
    for name, item in zip(("red", "green", "blue"), ordered, strict=False):
        cells.append(Cell(to_pil(squared(signed(item.kernel), 224)), name, f"{float(item.kernel.sum()):+.3g}"))
    note = "Its weights over the picture in [0,1], the network's own normalisation included; grey is 0."
    return Section("Fed by the picture", note, tuple(cells), width=width, side=112)


def _cells(
    model: Model, links: Sequence[Connection], ends: Sequence[Unit | None], shown: Mapping[Unit, Portrait]
) -> tuple[Cell, ...]:
    """A cell for each connection, their kernels on one scale."""
    top = max(float(link.kernel.abs().max()) for link in links)
    return tuple(_cell(model, link, end, shown, top) for link, end in zip(links, ends, strict=True))


def _cell(model: Model, link: Connection, end: Unit | None, shown: Mapping[Unit, Portrait], top: float) -> Cell:
    portrait = None if end is None else shown.get(end)
    kernel = to_pil(squared(signed(link.kernel, top), max(PATCH if portrait else SIDE, *link.kernel.shape)))
    name = _named(link, end) if end is None else model.label(end)
    note = f"{float(link.kernel.sum()):+.3g}" + (", added as it is" if link.through == "sum" else "")
    if portrait is None:
        return Cell(kernel, name, note, sign=link.sign)
    return Cell(portrait.picture, name, note, portrait.record, kernel, link.sign)


class ConnectionsRun:
    """The run of a unit's strongest connections: pictures of the units at their other ends are made.

    Raises:
        UnknownName: no such layer, channel or class.
        InvalidSetting: more than one channel, or one whose connections cannot be told at all.
        UnsuitableImage: there is no such folder of pictures.
    """

    def __init__(self, model: Model | str | nn.Module, asked: Connections) -> None:
        self.model = load(model)
        self.unit = one_channel(self.model, asked.unit)
        self.found = strongest(connectivity(self.model), self.unit, asked.links)
        if not self.found.incoming and not self.found.outgoing:
            raise InvalidSetting(self.found.missing[0].rstrip("."))
        units = [self.unit, *self.found.units]
        self.portraits = Portraits(self.model, units, asked.steps, asked.pictures, asked.seed, asked.size)
        self.whole = False

    def events(self) -> Iterator[Event]:
        """Makes the pictures, a step for each event."""
        yield from in_turn({"units": self.portraits})
        self.whole = True

    def result(self) -> Board:
        """The weights, with the pictures that there are."""
        model, shown = self.model, self.portraits.result()
        own = shown.get(self.unit)
        cells = () if own is None else (Cell(own.picture, model.label(self.unit), "", own.record),)
        first = (Section("The unit", "", cells, side=192),) if cells else ()
        return Board(
            model.label(self.unit),
            model.title,
            (),
            (*first, *link_sections(model, self.found, shown)),
            (*self.found.missing, *(() if self.whole else (ENDED,))),
            {"unit": str(self.unit), "model": model.title, **self.found.data},
        )


@called_with(Connections)
def connections(model: Model | str | nn.Module, asked: Connections, *, progress: Progress = None) -> Board:
    """Draws the strongest weights into a unit and out of it, with pictures of the units at their other ends.

    Raises:
        ReverieError: as `ConnectionsRun`.
    """
    return finished(ConnectionsRun(model, asked), progress)


def link_rows(heading: str, ends: Sequence[Mapping[str, Any]]) -> list[list[str]]:
    """Connections, as a board's data have them, as rows of a table, its heads first."""
    rows = [[heading, "sum of weights", "length", "through"]]
    for end in ends:
        rows.append([str(end["unit"]), f"{end['sum']:+.4g}", f"{end['strength']:.4g}", end["through"]])
    return rows
