"""RISE: the mean of random masks, weighted by the score of the photo seen through them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor
from torch.nn import functional

from reverie.attribution.baselines import baseline
from reverie.attribution.method import Estimate, Making, chunks, responses, usual
from reverie.errors import count
from reverie.models.model import Model
from reverie.objectives import Objective
from reverie.randomness import generator, integers, uniform
from reverie.settings.explain import BASELINES

GRID, SHARE = 7, 0.5  # cells of a mask along each side, and the chance that one is open


@dataclass(frozen=True)
class Rise:
    """Source: Petsiuk, Das, Saenko 2018, equation 6 and section 3.3; a mask opens onto the baseline's mean colour."""

    samples: int = 4000
    baseline: str = "mean"
    seed: int = 0
    name: ClassVar[str] = "rise"
    asks: ClassVar[str] = "probability"
    caveat: ClassVar[str] = "every place has some of the mean score; few masks leave blotches"

    def __post_init__(self) -> None:
        BASELINES.check(self.baseline)
        count("samples", self.samples)

    def estimates(self, model: Model, image: Tensor, objective: Objective) -> Iterator[Estimate]:
        """One for each batch of masks, with the standard error of the map so far."""
        source, size = generator(self.seed, "rise"), (int(image.shape[-2]), int(image.shape[-1]))
        cover = baseline(self.baseline, model, image)
        total, squares = torch.zeros(size, device=image.device), torch.zeros(size, device=image.device)
        for part in chunks(self.samples, model.together(size)):
            masks = torch.stack([mask(size, source) for _ in part]).to(image.device)
            scores = responses(model, cover + masks[:, None] * (image - cover), objective).view(-1, 1, 1)
            total = total + (scores * masks).sum(0)
            squares = squares + (scores * masks).square().sum(0)
            mean = total / part.stop
            error = ((squares / part.stop - mean.square()).clamp_min(0) / part.stop).sqrt() / SHARE
            made = mean / SHARE
            share = float(error.mean() / (made.max() - made.min()).clamp_min(1e-12))
            note = f"after {part.stop} masks the standard error is {share:.1%} of the map's range"
            facts = {"baseline": self.baseline, "standard_error": round(share, 4)}
            yield Estimate.of(made, part.stop, self.samples, facts, (note,))


def mask(size: tuple[int, int], source: torch.Generator) -> Tensor:
    """A smooth random mask [H,W] in [0,1]: open and shut cells, enlarged, and shifted by less than a cell."""
    cells = (uniform(0, 1, (GRID, GRID), [source]) < SHARE).float()
    height, width = (-(-side // GRID) for side in size)
    whole = functional.interpolate(
        cells[:, None], ((GRID + 1) * height, (GRID + 1) * width), mode="bilinear", align_corners=False
    )
    top, left = (integers(0, side - 1, 1, [source])[0][0] for side in (height, width))
    return whole[0, 0, top : top + size[0], left : left + size[1]]


BY_NAME: Mapping[str, Making] = {
    "rise": lambda given: Rise(usual(given.samples, 4000), usual(given.baseline, "mean"), given.seed),
}
