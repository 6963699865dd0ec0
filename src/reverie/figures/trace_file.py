"""Trace: the objective and every feature's activation at each step of a run, as it lies beside the picture."""

import hashlib
import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from reverie.arrays import stored_arrays
from reverie.errors import RecordRefused

PREFIX = "features/"


@dataclass(frozen=True, eq=False)
class Trace:
    """What happened to one picture in S steps, all stages one after the other.

    Attributes:
        stage: [S], which stage each step belongs to.
        score: [S], the objective.
        features: by layer [S,C], the mean activation of each of its features over the positions that were computed,
            on the picture as the network saw it in that step, transforms included.
    """

    stage: np.ndarray
    score: np.ndarray
    features: Mapping[str, np.ndarray] = field(default_factory=dict)

    def __bytes__(self) -> bytes:
        """An `.npz` with the arrays `stage`, `score` and `features/LAYER`; the same bytes for the same numbers."""
        buffer = io.BytesIO()
        arrays: dict[str, Any] = {PREFIX + layer: values for layer, values in self.features.items()}
        np.savez_compressed(buffer, stage=self.stage, score=self.score, **arrays)
        return buffer.getvalue()

    @property
    def sha256(self) -> str:
        """The hash of its file."""
        return hashlib.sha256(bytes(self)).hexdigest()


def read_trace(path: Path, sha256: str | None = None) -> Trace:
    """A trace from its file.

    Args:
        sha256: what the picture's record says that the file's is.

    Raises:
        RecordRefused: no such file, another one, or not a trace.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise RecordRefused(
            f"the trace {path} cannot be read ({error.strerror}); it belongs beside the picture, under its name"
        ) from None
    if sha256 is not None and hashlib.sha256(content).hexdigest() != sha256:
        raise RecordRefused(f"{path} is not the trace that was written with the picture; render it anew with --trace")
    try:
        arrays = stored_arrays(content)
        made = Trace(
            arrays.pop("stage"),
            arrays.pop("score"),
            {name.removeprefix(PREFIX): values for name, values in arrays.items()},
        )
    except (ValueError, KeyError):
        raise RecordRefused(f"{path} is not a trace, or is damaged; render the picture anew with --trace") from None
    length = made.stage.shape
    if len(length) != 1 or made.score.shape != length or any(item.ndim != 2 for item in made.features.values()):
        raise RecordRefused(f"{path} is not a trace, or is damaged; render the picture anew with --trace")
    return made


@dataclass(frozen=True, eq=False)
class Rise:
    """How the C features of a layer moved; small wobbles, under a fiftieth of the layer's largest change, do not count.

    Attributes:
        first, last: [C], the mean over the first and over the last twentieth of the steps.
        risen: [C] of bool, higher at the end than at the start.
        passing: higher than at the start somewhere on the way, but not at the end.
        never: never higher than at the start.
        silent: never above zero at all, most often the features of dead rectifiers.
    """

    first: np.ndarray
    last: np.ndarray
    risen: np.ndarray
    passing: np.ndarray
    never: np.ndarray
    silent: np.ndarray

    @property
    def order(self) -> np.ndarray:
        """Features from the one that rose most to the one that fell most."""
        return np.argsort(self.first - self.last, kind="stable")

    def __str__(self) -> str:
        counts = [int(kind.sum()) for kind in (self.risen, self.passing, self.never, self.silent)]
        several = len(self.first)
        moved = f"{counts[0]} of {several} rise, {counts[1]} rise and fall back, {counts[2]} never rise"
        return f"{moved}; {counts[3]} of the {several} are silent"


def rise(values: np.ndarray) -> Rise:
    """How features moved, from their activation [S,C] at each step."""
    few = max(1, len(values) // 20)
    first, last = values[:few].mean(0), values[-few:].mean(0)
    smooth = np.stack([values[step : step + few].mean(0) for step in range(len(values) - few + 1)])
    margin = 0.02 * float(np.abs(smooth - first).max(initial=0))
    risen, ever = last > first + margin, smooth.max(0) > first + margin
    return Rise(first, last, risen, ever & ~risen, ~ever, values.max(0) <= 0)
