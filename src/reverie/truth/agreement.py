"""Agreement: whether pictures of a unit that were made apart show the same."""

import numpy as np

from reverie.dataset.tallies import Array


def agreement(most: Array, others: Array) -> float:
    """Mean cosine between what tells a unit's picture from other units' in pictures of M seeds or presets, at least 2.

    Of each the direction [D] from the other units' pictures to the unit's own: what all optimised pictures share is
    not in it. 1 where all show the same, 0 where they have nothing in common.

    Args:
        most, others: [M,D], directions in a judge's space, those of one seed and preset in one row; of the others the
            mean.
    """
    contrast = most - others
    contrast = contrast / np.maximum(np.linalg.norm(contrast, axis=1, keepdims=True), 1e-12)
    alike = contrast @ contrast.T
    count = len(contrast)
    return float((alike.sum() - np.trace(alike)) / (count * (count - 1)))
