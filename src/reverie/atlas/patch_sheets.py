"""Sheets of real patches: what of the photos of a scan excites units, captioned, with what the unit sees in each."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from reverie.atlas.atlas_file import scan_in
from reverie.attribution.effective_field import fired, gradient_at
from reverie.dataset.store import Scan
from reverie.dataset.top_patches import Patch, extent, patch_record
from reverie.dataset.top_patches import patches as looked_up
from reverie.errors import InvalidSetting
from reverie.figures.contact_sheet import Layout
from reverie.figures.lettering import digits
from reverie.figures.overlay import framed, overlay
from reverie.figures.result import Result
from reverie.image import Size, fit, resize
from reverie.models.model import Model
from reverie.recipes.recorded_networks import recorded_model
from reverie.record import Record, versions
from reverie.runs import Event, Progress, finished
from reverie.settings.calling import called_with
from reverie.settings.patches import Patches
from reverie.unit import Unit

WORDS = {"top": "strongest", "least": "weakest", "median": "in the middle", "random": "by chance"}
TITLE = "the number is the unit's activation there; a frame shows where in a large patch it fired"
COARSE = 6  # a crop that is enlarged more than so many times is shown in its pixels


class PatchesRun:
    """The run of a sheet of real patches: each unit's are looked at again, one kind after the other.

    Raises:
        UnknownName: no such unit.
        InvalidSetting: a unit that is not one channel.
        ScanRefused: a damaged scan, or other photos.
    """

    def __init__(self, model: Model, asked: Patches) -> None:
        self.model, self.asked = model, asked
        self.scan = asked.scan if isinstance(asked.scan, Scan) else scan_in(asked.scan)
        self.photos = self.scan.photos(asked.photos)
        self.units = [_channel(unit) for unit in model.units(asked.units)]
        self.rows: list[Row] = []
        self.cells: list[Cell] = []

    def events(self) -> Iterator[Event]:
        """Looks at the patches, those of a unit and a kind for each event.

        Raises:
            UnknownName: the scan has no such layer.
            UnsuitableImage: a photo that cannot be read any more.
        """
        asked, wanted = self.asked, [(unit, kind) for unit in self.units for kind in self.asked.kind]
        for done, (unit, kind) in enumerate(wanted, 1):
            row = looked_up(
                self.model, self.scan, self.photos, unit.layer, int(unit.channels[0]),
                kind=kind, most=asked.most, copies=asked.copies,
            )  # fmt: skip
            for patch in row:
                self.cells += _cells(self.model, self.scan, unit, patch, asked.beside, asked.side)
            self.rows.append((unit, kind, row))
            yield Event(done, len(wanted), "patches")

    def result(self) -> Result:
        """The sheet of what was looked at.

        Raises:
            InvalidSetting: the scan holds nothing of the units yet.
        """
        cells, together = self.cells, 1 if self.asked.beside is None else 2
        if not cells:
            raise InvalidSetting(f"{self.scan.path} holds no patch of {self.units[0]} yet; let the scan go on")
        wide = max(len(row) for _, _, row in self.rows) * together
        records = [cell.record for cell in cells]
        return Result(
            torch.stack([cell.image for cell in cells]),
            tuple(records),
            tuple(cell.caption for cell in cells),
            layout=Layout(TITLE, _heads(self.model, self.rows, together), wide if len(self.rows) > 1 else None),
            whole=_whole(self.model, [str(unit) for unit in self.units], list(self.asked.kind), records),
            names=tuple(cell.name for cell in cells),
            notes=(_told(records),),
        )


@called_with(Patches)
def patches(model: Model, asked: Patches, *, progress: Progress = None) -> Result:
    """Shows the real patches that excite units, from a scan: cut out at the receptive field, each value checked.

    Raises:
        ReverieError: as `PatchesRun`, its events and its result.
    """
    return finished(PatchesRun(model, asked), progress)


Row = tuple[Unit, str, list[Patch]]


@dataclass(frozen=True, eq=False)
class Cell:
    """A picture of a patch: with its caption, and with the name of a file of its own."""

    image: Tensor
    record: Record
    caption: str
    name: str


def _heads(model: Model, rows: Sequence[Row], together: int) -> dict[int, str]:
    """What stands over each row, by its first picture."""
    heads, first = {}, 0
    for unit, kind, row in rows:
        if row:
            heads[first] = f"{model.label(unit)}: {WORDS[kind]}; it sees {extent(model, unit)}"
        first += len(row) * together
    return heads


def _whole(model: Model, units: Sequence[str], kinds: Sequence[str], each: Sequence[Record]) -> Record:
    """The record of a whole sheet: what was asked for, and each patch's place and value."""
    shared = {name: each[0].arguments[name] for name in ("scan", "photos")}
    told = [{**record.automatic, "unit": record.arguments["unit"]} for record in each]
    return Record(
        "patches", {"units": units, "kinds": kinds, **shared}, model.described, {"patches": told}, None, versions()
    )


