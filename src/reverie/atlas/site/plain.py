"""Units as the plain values that a page reads: short names, numbers of a few digits, long texts once."""

from collections.abc import Mapping, Sequence
from typing import Any

from reverie.atlas.site.contents import Layer, Link, SiteHistogram, UnitEntry
from reverie.atlas.site.scripts import short

LONGEST = 200  # letters of a name that a page shows


class Names:
    """Numbers for texts that come again and again."""

    def __init__(self) -> None:
        self.numbers: dict[str, int] = {}

    def __call__(self, text: str) -> int:
        """The text's number, a new one where it is new."""
        return self.numbers.setdefault(clipped(text), len(self.numbers))

    @property
    def texts(self) -> list[str]:
        """All texts, in the order of their numbers."""
        return list(self.numbers)


def clipped(text: str) -> str:
    """A text without the middle of what is too long."""
    half = LONGEST // 2
    return text if len(text) <= LONGEST else f"{text[:half]}…{text[-half:]}"


def unit(entry: UnitEntry, classes: Names, texts: Names, views: Mapping[str, int]) -> dict[str, Any]:
    """What a unit's page shows, but its pictures.

    Args:
        classes: their names' numbers.
        texts: numbers of photos' and modules' names.
        views: the views' numbers.
    """
    found: dict[str, Any] = {
        "label": clipped(entry.label),
        "dead": entry.dead,
        "numbers": {key: short(value) for key, value in entry.numbers.items()},
        "intervals": {key: [short(low, 3), short(high, 3)] for key, (low, high) in entry.intervals.items()},
        "views": [[views[item.view], short(item.value), item.recipe] for item in entry.pictures],
        "patches": patch_values(entry, texts),
        "classes": [[classes(name), short(value), number] for name, value, number in entry.classes],
        "likeliest": [[classes(name), short(share)] for name, share in entry.likeliest],
        "feeds": links(entry.feeds, texts),
        "fed": links(entry.fed, texts),
        "nearest": links(entry.nearest, texts),
        "histogram": None if entry.histogram is None else histogram(entry.histogram),
        "notes": [clipped(text) for text in entry.notes],
    }
    return {"unit": entry.channel, **{key: value for key, value in found.items() if value}}


def patch_values(entry: UnitEntry, texts: Names) -> dict[str, list[list[Any]]]:
    """The patches' values, photos' numbers and, in per cent, where the unit fired, by kind."""
    found: dict[str, list[list[Any]]] = {}
    for patch in entry.patches:
        where = [] if patch.fired is None else [[short(100 * share, 2) for share in patch.fired]]
        found.setdefault(patch.kind, []).append([short(patch.value), texts(patch.photo), *where])
    return found


def links(ends: Sequence[Link], texts: Names) -> list[list[Any]]:
    """The other ends, each with its number and, by its own number, what it goes through."""
    through = [[texts(item.through)] if item.through else [] for item in ends]
    return [[clipped(item.unit), short(item.value, 3), *more] for item, more in zip(ends, through, strict=True)]


def histogram(bars: SiteHistogram) -> dict[str, Any]:
    """Bars and marks."""
    return {
        "low": short(bars.low),
        "high": short(bars.high),
        "heights": [short(height, 2) for height in bars.heights],
        "marks": [[clipped(name), short(value)] for name, value in bars.marks],
    }


def layer(about: Layer) -> dict[str, Any]:
    """What is to be known of a layer before its units are."""
    return {
        "name": about.name,
        "kind": clipped(about.kind),
        "units": about.units,
        "channels": about.channels,
        "shape": about.shape,
        "sees": about.sees,
    }
