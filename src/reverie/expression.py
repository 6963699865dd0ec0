"""Expression: a weighted sum of units in one text, such as `mixed4a:12 - 0.5*mixed4a:40`.

Terms are parted by `+` and `-` between spaces; each is UNIT, NUMBER*UNIT, or a reduction of a unit such as
`sum(mixed4a:12)`. What stands in quotation marks is a name and no sum.
"""

import contextlib
import re
from collections.abc import Iterator
from dataclasses import dataclass

from reverie.errors import InvalidSetting, printable
from reverie.unit import SPACED, Unit, parse

MOST_TERMS = 256
LARGEST_WEIGHT = 1e9

_NUMBER = re.compile(r"([0-9]+\.?[0-9]*|\.[0-9]+)(e[+-]?[0-9]{1,3})?\s*\*\s*")
_CALL = re.compile(r"([a-z][a-z0-9-]*)\((.*)\)", re.DOTALL)


@dataclass(frozen=True)
class Weighed:
    """A unit with its weight, and the reduction of its activation where one is written."""

    weight: float
    unit: Unit
    reduction: str = ""

    def __str__(self) -> str:
        """The term without its sign."""
        size, text = abs(self.weight), f"{self.reduction}({self.unit})" if self.reduction else str(self.unit)
        return text if size == 1 else f"{weight_text(size)}*{text}"


@dataclass(frozen=True)
class Sum:
    """Weighted units; its text is read back as the same sum."""

    terms: tuple[Weighed, ...]

    def __str__(self) -> str:
        first, *rest = self.terms
        joined = [f"{'-' if first.weight < 0 else ''}{first}"]
        return " ".join(joined + [f"{'-' if term.weight < 0 else '+'} {term}" for term in rest])


def weight_text(weight: float) -> str:
    """A weight in as few digits as give the same number."""
    short = f"{weight:.12g}"
    return short if float(short) == weight else repr(weight)


def looks_like_sum(text: str) -> bool:
    """Whether a text has a sum's shape; a layer or a class may be called so too, and then it is that."""
    pieces = list(_pieces(text))
    bare = pieces[0][1]
    return len(pieces) > 1 or bool(bare[:1] in "+-" or _NUMBER.match(bare) or _CALL.fullmatch(bare))


def negated(text: str) -> str:
    """The text of a unit's, or of a whole sum's, minimum activation."""
    whole = bracketed(text)
    return text[1:] if whole == text and text.startswith("-") else f"-{whole}"


def bracketed(text: str) -> str:
    """The text of a unit, or of a whole sum in brackets, to stand beside others."""
    return f"({text})" if len(list(_pieces(text))) > 1 else text


def misspelt(layer: str) -> str:
    """What a sum's spelling has to do with a layer that there is not; empty where nothing."""
    if "(" in layer:
        return "a bracket is not closed; brackets stand round one unit, as in 'mean(block8:12)'"
    if re.search(r"\s[+-]|[+-]\s", layer):
        return SPACED
    weight, star, _ = layer.partition("*")
    return f"'{weight.strip()}' is no number; write NUMBER*UNIT, as in '0.5*block8:12'" if star else ""


def check_text(text: str) -> None:
    """That a text can be read as units, as UNIT=WEIGHT or as a sum; whether there are such units its network says.

    Raises:
        InvalidSetting: it cannot.
    """
    named = _unweighed(text)
    try:
        parse(named)
    except InvalidSetting:
        if not looks_like_sum(named):
            raise
        parse_sum(named)


def readings(text: str) -> Iterator[tuple[Unit, ...]]:
    """The units that a text may mean: as it stands, without the weight of UNIT=WEIGHT, and as a sum."""
    for read, words in ((parse, text), (parse, _unweighed(text)), (_summed, _unweighed(text))):
        with contextlib.suppress(InvalidSetting):
            yield read(words)


def _unweighed(text: str) -> str:
    weighed = re.fullmatch(r"(.*?)=([^=\"]*)", text)
    return weighed[1] if weighed else text


def _summed(text: str) -> tuple[Unit, ...]:
    return tuple(term.unit for term in parse_sum(text).terms)


def parse_sum(text: str) -> Sum:
    """The sum that a text writes.

    Raises:
        InvalidSetting: no sum, in one sentence that names the place.
    """
    pieces = list(_pieces(text))
    if len(pieces) > MOST_TERMS:
        raise InvalidSetting(f"'{printable(text, 60)}' has {len(pieces)} terms; {MOST_TERMS} are allowed")
    return Sum(tuple(_term(*piece, text) for piece in pieces))


def _pieces(text: str) -> Iterator[tuple[float, str, int]]:
    """Each term's sign, its text, and the place where it begins, counted from 1."""
    sign, begun, quoted = 1.0, 0, False
    for place, letter in enumerate(text):
        quoted ^= letter == '"'
        if (
            not quoted
            and letter in "+-"
            and place
            and text[place - 1 : place].isspace()
            and text[place + 1 :][:1].isspace()
        ):
            yield sign, text[begun:place].strip(), _place(text, begun)
            sign, begun = 1.0 if letter == "+" else -1.0, place + 1
    yield sign, text[begun:].strip(), _place(text, begun)


def _place(text: str, begun: int) -> int:
    """The place of the first letter from here on, counted from 1."""
    return begun + len(text[begun:]) - len(text[begun:].lstrip()) + 1


def _term(sign: float, piece: str, place: int, whole: str) -> Weighed:
    where = f"at character {place} of '{printable(whole, 60)}'"
    if piece[:1] in ("-", "+") and not whole[: place - 1].strip():
        sign, piece = -sign if piece[0] == "-" else sign, piece[1:].lstrip()
    found = _NUMBER.match(piece)
    weight = float(found[0].rstrip("* \t\n")) if found else 1.0
    piece = piece[found.end() :] if found else piece
    if not piece:
        raise InvalidSetting(f"there is no unit {where}; {SPACED}")
    if not 0 < weight <= LARGEST_WEIGHT:
        raise InvalidSetting(f"the weight {weight:g} {where} is not above 0 and at most {LARGEST_WEIGHT:g}")
    called = _CALL.fullmatch(piece)
    try:
        units = parse(called[2] if called else piece)
    except InvalidSetting as error:
        raise InvalidSetting(f"{error} ({where})") from None
    if len(units) > 1:
        raise InvalidSetting(
            f"'{printable(piece, 40)}' {where} is {len(units)} units; a term is one, or a joint one such as block8:0+1"
        )
    return Weighed(sign * weight, units[0], called[1] if called else "")
