"""Agreement: whether pictures of a unit that were made apart show the same."""

import numpy as np

from reverie.dataset.tallies import Array


def agreement(most: Array, least: Array) -> float:
    """Mean cosine between what tells a unit's maximum from its minimum in pictures of M seeds or presets, at least 2.

    Of each the direction [D] from its minimum's picture to its maximum's: what all optimised pictures share is in
    neither. 1 where all show the same, 0 where they have nothing in common.

    Args:
        most, least: [M,D], directions of unit length in a judge's space, those of one seed and preset in one row.
    """
    contrast = most - least
    contrast = contrast / np.maximum(np.linalg.norm(contrast, axis=1, keepdims=True), 1e-12)
    alike = contrast @ contrast.T
    count = len(contrast)
    return float((alike.sum() - np.trace(alike)) / (count * (count - 1)))
