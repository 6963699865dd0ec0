"""Assesses the pictures of an atlas: whether each may be believed, by the photos of its scan and by another network."""

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from reverie.atlas.atlas_file import Atlas, read_atlas, shown
from reverie.atlas.atlas_writer import AtlasWriter
from reverie.atlas.entries import AtlasPicture, Score
from reverie.atlas.photo_ranks import NAMES as OWN
from reverie.atlas.verifying import network_of
from reverie.errors import AtlasRefused
from reverie.image import read
from reverie.models.model import Model
from reverie.runs import Event
from reverie.truth.assessment import NAMES, Assessment, Scored
from reverie.truth.exemplars import scanned
from reverie.truth.interpretability import Others, next_of
from reverie.truth.judge import judge_of
from reverie.unit import Unit

MADE = tuple(name for name in NAMES if name not in OWN)  # those that a build does not bring


class AssessRun:
    """The run that assesses an atlas' pictures, a unit for each event; units that have scores are passed over.

    Args:
        model: the user's own naming of the network, which wins.
        judge: another network, by its name; `none` for nobody; EfficientNet-Lite0 unless given.
        photos: where the photos are now; where they were unless given.
        limit: the first units of each layer alone.
        force: assess all anew.
        trust: load code and weight files that only the atlas names.

    Raises:
        AtlasRefused: it is no atlas, or holds no finished scan of photos.
        ScanRefused: other photos lie there.
        RecordRefused: the atlas names code or weights and nobody vouches for them, or the weights are others.
    """

    def __init__(
        self,
        path: str | Path,
        model: Model | nn.Module | str | None = None,
        *,
        judge: str | None = None,
        photos: str | None = None,
        limit: int | None = None,
        force: bool = False,
        trust: bool = False,
        **options: Any,
    ) -> None:
        self.atlas, self.limit, self.force = read_atlas(path), limit, force
        scan = self.atlas.scan
        if scan is None or not scan.complete:
            raise AtlasRefused(
                f"{self.atlas.path} holds no finished scan of photos, by which pictures are assessed; "
                "build it with --photos first"
            )
        self.model = network_of(self.atlas, model, trust=trust, **options)
        layers = [layer.layer for layer in self.atlas.layers if layer.layer in scan.about.layers]
        self.assessment = Assessment(scanned(self.model, scan, layers, photos), judge_of(self.model, judge))
        self.drawn = {layer: self._drawn(layer) for layer in layers}
        self.left_out = Counter[str]()

    def events(self) -> Iterator[Event]:
        """Assesses, and enters what was found of each unit.

        Raises:
            OutputFailed: the file cannot be written.
        """
        wanted = [unit for layer in self.drawn for unit in self._units(layer)]
        with AtlasWriter(self.atlas.path, self.atlas.about) as writer:
            for done, (layer, unit) in enumerate(wanted, 1):
                found = self._scored(layer, unit)
                writer.enter_scores(layer, unit, MADE, _rows(found, layer, unit))
                self.left_out.update(text.removeprefix(f"{layer}:{unit}: ") for text in found.missing)
                yield Event(done, len(wanted), "scores")

    @property
    def missing(self) -> list[str]:
        """Why scores are missing, and of how many units."""
        return [f"{text} ({count} units)" for text, count in self.left_out.most_common()]

    def result(self) -> Atlas:
        """The file, opened for reading."""
        return read_atlas(self.atlas.path)

    def _drawn(self, layer: str) -> list[int]:
        """Units that have a picture of what they seek."""
        return sorted({item.unit for item in self.atlas.outlines(layer) if item.view == "max"})

    def _units(self, layer: str) -> list[tuple[str, int]]:
        """Those of the drawn units that have no scores yet."""
        known = set() if self.force else {score.unit for score in self.atlas.scores(layer) if score.name in MADE}
        units = [unit for unit in self.drawn[layer] if unit not in known]
        return [(layer, unit) for unit in units if self.limit is None or unit < self.limit]

    def _scored(self, layer: str, unit: int) -> Scored:
        drawn = self.drawn[layer]
        units, own = [Unit(layer, (number,)) for number in drawn], Unit(layer, (unit,))
        rows = next_of(own, units)
        most, *others = (self._maximum(layer, number) for number in (unit, *(drawn[row] for row in rows)))
        against = Others(tuple(units[row] for row in rows), torch.stack(others, 1)) if others else None
        return self.assessment.scores(own, most, against)

    def _maximum(self, layer: str, unit: int) -> Tensor:
        return self._tensor([item for item in self.atlas.pictures(layer, unit) if item.view == "max"])

    def _tensor(self, pictures: Sequence[AtlasPicture]) -> Tensor:
        """[M,3,H,W] in [0,1]."""
        size = (self.atlas.about.job.size,) * 2
        found = [read(shown(item.image, self.atlas.damaged, size)) for item in pictures]
        return torch.cat(found) if found else torch.zeros(0, 3, *size)


def _rows(found: Scored, layer: str, unit: int) -> list[Score]:
    return [
        Score(layer, unit, "max", score.name, score.value, score.low, score.high, score.basis)
        for score in found.scores
        if score.name in MADE
    ]
