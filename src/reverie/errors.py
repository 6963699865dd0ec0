"""All errors that reverie raises on purpose.

* ReverieError
  + UnknownName (a LookupError: model, layer, unit, class, preset)
  + UnsuitableImage (a ValueError)
  + InvalidSetting (a ValueError: an option, a recipe, parts that do not go together)
  + WeightsUnavailable
  + RecordRefused
  + ScanRefused
  + AtlasRefused
  + OutputFailed
  + Diverged
  + OutOfMemory
  + MissingExtra
  + PluginBroken

Each message says what was given, what is allowed and the nearest remedy, in one sentence; what it repeats of a file or
of an argument is spelt out, so that nothing in it moves a terminal's cursor, and is cut where it is long.
"""

import reprlib
from collections.abc import Iterable, Sequence
from difflib import get_close_matches

LONGEST = 2000  # characters of a message
MOST = 10**9  # of whatever is counted


def printable(text: str, most: int | None = None) -> str:
    """A text on one line, its control characters spelt out; of one that is too long the middle is left out."""
    if most is not None and len(text) > most:
        text = f"{text[: most // 2]}...{text[-most // 4 :]}"
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)


class ReverieError(Exception):
    """Anything that a user can mend."""

    def __init__(self, *args: object) -> None:
        super().__init__(*(printable(item, LONGEST) if isinstance(item, str) else item for item in args))


class UnknownName(ReverieError, LookupError):
    """A model, layer, unit, class or preset that does not exist."""


class UnsuitableImage(ReverieError, ValueError):
    """A photo that cannot be read, or that the network cannot take."""


class InvalidSetting(ReverieError, ValueError):
    """A value out of its range, or parts that do not go together."""


class WeightsUnavailable(ReverieError):
    """Weights that are neither here nor to be fetched, or that do not fit the network."""


class RecordRefused(ReverieError):
    """A record that cannot, or must not without consent, be repeated."""


class ScanRefused(ReverieError):
    """A file that is no scan, a damaged one, or one of other photos or another network."""


class AtlasRefused(ReverieError):
    """A file that is no atlas, a damaged one, or one of another network or other settings."""


class OutputFailed(ReverieError):
    """A picture that could not be written."""


class Diverged(ReverieError):
    """A gradient that is not a number."""


class OutOfMemory(ReverieError):
    """The machine's or the device's memory was not enough."""


class MissingExtra(ReverieError):
    """A library that this command needs and that is not installed."""


class PluginBroken(ReverieError):
    """A part of a user's own package that cannot be imported, or that is not such a part."""


def alike(name: str, names: Iterable[str], most: int = 3, least: float = 0.6) -> list[str]:
    """Those that look like `name`, nearest first: from 0, not at all, to 1 they do so by `least`."""
    lowered = {str(item).lower(): str(item) for item in names}
    return [lowered[item] for item in get_close_matches(name.lower(), lowered, n=most, cutoff=least)]


def nearest(name: str, names: Iterable[str], most: int = 3) -> str:
    """Quoted names that look like `name`, nearest first, for an error message; the first few where none does."""
    known = [str(item) for item in names]
    return ", ".join(f"'{item}'" for item in (alike(name, known, most, 0.4) or known[:most]))


def check_names(what: str, given: Iterable[str], known: Iterable[str]) -> None:
    """One sentence where a name is given that is not taken.

    Raises:
        UnknownName: it is, with those that look like it.
    """
    taken = list(known)
    for name in given:
        if name not in taken:
            near = nearest(name, taken) or "none, it takes nothing by its name"
            raise UnknownName(f"{what} takes no '{printable(name, 60)}'; nearest: {near}")


def listed(names: Sequence[str], most: int = 8) -> str:
    """The first names, and how many more there are."""
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


def count(name: str, value: int, low: int = 1, high: float = MOST) -> None:
    """One sentence where a number is no whole one, or out of its range.

    Raises:
        InvalidSetting: it is.
    """
    if not isinstance(value, int) or isinstance(value, bool):
        raise InvalidSetting(f"{name} must be a whole number, not {reprlib.repr(value)}")
    check(name, value, low, high)


def check(name: str, value: float, low: float, high: float = float("inf")) -> None:
    """One sentence where a number is out of its range.

    Raises:
        InvalidSetting: it is.
    """
    if not low <= value <= high:
        allowed = f"{low:g} or more" if high in (float("inf"), MOST) else f"{low:g} to {high:g}"
        shown = f"{value:g}" if abs(value) < 1e300 else reprlib.repr(value)
        raise InvalidSetting(f"{name} must be {allowed}, not {shown}")
