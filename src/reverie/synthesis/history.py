"""History: what the steps of a run tell, kept for its pictures' traces."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from reverie.figures.trace_file import Trace
from reverie.models.probe import Activations


class Means:
    """The mean activation of each feature in the last look at the pictures: a number each, so it costs next to nothing.

    Attributes:
        values: by layer [N,C], over all positions.
    """

    def __init__(self) -> None:
        self.values: dict[str, Tensor] = {}

    def begin(self) -> "Means":
        """A new look; an ascent may take several in one step."""
        self.values = {}
        return self

    def see(self, activations: Activations, share: float = 1.0) -> None:
        """The whole picture, or a tile that is this share of it."""
        for layer, value in activations.values.items():
            mean = share * value.detach().mean((2, 3))
            self.values[layer] = self.values[layer] + mean if layer in self.values else mean


@dataclass
class History:
    """The steps of one batch; they stay on the device until the end, so that no step waits for them."""

    stages: list[int] = field(default_factory=list)
    scores: list[Tensor] = field(default_factory=list)
    features: dict[str, list[Tensor]] = field(default_factory=dict)

    def note(self, stage: int, score: Tensor, features: Mapping[str, Tensor]) -> None:
        """One more step: score [N], and [N,C] of each layer."""
        self.stages.append(stage)
        self.scores.append(score.detach())
        for layer, value in features.items():
            self.features.setdefault(layer, []).append(value)

    def traces(self) -> list[Trace]:
        """One for each picture of the batch; none where nothing was noted."""
        if not self.scores:
            return []
        stage = np.array(self.stages, dtype=np.int32)
        score = torch.stack(self.scores, 1).float().cpu().numpy()
        features = {layer: torch.stack(values, 1).float().cpu().numpy() for layer, values in self.features.items()}
        return [
            Trace(stage, score[row], {layer: values[row] for layer, values in features.items()})
            for row in range(len(score))
        ]
