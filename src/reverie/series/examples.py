"""Sheets of real patches: what of the photos of a scan excites units, captioned, with what the unit sees in each."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from reverie.attribution import method_named
from reverie.dataset.patches import Patch, patch_record
from reverie.dataset.patches import patches as looked_up
from reverie.dataset.store import Scan, read_scan
from reverie.errors import InvalidSetting, count
from reverie.figures.overlay import overlay
from reverie.figures.result import Result
from reverie.image import fit, resize
from reverie.models.fields import covers
from reverie.models.model import Model
from reverie.objectives import activation
from reverie.recipes.reruns import recorded_model
from reverie.record import Record
from reverie.unit import Unit

BESIDE = ("gradient", "guided-backprop")
COARSE = 6  # a crop that is enlarged more than so many times is shown in its pixels


def patches(
    model: Model,
    units: str | Unit | Sequence[str | Unit],
    scan: Scan | str | Path,
    *,
    photos: str | Path | None = None,
    kind: str | Sequence[str] = "top",
    most: int = 9,
    beside: str | None = None,
    side: int = 160,
) -> Result:
    """Shows the real patches that excite units, from a scan: cut out at the receptive field, each value checked.

    Args:
        scan: a file that 'reverie scan' wrote.
        photos: where the photos are, where they were moved since; a folder, .tar or .txt as for the scan.
        kind: top, least, median or random; repeatable.
        most: how many patches of each kind.
        beside: put beside each patch its gradient or guided-backprop picture.
        side: of a patch's picture, in pixels.

    Raises:
        UnknownName: no such unit, or the scan has no such layer.
        InvalidSetting: a number out of range, no such kind, or a unit that is not one channel.
        ScanRefused: a damaged scan, or other photos.
        UnsuitableImage: a photo that cannot be read any more.
    """
    count("side", side, 16, 2048)
    kinds = [kind] if isinstance(kind, str) else list(kind)
    if beside is not None and beside not in BESIDE:
        raise InvalidSetting(f"beside is {' or '.join(BESIDE)}, not '{beside}'")
    source = scan if isinstance(scan, Scan) else read_scan(scan)
    found, chosen = source.photos(photos), [_channel(unit) for unit in model.units(units)]
    rows = [
        (unit, looked_up(model, source, found, unit.layer, int(unit.channels[0]), kind=each, most=most))
        for unit in chosen
        for each in kinds
    ]
    cells = [cell for unit, row in rows for patch in row for cell in _cells(model, source, unit, patch, beside, side)]
    if not cells:
        raise InvalidSetting(f"{source.path} holds no patch of {chosen[0]} yet; let the scan go on")
    images, records, labels = zip(*cells, strict=True)
    wide = max(len(row) for _, row in rows) * (1 if beside is None else 2)
    return Result(torch.stack(images), records, labels, columns=wide if len(rows) > 1 else None)


Cell = tuple[Tensor, Record, str]


def _channel(unit: Unit) -> Unit:
    if len(unit.channels) != 1 or unit.positional:
        raise InvalidSetting(f"'{unit}' is not one channel: a scan ranks channels; name it as LAYER:CHANNEL")
    return unit


def _cells(model: Model, scan: Scan, unit: Unit, patch: Patch, beside: str | None, side: int) -> list[Cell]:
    """The patch's picture, and by choice what the unit sees in it."""
    whole = ", whole" if covers(patch.box, model.size) else ""
    doubt = f"\n{patch.doubt}" if patch.doubt else ""
    label = f"{unit}{whole}\n{patch.kind} {patch.value:.3g}\n{PurePosixPath(patch.name).with_suffix('')}{doubt}"
    cells = [(_fitted(patch.crop.expand(3, -1, -1), side), patch_record(model, scan, unit, patch), label)]
    if beside is not None:
        record = patch_record(model, scan, unit, patch, beside=beside)
        cells.append((_fitted(_seen(model, unit, patch, beside), side), record, f"{beside}\nof the unit there"))
    return cells


def _seen(model: Model, unit: Unit, patch: Patch, method: str) -> Tensor:
    """What of the photo the unit answers to, in colours round grey, cut out like the patch."""
    (row, column), layer = patch.place, model.layer(unit.layer)
    there = unit if layer.size is None else replace(unit, rows=(row, row), columns=(column, column))
    image = patch.picture[None].to(model.device)
    *_, estimate = method_named(method).estimates(model, image, activation(there))
    (top, bottom), (left, right) = patch.box
    cut = np.s_[:, top:bottom, left:right]
    return overlay(patch.picture[cut], estimate.raw.cpu()[cut], "signed")


def _fitted(picture: Tensor, side: int) -> Tensor:
    """A picture [3,h,w] in a white square, as large as may be; a small one shows its pixels."""
    height, width = picture.shape[-2:]
    size = fit((height, width), side)
    if side > COARSE * max(height, width):
        large = functional.interpolate(picture[None], size, mode="nearest-exact")[0]
    else:
        large = resize(picture[None], size)[0].clamp(0, 1)
    page = torch.ones(3, side, side)
    top, left = (side - size[0]) // 2, (side - size[1]) // 2
    page[:, top : top + size[0], left : left + size[1]] = large
    return page


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


def told(result: Result) -> str:
    """How many of the patches' values their crops gave back, as a line for the terminal."""
    about = [record.automatic for record in result.records if "beside" not in record.arguments]
    exact = sum(facts["doubt"] is None for facts in about)
    doubts = dict.fromkeys(str(facts["doubt"]) for facts in about if facts["doubt"])
    return "; ".join([f"{exact} of {len(about)} crops alone give the recorded value back", *doubts])