def _channel(unit: Unit) -> Unit:
    if len(unit.channels) != 1 or unit.positional:
        raise InvalidSetting(f"'{unit}' is not one channel: a scan ranks channels; name it as LAYER:CHANNEL")
    return unit


def _cells(model: Model, scan: Scan, unit: Unit, patch: Patch, beside: str | None, side: int) -> list[Cell]:
    """The patch's picture, outlined where the unit fired in a large one, and by choice what the unit sees in it."""
    photo, doubt = patch.title, f"\n{patch.doubt}" if patch.doubt else ""
    name = f"{unit} {patch.kind} {photo}"
    picture, corner, size = _fitted(patch.crop.expand(3, -1, -1), side)
    box = fired(model, patch.picture, unit, patch.place, patch.box) if patch.value > 0 else None
    if box is not None:
        spans = [
            tuple(round(at + (edge - start) * length / (stop - start)) for edge in span)
            for span, (start, stop), at, length in zip(box, patch.box, corner, size, strict=True)
        ]
        picture = framed(picture, (spans[0][0], spans[0][1]), (spans[1][0], spans[1][1]))
    record = patch_record(model, scan, unit, patch)
    cells = [Cell(picture, record, f"{digits(patch.value)}\n{photo}{doubt}", name)]
    if beside is not None:
        record = patch_record(model, scan, unit, patch, beside=beside)
        seen = _fitted(_seen(model, unit, patch, beside), side)[0]
        cells.append(Cell(seen, record, f"{beside}\nof the unit there", f"{name} {beside}"))
    return cells


def _seen(model: Model, unit: Unit, patch: Patch, method: str) -> Tensor:
    """What of the photo the unit answers to, in colours round grey, cut out like the patch."""
    (top, bottom), (left, right) = patch.box
    cut = np.s_[:, top:bottom, left:right]
    return overlay(patch.picture[cut], gradient_at(model, patch.picture, unit, patch.place, method)[cut], "signed")


def _fitted(picture: Tensor, side: int) -> tuple[Tensor, tuple[int, int], Size]:
    """A picture [3,h,w] in a white square, as large as may be; a small one shows its pixels. And where, how large."""
    height, width = picture.shape[-2:]
    size = fit((height, width), side)
    if side > COARSE * max(height, width):
        large = functional.interpolate(picture[None], size, mode="nearest-exact")[0]
    else:
        large = resize(picture[None], size)[0].clamp(0, 1)
    page = torch.ones(3, side, side)
    top, left = (side - size[0]) // 2, (side - size[1]) // 2
    page[:, top : top + size[0], left : left + size[1]] = large
    return page, (top, left), size


def scanned_model(
    scan: Scan, model: Model | nn.Module | str | None = None, *, trust: bool = False, **options: Any
) -> Model:
    """The network of a scan, with the very weights.

    Args:
        model: the user's own naming of it, which wins.
        trust: load code and weight files that only the scan names.

    Raises:
        RecordRefused: the scan names code or weights and nobody vouches for them, or the weights are others.
    """
    return recorded_model(Record("scan", {}, scan.about.model), model, trust=trust, **options)


def _told(records: Sequence[Record]) -> str:
    """How many of the patches' values their crops gave back, as a line for the terminal."""
    about = [record.automatic for record in records if "beside" not in record.arguments]
    exact = sum(facts["doubt"] is None for facts in about)
    doubts = dict.fromkeys(str(facts["doubt"]) for facts in about if facts["doubt"])
    return "; ".join([f"{exact} of {len(about)} crops alone give the recorded value back", *doubts])
