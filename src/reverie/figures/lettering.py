"""Lettering: text in pictures, wrapped where it is long, cut in the middle where it is too long, in any alphabet."""

import functools
import importlib.util
import re
import unicodedata
from collections.abc import Sequence
from pathlib import Path

from PIL import ImageDraw, ImageFont

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont
WIDER = (  # fonts of more alphabets than Pillow's own, as systems have them
    "DejaVuSans.ttf", "NotoSansCJK-Regular.ttc", "NotoSans-Regular.ttf", "Arial Unicode.ttf", "Arial Unicode MS.ttf",
    "msyh.ttc", "msgothic.ttc", "segoeui.ttf", "arial.ttf",
)  # fmt: skip
ABSENT = "\uffff"  # no font has a glyph for it
PIECES = re.compile(r"[^.:/_,\-]*[.:/_,\-]*")  # of a long word; it may be broken after these marks
CUT = "…"


@functools.cache
def font(size: float) -> Font:
    """Pillow's own, which is everywhere the same."""
    return ImageFont.load_default(size)


@functools.cache
def _wider(size: float) -> tuple[Font, ...]:
    """Fonts of other alphabets that are here."""
    plotting = importlib.util.find_spec("matplotlib")
    places = [] if plotting is None or plotting.origin is None else [Path(plotting.origin).parent]
    found: list[Font] = []
    for name in (*WIDER, *(str(place / "mpl-data/fonts/ttf/DejaVuSans.ttf") for place in places)):
        try:
            found.append(ImageFont.truetype(name, size))
        except OSError:
            continue
    return tuple(found)


@functools.cache
def _draws(face: Font, letter: str) -> bool:
    return letter.isspace() or bytes(face.getmask(letter)) != bytes(face.getmask(ABSENT))


@functools.lru_cache(maxsize=4096)
def legible(text: str, size: float) -> tuple[str, Font]:
    """The text with a font that has its letters; where none has, without accents, and `?` for what is left."""
    own = font(size)
    if text.isascii():
        return text, own
    for face in (own, *_wider(size)):
        if all(_draws(face, letter) for letter in text):
            return text, face
    plain = unicodedata.normalize("NFKD", text)
    return "".join(letter if _draws(own, letter) else "?" for letter in plain if not unicodedata.combining(letter)), own


def digits(value: float) -> str:
    """Three digits that tell, without an exponent below a million."""
    return f"{value:.0f}" if 1000 <= abs(value) < 1e6 else f"{value:.3g}"


def length(text: str, size: float) -> float:
    """How wide a line is drawn, in pixels."""
    shown, face = legible(text, size)
    return face.getlength(shown)


def write(pen: ImageDraw.ImageDraw, place: tuple[float, float], text: str, ink: str, size: float) -> None:
    """Draws a line of text, its upper left corner at a place."""
    shown, face = legible(text, size)
    pen.text(place, shown, fill=ink, font=face)


def wrapped(text: str, width: float, size: float) -> list[str]:
    """Lines of a text that are at most so wide: broken at spaces, within a longer word after its marks."""
    lines = [""]
    for word in text.split(" "):
        longer = f"{lines[-1]} {word}" if lines[-1] else word
        if length(longer, size) <= width:
            lines[-1] = longer
            continue
        parts = _parts(word, width, size)
        lines[-1:] = [*lines[-1:], *parts] if lines[-1] else parts
    return lines


def _parts(word: str, width: float, size: float) -> list[str]:
    """A word in lines."""
    lines = [""]
    for piece in PIECES.findall(word) if length(word, size) > width else [word]:
        if length(lines[-1] + piece, size) <= width:
            lines[-1] += piece
        else:
            *whole, last = _letters(piece, width, size)
            lines += [*whole, last]
    return lines if lines[0] else lines[1:] or [""]


def _letters(piece: str, width: float, size: float) -> list[str]:
    """What has no mark to be broken after is broken anywhere."""
    lines = [""]
    for letter in piece:
        if lines[-1] and length(lines[-1] + letter, size) > width:
            lines.append("")
        lines[-1] += letter
    return lines


def fitted(text: str, width: float, size: float, most: int = 1) -> list[str]:
    """The text in at most so many lines; what is too long loses its middle: names begin and numbers end a caption."""
    lines = wrapped(text, width, size)
    if len(lines) <= most:
        return lines
    low, high = 0, len(text) - 1  # letters that are kept: low fit
    best = [CUT]
    while low < high:
        kept = (low + high + 1) // 2
        lines = wrapped(_without_middle(text, kept), width, size)
        if len(lines) <= most:
            low, best = kept, lines
        else:
            high = kept - 1
    return best


def _without_middle(text: str, kept: int) -> str:
    head = kept // 2
    return text[:head] + CUT + text[len(text) - (kept - head) :]


def common_start(labels: Sequence[str]) -> str:
    """What all labels begin with, up to the last mark within a name: a layer's name of its channels; or nothing."""
    if len(labels) < 2:
        return ""
    first, last = min(labels), max(labels)
    same = next((index for index, pair in enumerate(zip(first, last, strict=False)) if pair[0] != pair[1]), len(first))
    return first[: max(first.rfind(mark, 0, same) for mark in (".", ":", " ")) + 1].rstrip(".: ")
