"""Unit: what one points at in a network, with one text form everywhere.

`block8` a layer; `block8:12` a channel; `block8:12@4,5` row 4, column 5; `@4,:` a row; `@:,5` a column;
`@2-6,3-9` a rectangle (both ends included); `block8:0-15,40` that many units; `block8:0+1+2` one joint unit;
`logits:tiger`, `logits:"tiger cat"` a class; `layer1.0.relu~2` the second call of a module.
"""

import re
import reprlib
from dataclasses import dataclass, replace

from reverie.errors import InvalidSetting, printable

SPACED = "+ and - of a sum stand between spaces, as in 'block8:12 - 0.5*block8:40'"
GRAMMAR = "write LAYER, LAYER:CHANNEL, LAYER:0-15,40, LAYER:0+1, LAYER:CHANNEL@ROW,COLUMN or logits:CLASS"

MOST = 100_000  # units that one range may name

_UNSPACED = re.compile(  # numbers of channels, and a sign that makes neither a range nor a joint unit of them
    r"[0-9@:,+-]*[0-9:](?:\s+[+-]|\s*[+-](?![0-9]+(?:[-+,@]|$)|[-+,]))"
)

Span = tuple[int, int]  # first and last index, both included


@dataclass(frozen=True)
class Unit:
    """A layer, or one or several joint channels of it, or a part of their positions.

    `channels` empty means all channels; a text among them is a class name that a Model has yet to resolve.
    `rows` and `columns` are spans in the layer's own grid; None means all.
    """

    layer: str
    channels: tuple[int | str, ...] = ()
    rows: Span | None = None
    columns: Span | None = None

    def __str__(self) -> str:
        """The unit in the grammar; `parse` reads it back."""
        channels = "+".join(_quoted(channel) for channel in self.channels)
        text = self.layer + (f":{channels}" if channels else "")
        if self.rows is None and self.columns is None:
            return text
        return f"{text}@{_span_text(self.rows)},{_span_text(self.columns)}"

    @property
    def positional(self) -> bool:
        """Whether it names positions of the layer's grid."""
        return self.rows is not None or self.columns is not None

    def shifted(self, rows: int, columns: int) -> "Unit":
        """The same unit in a grid that starts `rows` further down and `columns` further right."""

        def move(span: Span | None, by: int) -> Span | None:
            return span and (span[0] - by, span[1] - by)

        return replace(self, rows=move(self.rows, rows), columns=move(self.columns, columns))


def channel_of(unit: Unit) -> int:
    """The channel of a unit that is one channel of a layer.

    Raises:
        InvalidSetting: it is more, or less.
    """
    if len(unit.channels) != 1 or unit.positional:
        several = f"{len(unit.channels)} channels" if unit.channels else "a whole layer"
        what = "a part of the positions" if unit.positional else several
        raise InvalidSetting(f"'{unit}' is {what}; name one channel, such as '{unit.layer}:0'")
    return int(unit.channels[0])


def parse(text: str) -> tuple[Unit, ...]:
    """The units that a text names.

    Raises:
        InvalidSetting: no text, or one that is not in the grammar.
    """
    if not isinstance(text, str):
        raise InvalidSetting(f"a unit is named by a text such as 'block8:12', not {reprlib.repr(text)}")
    head, quote, tail = text.partition('"')
    layer, colon, rest = head.partition(":")
    if re.search(r"[0-9]{10}", text):
        raise InvalidSetting(f"'{printable(text, 60)}' names a number of ten digits or more; no channel has one")
    if not layer or (colon and not (rest or quote)) or (quote and not colon):
        raise InvalidSetting(f"'{text}' is not a unit: {GRAMMAR}")
    rest += quote + tail
    rest, area = _area(rest, text) if colon else (rest, (None, None))
    if not colon and "@" in layer:
        layer, area = _area(layer, text)
    if not colon:
        return (Unit(layer, (), *area),)
    if re.search(r"\s[+-]\s*$", rest) or (layer != "logits" and _UNSPACED.match(rest)):
        raise InvalidSetting(f"'{printable(text, 60)}' is no unit and no sum: {SPACED}")
    units = []
    for part in _outside_quotes(rest, ","):
        span = re.fullmatch(r"([0-9]+)-([0-9]+)", part)
        if span:
            first, last = int(span[1]), int(span[2])
            if last < first:
                raise InvalidSetting(f"'{part}' in '{text}' runs backwards: write the smaller channel first")
            if last - first >= MOST:
                raise InvalidSetting(f"'{part}' in '{text}' names over {MOST} channels; name fewer")
            units += [Unit(layer, (channel,), *area) for channel in range(first, last + 1)]
        else:
            units.append(Unit(layer, tuple(_channel(item, text) for item in _outside_quotes(part, "+")), *area))
    return tuple(units)


def _area(rest: str, text: str) -> tuple[str, tuple[Span | None, Span | None]]:
    """Cuts `@rows,columns` off the end."""
    found = re.fullmatch(r"(.*)@([0-9]+(?:-[0-9]+)?|:),([0-9]+(?:-[0-9]+)?|:)", rest)
    if found:
        return found[1], (_span(found[2], text), _span(found[3], text))
    if re.search(r"@[\d,:-]*$", rest):
        raise InvalidSetting(f"'{text}' has no position that can be read: write @ROW,COLUMN, @4,:, @:,5 or @2-6,3-9")
    return rest, (None, None)


def _span(text: str, whole: str) -> Span | None:
    if text == ":":
        return None
    first, _, last = text.partition("-")
    span = int(first), int(last or first)
    if span[1] < span[0]:
        raise InvalidSetting(f"'{text}' in '{whole}' runs backwards: write the smaller position first")
    return span


def _span_text(span: Span | None) -> str:
    if span is None:
        return ":"
    return str(span[0]) if span[0] == span[1] else f"{span[0]}-{span[1]}"


def _outside_quotes(text: str, mark: str) -> list[str]:
    return re.split(rf'{re.escape(mark)}(?=(?:[^"]*"[^"]*")*[^"]*$)', text)


def _channel(item: str, text: str) -> int | str:
    if item.isascii() and item.isdigit():
        return int(item)
    name = item.strip()
    quoted = len(name) > 1 and name[0] == name[-1] == '"'
    name = name[1:-1] if quoted else name
    if not name or '"' in name or re.fullmatch(r"-?\d+(\.\d+)?", name):
        raise InvalidSetting(f"'{item}' in '{text}' is no channel: {GRAMMAR}")
    return name


def _quoted(channel: int | str) -> str:
    if isinstance(channel, int):
        return str(channel)
    return channel if re.fullmatch(r"[\w' .]+", channel) and " " not in channel else f'"{channel}"'
