"""Sameness: whether what a network was described as is another network now."""

from collections.abc import Mapping
from typing import Any

WHENCE = ("name", "weights", "classes", "code")  # where it was loaded from, not what it is
SEEN = {"weights_sha256": "weights", "mean": "mean", "std": "std", "size": "size"}  # what decides what it sees


def difference(source: Mapping[str, Any], other: Mapping[str, Any]) -> str | None:
    """The first thing in which two networks' descriptions differ, in a word; None where they see the same.

    Args:
        source, other: see `Model.source`.
    """
    return next((word for key, word in SEEN.items() if source.get(key) != other.get(key)), None)


def decisive(source: Mapping[str, Any]) -> dict[str, Any]:
    """All of a network's description that decides its numbers: not by which name or from which file it was loaded."""
    return {key: value for key, value in source.items() if key not in WHENCE}
