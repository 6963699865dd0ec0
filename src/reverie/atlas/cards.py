"""Cards: all that can be shown of one unit, on one board."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from reverie import recipes
from reverie.atlas.evidence import Evidence, evidence
from reverie.atlas.links import Links, link_sections, one_channel, strongest
from reverie.atlas.portraits import Portrait, Render, portraits
from reverie.errors import count
from reverie.figures.board import Bar, Board, Cell, Section
from reverie.figures.result import Result
from reverie.models.connectivity import wiring
from reverie.models.model import Model
from reverie.models.probe import probe
from reverie.models.receptive_fields import Fields
from reverie.models.sources import load
from reverie.synthesis import synthesize
from reverie.unit import Unit

VIEWS = 4  # diverse ones
CLASSES = 6  # that are named


@dataclass(frozen=True, eq=False)
class Optimised:
    """Pictures that were made for a unit.

    Attributes:
        most, least: what it seeks and what it shuns; one picture each, none where the run was ended before.
        views: diverse ones.
        peak: its largest activation on the first one, without any transform.
        classes: the network's classes for that picture, the likeliest first, with their probabilities.
    """

    most: Result
    views: Result
    peak: float
    classes: tuple[tuple[str, float], ...]


def card(
    model: Model | str | nn.Module,
    unit: str | Unit,
    *,
    scan: str | Path | None = None,
    photos: str | Path | None = None,
    steps: int = 128,
    size: int | None = None,
    patches: int = 9,
    links: int = 8,
    link_steps: int = 32,
    pictures: str | Path | None = None,
    seed: int = 0,
    render: Render | None = None,
) -> Board:
    """Lays out all that can be shown of a unit: pictures made for it, real patches, its values, weights and kin.

    Args:
        unit: one channel, such as block8:12 or logits:daisy.
        scan: a file of `reverie scan` with this network and layer; without one what needs photos is left out.
        photos: where the scanned photos are now; where they were unless given.
        steps: of the unit's own pictures.
        size: side of the unit's own pictures; the network's native one unless given.
        patches: real patches of each kind.
        links: how many of the strongest weights each way, and of the nearest units.
        link_steps: of the pictures of other units; 0 leaves them out.
        pictures: a folder of `reverie sheet`, whose pictures of other units are shown in place of new ones.
        seed: of all chances.
        render: runs a recipe to its end; `synthesize` unless given.

    Raises:
        UnknownName: no such layer, channel or class.
        InvalidSetting: more than one channel, or a scan of another network or without the layer.
    """
    ready = load(model)
    for name, value, least in (("links", links, 1), ("link_steps", link_steps, 0), ("patches", patches, 1)):
        count(name, value, least)
    chosen = one_channel(ready, unit)
    real = None if scan is None else evidence(ready, chosen, scan, photos=photos, patches=patches, kin=links)
    found = strongest(wiring(ready), chosen, links)
    made = _optimised(ready, chosen, steps, size, seed, render or synthesize)
    others = [*found.units, *(() if real is None else [other for other, _ in real.kin])]
    shown = portraits(ready, others, steps=link_steps, pictures=pictures, seed=seed, render=render)
    missing = [*found.missing, *_missing(ready, scan, real)]
    return Board(
        ready.label(chosen),
        f"{ready.title} · {ready.layer(chosen.layer).kind}",
        _facts(ready, chosen, made, real),
        tuple(_sections(ready, chosen, made, real, found, shown)),
        tuple(missing),
        _data(ready, chosen, made, real, found),
    )


def _optimised(model: Model, unit: Unit, steps: int | None, size: int | None, seed: int, render: Render) -> Optimised:
    settings: dict[str, Any] = {"steps": steps, "size": size, "seed": seed}
    most = render(model, recipes.feature(model, unit, both=True, **settings))
    views = render(model, recipes.feature(model, unit, diversity=VIEWS, **settings))
    image = most.images[:1].to(model.device)
    with torch.no_grad():
        seen = probe(model, image, [unit.layer, "logits"])
    peak = float(seen[unit.layer][0, int(unit.channels[0])].max())
    return Optimised(most, views, peak, _likeliest(model, seen["logits"]))


def _likeliest(model: Model, logits: Tensor) -> tuple[tuple[str, float], ...]:
    """Class names with their probabilities; none where the network has no names."""
    if not model.classes or logits.shape[1] != len(model.classes):
        return ()
    shares = model.probabilities(logits)[0]
    top = shares.topk(min(CLASSES, len(shares)))
    pairs = zip(top.indices.tolist(), top.values.tolist(), strict=True)
    return tuple((model.classes[index].split(",")[0], share) for index, share in pairs)


def _sections(
    model: Model,
    unit: Unit,
    made: Optimised,
    real: Evidence | None,
    found: Links,
    shown: Mapping[Unit, Portrait],
) -> list[Section]:
    sections = [_pictures(made)]
    sections += _values(made, real)
    sections += [] if real is None else list(real.patches)
    sections += link_sections(model, found, shown, width=6)
    if real is not None and real.kin:
        cells = [_kin(model, other, value, shown.get(other)) for other, value in real.kin]
        note = f"Channels of {unit.layer} whose values go with its own at {real.positions} positions of the photos."
        sections.append(Section("Nearest units", note, tuple(cells), side=150))
    return sections


def _pictures(made: Optimised) -> Section:
    names = ("what it seeks", "what it shuns")
    cells = [*_cells(made.most, names), *_cells(made.views, [f"view {number}" for number in range(1, VIEWS + 1)])]
    note = "Made by climbing, and by descending, the unit's activation; the views differ as far as they can."
    return Section("Made for it", note, tuple(cells), width=7, side=128, large=True)


def _cells(result: Result, names: Sequence[str]) -> list[Cell]:
    return [
        Cell(picture, name, "never fired" if record.index in record.automatic.get("silent", ()) else "", str(record))
        for picture, name, record in zip(result.pictures, names, result.records, strict=False)
    ]


def _values(made: Optimised, real: Evidence | None) -> list[Section]:
    """Where the made picture stands among photos, and which classes go with the unit; stacked beside the pictures."""
    parts = []
    if real is not None:
        parts.append(real.values(made.peak))
        if real.classes:
            top = max(abs(value) for _, value, _ in real.classes) or 1.0
            bars = [Bar(f"{name} ({number})", f"{value:.3g}", value / top) for name, value, number in real.classes]
            note = "Its mean over the photos of each folder (how many)."
            parts.append(Section("Photos' classes", note, bars=tuple(bars), width=6))
    if made.classes:
        bars = [Bar(name, f"{share:.1%}", share) for name, share in made.classes]
        note = "What the network takes the first picture for."
        parts.append(Section("The network's classes", note, bars=tuple(bars), width=5 if real is None else 6))
    return parts


def _kin(model: Model, other: Unit, value: float, portrait: Portrait | None) -> Cell:
    picture, record = (None, None) if portrait is None else (portrait.picture, portrait.record)
    return Cell(picture, model.label(other), f"r = {value:.2f}", record)


def _facts(model: Model, unit: Unit, made: Optimised, real: Evidence | None) -> tuple[tuple[str, str], ...]:
    layer = model.layer(unit.layer)
    seen, stride = Fields(model, unit.layer).size, layer.stride
    facts = [
        ("channel", f"{unit.channels[0]} of {layer.channels}"),
        ("sees", "the whole picture" if seen is None else f"{seen[0]}x{seen[1]} px"),
        ("stride", "-" if stride is None else f"{stride[0]}x{stride[1]} px"),
        ("on its picture", f"{made.peak:.4g}"),
    ]
    return (*facts, *(() if real is None else real.facts(made.peak)))


def _missing(model: Model, scan: str | Path | None, real: Evidence | None) -> list[str]:
    sentences = []
    if scan is None:
        sentences.append(
            "Real patches, the histogram, the photos' classes and the nearest units need a scan of photos: "
            "make one with reverie scan FOLDER -o SCAN.db, and name it with --scan."
        )
    if real is not None:
        sentences += real.missing
    if not model.classes:
        sentences.append("The network's classes have no names; give them with --classes FILE.")
    return sentences


def _data(model: Model, unit: Unit, made: Optimised, real: Evidence | None, found: Links) -> dict[str, Any]:
    return {
        "unit": str(unit),
        "model": model.title,
        "weights_sha256": model.source["weights_sha256"],
        "peak": round(made.peak, 6),
        "classes": [[name, round(share, 6)] for name, share in made.classes],
        **found.data,
        **({} if real is None else real.data),
    }
