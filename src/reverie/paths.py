"""Paths as people write them: what no file can be called is one sentence, before anything is opened."""

import os
from pathlib import Path

from reverie.errors import InvalidSetting

LONGEST, LONGEST_NAME = 4095, 255  # bytes of a path and of each of its names, as most systems have it
ROOM = 40  # bytes that what is written beside a file adds to its name


def path_named(name: str | Path) -> Path:
    """The path that a name means, a home's `~` in it replaced.

    Raises:
        InvalidSetting: an empty name, one that no file can have, or the home of nobody.
    """
    text = str(name)
    if not text:
        raise InvalidSetting("an empty text names no file; write its path")
    try:
        path = Path(text).expanduser()
        raw = os.fsencode(path)
    except RuntimeError:
        raise InvalidSetting(f"'{text}' is in the home of nobody who is known here; write the whole path") from None
    except UnicodeEncodeError:
        raise InvalidSetting(f"'{text}' holds characters that no file's name can have; write another") from None
    if b"\0" in raw:
        raise InvalidSetting(f"'{text}' holds a null character, which no file's name can have; write another")
    longest = max((len(os.fsencode(part)) for part in path.parts), default=0)
    if len(raw) > LONGEST or longest > LONGEST_NAME:
        raise InvalidSetting(
            f"'{text[:40]}...' is too long for a path: {LONGEST_NAME} bytes are allowed for each name in it, "
            f"{LONGEST} in all"
        )
    return path


def check_length(path: Path) -> None:
    """That there is room beside a file that will be written for what goes with it.

    Raises:
        InvalidSetting: its name is too long.
    """
    length = len(os.fsencode(path.name))
    if length > LONGEST_NAME - ROOM:
        raise InvalidSetting(
            f"the name '{path.name[:40]}...' takes {length} bytes, too long to write; {LONGEST_NAME - ROOM} are allowed"
        )


def shortened(stem: str) -> str:
    """A name for what is made of a file of this name, cut where it is too long."""
    return os.fsencode(stem)[: LONGEST_NAME - 2 * ROOM].decode(errors="ignore")
