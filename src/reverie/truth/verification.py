"""Verification: how good a feature's picture is, in figures that need no eye."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import torch
from torch import Tensor

from reverie.dataset.photo_sets import framed
from reverie.errors import InvalidSetting, UnknownName
from reverie.expression import looks_like_sum
from reverie.figures.result import Result
from reverie.image import Photo, Size, in_channels, read, resize
from reverie.models.model import Model
from reverie.models.probe import probe
from reverie.objectives import activation
from reverie.record import Record
from reverie.settings.calling import names_checked
from reverie.truth.assessment import ALONE, Assessment
from reverie.truth.drawn import drawn, parts_of
from reverie.truth.exemplars import FEWEST, exhausted, responses
from reverie.truth.naturalness import distance, spectrum
from reverie.unit import Unit

PHOTOS = ("sample:flower", "sample:china")
MOST = 512  # patches
TOGETHER = 16  # patches in one forward


@dataclass(frozen=True)
class Transfer:
    """What a second network says to the picture of a class: its probability, and its rank among all classes."""

    model: str
    name: str
    probability: float
    rank: int
    classes: int


@dataclass(frozen=True)
class Verdict:
    """What one picture is worth.

    Attributes:
        unit: as text.
        activation: the unit's mean on the clean picture, without any transform.
        percentile: of the photos' patches that excite the unit less, 0 to 100.
        strongest: the largest activation of a patch.
        patches: how many there were.
        spectrum: distance of the picture's spectrum from that of the patches, in decibels.
        natural: the patches' own median distance, for comparison.
        transfer: where there is a second network that knows the class.
        scores: those of `truth.scores` that these photos allow, of a unit that is one channel.
    """

    unit: str
    activation: float
    percentile: float
    strongest: float
    patches: int
    spectrum: float
    natural: float
    transfer: Transfer | None = None
    scores: tuple[Mapping[str, Any], ...] = ()


@names_checked
def verified(
    model: Model,
    result: Result,
    *,
    photos: Sequence[Photo] = PHOTOS,
    other: Model | None = None,
) -> Result:
    """The result of a feature visualization with a verdict in each record, under `verification`.

    Args:
        photos: whose patches the pictures are measured by.
        other: a second network; pictures of classes are shown to it, the class being found by its name.

    Raises:
        InvalidSetting: no pictures of units.
        UnsuitableImage: a photo that cannot be read.
    """
    verdicts = verify(model, result.opaque, _units(result), photos=photos, other=other)
    told = [asdict(verdict) for verdict in verdicts]
    records = tuple(record.noting(verification=each) for record, each in zip(result.records, told, strict=True))
    return replace(result, records=records, whole=result.whole and result.whole.noting(verification=told))


def _units(result: Result) -> list[str]:
    named = [record.own(record.arguments.get("units", [])) for record in result.records]
    views = [record for record in result.records if _along(record) or _in_groups(record)]
    if views:
        raise InvalidSetting("--verify measures units alone: leave out --dictionary, --concept, --diversity and --both")
    if not named or not all(named):
        raise InvalidSetting("only pictures of a feature visualization are verified; they have units in their records")
    if any(not isinstance(units[0], str) or looks_like_sum(units[0]) for units in named):
        raise InvalidSetting("--verify measures units alone: leave out sums and objectives")
    return [str(units[0]) for units in named]


def _along(record: Record) -> bool:
    """Whether its pictures are of directions."""
    return bool(record.arguments.get("dictionary") or record.arguments.get("concept"))


def _in_groups(record: Record) -> bool:
    units = record.arguments.get("units")
    return units is not None and len(units) != len(record.automatic.get("members", units))


def verify(
    model: Model,
    images: Tensor,
    units: Sequence[str],
    *,
    photos: Sequence[Photo] = PHOTOS,
    other: Model | None = None,
) -> list[Verdict]:
    """A verdict on each of the pictures [N,C,H,W] of these units."""
    size = int(images.shape[-2]), int(images.shape[-1])
    parts, whole = _seen(photos, size, model.size)
    patches = in_channels(parts, model.channels)
    spectra = spectrum(patches)
    usual = spectra.mean(0)
    natural = float(distance(spectra, usual).median())
    resolved = [model.units(unit)[0] for unit in units]
    scored = list(_scored(model, images, resolved, whole, patches, len(photos)))
    felt = _activations(model, patches, resolved)
    verdicts = []
    for row, unit in enumerate(resolved):
        image = images[row : row + 1]
        value = float(_activations(model, image, [unit])[0, 0])
        verdicts.append(
            Verdict(
                units[row],
                round(value, 6),
                round(100 * float((felt[:, row] < value).float().mean()), 2),
                round(float(felt[:, row].max()), 6),
                len(patches),
                round(float(distance(spectrum(image), usual)), 3),
                round(natural, 3),
                None if other is None else _transfer(model, unit, image, other),
                scored[row],
            )
        )
    return verdicts


def _scored(
    model: Model, images: Tensor, units: Sequence[Unit], whole: Sequence[Tensor], parts: Tensor, photos: int
) -> Iterator[tuple[Mapping[str, Any], ...]]:
    """The scores that need no judge: by the photos where there are enough, else by their parts."""
    source = f"{photos} photos" if whole else f"{len(parts)} parts of {photos} photos"
    seen = drawn("photos", torch.stack(list(whole)) if whole else parts, apart=bool(whole))
    single = {unit.layer for unit in units if _single(unit)}
    by = Assessment(exhausted(responses(model, seen, sorted(single), source=source))) if single else None
    for image, unit in zip(images, units, strict=True):
        if by is None or not _single(unit):
            yield ()
            continue
        told = by.alone(unit, image.expand(3, -1, -1))
        yield tuple({**asdict(score), "more": {}, "wary": score.wary} for score in told.scores)


def _single(unit: Unit) -> bool:
    return len(unit.channels) == 1 and not unit.positional


def _seen(photos: Sequence[Photo], size: Size, native: Size) -> tuple[Tensor, list[Tensor]]:
    """Patches [P,3,H,W] of photos, evenly thinned out where there are many; and each photo whole, where enough are."""
    most, parts, whole = max(1, MOST // len(photos)), [], []
    for photo in photos:
        image = read(photo)
        patches = torch.cat(list(parts_of(image, size)))
        parts.append(patches[:: math.ceil(len(patches) / most)])
        whole += [framed(image[0], native).float() / 255] if len(photos) >= FEWEST else []
    return torch.cat(parts), whole


def _activations(model: Model, images: Tensor, units: Sequence[Unit]) -> Tensor:
    """[P,U]: of whole layers the mean square, else the mean."""
    objectives = [activation(unit, "mean" if unit.channels else "mean-square") for unit in units]
    layers = {unit.layer for unit in units}
    rows = []
    with torch.no_grad():
        for part in images.split(TOGETHER):
            seen = probe(model, part.to(model.device), layers)
            rows.append(torch.stack([objective.score(seen) for objective in objectives], 1).cpu())
    return torch.cat(rows)


def _transfer(model: Model, unit: Unit, image: Tensor, other: Model) -> Transfer | None:
    """Nothing where the unit is no class, or the second network does not know it."""
    name = model.named_class(unit)
    if name is None:
        return None
    try:
        (known,) = other.units(Unit("logits", (name,)))
    except UnknownName:
        return None
    shown = resize(image, other.size).clamp(0, 1).to(other.device)
    with torch.no_grad():
        seen = probe(other, in_channels(shown, other.channels), ["logits"])
    shares = other.probabilities(seen["logits"])[0]
    index = int(known.channels[0])
    rank = 1 + int((shares > shares[index]).sum())
    return Transfer(other.title, name, round(float(shares[index]), 6), rank, len(shares))


def verdict_rows(result: Result) -> list[list[str]]:
    """The verdicts in a result's records as rows of a table, its heads first."""
    heads = ["unit", "activation", "percentile", "of the strongest patch", "spectrum off by", "transfer"]
    rows = [[*heads, *ALONE, "be wary of"]]
    for record in result.records:
        found = dict(record.automatic["verification"])
        item = Verdict(**{**found, "transfer": found["transfer"] and Transfer(**found["transfer"])})
        told = {score["name"]: score for score in item.scores}
        share = f"{item.activation / item.strongest:.2f}x" if item.strongest > 0 else "-"
        moved = item.transfer
        rows.append(
            [
                item.unit,
                f"{item.activation:.4g}",
                f"{item.percentile:.4g} of {item.patches} patches",
                share,
                f"{item.spectrum:.1f} dB (a photo's patch: {item.natural:.1f})",
                "-"
                if moved is None
                else f"{moved.model}: {moved.probability:.1%}, rank {moved.rank} of {moved.classes}",
                *(_told(item, name) for name in ALONE),
                ", ".join(name for name, score in told.items() if score["wary"]) or "-",
            ]
        )
    return rows


def _told(item: Verdict, name: str) -> str:
    found = [f"{score['value']:.2f}" for score in item.scores if score["name"] == name]
    return found[0] if found else "no photo fires the unit" if name == "reach" and item.scores else "-"
