"""Marks: a score as a small bar, many of them in a line under a picture, and the line that says what they are."""

from collections.abc import Sequence
from dataclasses import dataclass

from PIL import ImageDraw

from reverie.figures.lettering import length, write

HIGH, LETTER, APART = 8, 11, 4  # pixels of a bar, of its letter, between marks
FULL, EMPTY, WARY = "#55585f", "#dddddd", "#b5362a"


@dataclass(frozen=True)
class Mark:
    """A score.

    Attributes:
        name: its first letter stands before the bar.
        share: of the bar that is filled, 0 to 1.
        wary: whether it is so low that one should be wary; the bar is red.
    """

    name: str
    share: float
    wary: bool = False


def legend(marks: Sequence[Sequence[Mark]]) -> str:
    """What the letters and colours of such marks mean; nothing where there are none."""
    names = dict.fromkeys(mark.name for each in sorted(marks, key=len, reverse=True) for mark in each)
    return f"{', '.join(f'{name[0]} {name}' for name in names)}; red: do not believe the picture" if names else ""


def draw_marks(pen: ImageDraw.ImageDraw, marks: Sequence[Mark], place: tuple[int, int], width: int) -> None:
    """A line of marks, its upper left corner at a place."""
    left, top = place
    each = width / max(len(marks), 1)
    for number, mark in enumerate(marks):
        begin, ink = left + each * number, WARY if mark.wary else FULL
        write(pen, (begin, top), mark.name[0], ink, LETTER)
        first, last = begin + length("m", LETTER), begin + each - APART
        pen.rectangle((first, top + 3, last, top + 3 + HIGH), fill=EMPTY)
        if mark.share > 0:
            pen.rectangle((first, top + 3, first + mark.share * (last - first), top + 3 + HIGH), fill=ink)
