"""Record: all that is needed to repeat a run, as plain JSON that travels inside the picture."""

import json
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from importlib import metadata
from typing import Any

from reverie.errors import RecordRefused

LONGEST = 256_000  # bytes inside a PNG; Pillow refuses texts over 1 MiB
RECORD_KEY = "reverie"  # of the text in a PNG that holds it
BUILT = "synthesize"  # the recipe's name in the record of one that was built by hand


@dataclass(frozen=True)
class Record:
    """What was asked and what every "automatic" came to.

    Attributes:
        recipe: name of the recipe's function in `reverie.recipes`, or `synthesize` for a Recipe built by hand.
        arguments: its plain arguments, or the Recipe's parts, JSON values only; a photo stands as
            `{"photo": name, "sha256": ...}`.
        model: how the model was loaded, and the hash of its weights.
        automatic: batch members, size, tile, threads, device, precision, steps taken.
        index: which picture of the batch this is; None for all of them, on a sheet.
        versions: of reverie, torch and Python.
    """

    recipe: str
    arguments: Mapping[str, Any]
    model: Mapping[str, Any]
    automatic: Mapping[str, Any] = field(default_factory=dict)
    index: int | None = 0
    versions: Mapping[str, str] = field(default_factory=dict)

    def of(self, index: int | None) -> "Record":
        """The record of one picture of the batch, or of all."""
        return replace(self, index=index)

    def own(self, values: Any) -> list[Any]:
        """The picture's own value of a list with one for each picture of the batch; nothing where there is none."""
        several = values if isinstance(values, Sequence) and not isinstance(values, str) else []
        return [] if self.index is None or self.index < 0 else list(several[self.index : self.index + 1])

    def noting(self, **facts: Any) -> "Record":
        """The record with more that was found out, JSON values only; a repeat does not ask for it."""
        return replace(self, automatic={**self.automatic, **facts})

    def __str__(self) -> str:
        """JSON text.

        Raises:
            RecordRefused: larger than a PNG should carry.
        """
        text = json.dumps(asdict(self), indent=1, sort_keys=True)
        if len(text.encode()) > LONGEST:
            raise RecordRefused(
                f"the record takes {len(text) // 1000} kB, more than {LONGEST // 1000}; name fewer units"
            )
        return text


def versions() -> dict[str, str]:
    """Versions that decide whether a repeat gives the same bits."""
    return {
        "reverie": metadata.version("reverie"),
        "torch": metadata.version("torch"),
        "python": platform.python_version(),
    }


def parse_record(text: str) -> Record:
    """A record from its JSON text: a stranger's data, so every field's type is checked.

    Raises:
        RecordRefused: not a record.
    """
    try:
        data = json.loads(text)
        record = Record(**data)
    except (ValueError, TypeError, RecursionError):
        raise RecordRefused("the picture's record cannot be read; it was not written by this program") from None
    mappings = (record.arguments, record.model, record.automatic, record.versions)
    if not isinstance(record.recipe, str) or not all(isinstance(item, dict) for item in mappings):
        raise RecordRefused("the picture's record is damaged; render the picture anew")
    if isinstance(record.index, bool) or not isinstance(record.index, int | None):
        raise RecordRefused("the picture's record is damaged: its index is no number; render the picture anew")
    return record
