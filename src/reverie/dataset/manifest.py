"""What a scan is of: network, photos and settings, which must be the same for a scan to go on."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from reverie.dataset.layer_tallies import Keeping
from reverie.dataset.photo_sets import FRAMING
from reverie.image import Size
from reverie.models.sameness import decisive


@dataclass(frozen=True)
class About:
    """What a scan is of; a scan goes on only where all of it is the same, but for the place.

    Attributes:
        model: how the network was loaded, and the hash of its weights.
        size: (height, width) to which every photo was brought.
        layers: channels and grid (height, width) of each.
        keeping: how much was remembered.
        batch: photos in one forward; with `threads`, `device` and `versions` what decides the last bits.
        place: where the photos were.
        total: how many there are.
        names: SHA-256 of their names in their order.
        framing: how a photo was brought to the size.
    """

    model: Mapping[str, Any]
    size: Size
    layers: Mapping[str, tuple[int, Size]]
    keeping: Keeping
    batch: int
    place: str
    total: int
    names: str
    device: str
    threads: int
    versions: Mapping[str, str]
    framing: str = FRAMING

    def difference(self, other: "About") -> str | None:
        """The first thing in which another scan differs, in words; None where it is the same."""
        for name, words in _WORDS.items():
            values = [plain(about)[name] for about in (self, other)]
            one, two = (json.dumps(decisive(value) if name == "model" else value) for value in values)
            if one != two:
                return f"other {words}" + (f" ({one}, not {two})" if max(len(one), len(two)) < 40 else "")
        return None


_WORDS = {
    "model": "weights or settings of the network",
    "layers": "layers",
    "total": "photos: their number",
    "names": "photos",
    "size": "size of the photos",
    "framing": "way to crop photos",
    "keeping": "settings of what is kept",
    "batch": "photos in a batch, --batch",
    "device": "device",
    "threads": "number of threads, --threads",
    "versions": "versions of reverie, torch or Pillow",
}


def plain(about: About) -> dict[str, Any]:
    """What a scan is of, as JSON values."""
    found: dict[str, Any] = json.loads(json.dumps(asdict(about), sort_keys=True))
    return found


def parsed(rows: Mapping[str, str]) -> About:
    """What the rows of a file say, a stranger's data: every field's type and range is checked.

    Raises:
        ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError: they say nothing that makes sense.
    """
    data = {name: json.loads(text) for name, text in rows.items()}
    layers = {str(name): (whole(value[0]), _size(value[1])) for name, value in data["layers"].items()}
    for name, kind in (("place", str), ("names", str), ("device", str), ("framing", str), ("model", dict)):
        if not isinstance(data[name], kind):
            raise ValueError
    return About(
        data["model"], _size(data["size"]), layers, Keeping(**data["keeping"]), whole(data["batch"]), data["place"],
        whole(data["total"]), data["names"], data["device"], whole(data["threads"]), dict(data["versions"]),
        data["framing"],
    )  # fmt: skip


def whole(value: Any) -> int:
    """A whole number from 0 on, of sane size.

    Raises:
        ValueError: it is none.
    """
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 2**40:
        raise ValueError
    return value


def _size(value: Any) -> Size:
    height, width = value
    if not 0 < whole(height) * whole(width) < 2**31:
        raise ValueError
    return height, width
