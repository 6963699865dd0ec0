"""Clarity: whether the real patches that excite a unit show one thing, or several."""

from dataclasses import dataclass

import numpy as np

from reverie.dataset.tallies import Array
from reverie.randomness import undisturbed
from reverie.truth.intervals import jackknife

CENTRES = 2  # of k-means: whether the patches fall apart


@dataclass(frozen=True)
class Clarity:
    """What a unit's patches have in common.

    Attributes:
        value: mean cosine between two of them: 1 where all are alike, 0 where they are as photos by chance.
        interval: of 95 %.
        polysemy: 1 less the cosine between the two groups into which they fall: near 0 for one concept, up to 2.
    """

    value: float
    interval: tuple[float, float]
    polysemy: float


@undisturbed()
def clarity(patches: Array) -> Clarity:
    """How clear directions [n,D] of unit length are, n of at least 3.

    Source: Dreyer et al. 2025, "Mechanistic understanding and validation of large AI models with SemanticLens";
    differs: directions from the patches that do not excite the unit, where theirs are from the embedding's origin.
    """
    from sklearn.cluster import KMeans  # slow to import

    groups = KMeans(CENTRES, n_init=4, random_state=0).fit(patches).labels_
    apart = [patches[groups == number].mean(0) for number in range(CENTRES)]
    lengths = [max(float(np.linalg.norm(each)), 1e-12) for each in apart]
    cosine = float(apart[0] @ apart[1]) / (lengths[0] * lengths[1])
    return Clarity(likeness(patches), jackknife(lambda kept: likeness(patches[kept]), len(patches)), 1 - cosine)


def likeness(directions: Array) -> float:
    """Mean cosine between two different ones of n directions [n,D], from the length of their mean."""
    count = len(directions)
    return float((np.square(directions.mean(0)).sum() - 1 / count) * count / (count - 1))
