"""What a site shows: layers of units, each with its pictures, patches, numbers and neighbours."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol


@dataclass(frozen=True)
class Measure:
    """A number that each unit may have, and that walls are sorted by.

    Attributes:
        about: what it says, in a sentence.
        percent: whether it is a share, shown in per cent.
        scale: (worst, best) value, for a mark that can be read at a glance; None for plain numbers.
        wary: below it the unit's picture should not be believed on its account.
    """

    key: str
    label: str
    about: str = ""
    percent: bool = False
    scale: tuple[float, float] | None = None
    wary: float | None = None


@dataclass(frozen=True)
class Kind:
    """A kind of pictures that units have several of: a view that is made, or a kind of real patches."""

    key: str
    label: str
    note: str = ""


@dataclass(frozen=True)
class Layer:
    """A layer of the network, in the order of the data.

    Attributes:
        units: how many of it are in the atlas.
        shape: (height, width) of its map, None where it has none.
        sees: (height, width) of its receptive field in pixels; None for the whole picture, or where it is not known.
    """

    name: str
    kind: str
    units: int
    channels: int
    shape: tuple[int, int] | None = None
    sees: tuple[int, int] | None = None


@dataclass(frozen=True, eq=False)
class Picture:
    """A picture that was made for a unit: an encoded file's bytes, which view it is, and its recipe's number."""

    view: str
    file: bytes
    value: float | None = None
    recipe: int | None = None


@dataclass(frozen=True, eq=False)
class Patch:
    """A real patch: an encoded file's bytes, of which kind, the unit's value there, and the photo's name.

    Attributes:
        fired: (left, top, width, height) of the part of a large patch in which the unit fired, 0 to 1 of the square
            in whose middle it is shown.
    """

    kind: str
    file: bytes
    value: float
    photo: str
    fired: tuple[float, float, float, float] | None = None


@dataclass(frozen=True)
class SiteHistogram:
    """How often the unit's largest values in photos fall into even bars, the highest 1, and where some values stand."""

    low: float
    high: float
    heights: Sequence[float]
    marks: Sequence[tuple[str, float]] = ()


@dataclass(frozen=True)
class Link:
    """What is at the other end: the unit's text, or what else is known of it; a weight's sum or a correlation."""

    unit: str
    value: float
    through: str = ""


@dataclass(frozen=True, eq=False)
class UnitEntry:
    """All that is known of a unit.

    Attributes:
        label: the class that a logit stands for; empty for other units.
        intervals: of those numbers that have one, by the same names.
        pictures: at most one of each view; the first is the chief one.
        classes: (class, mean over its photos, photos), the strongest first.
        likeliest: (class, probability) that the network gives the chief picture.
        notes: what is missing or doubtful, in sentences.
    """

    channel: int
    label: str = ""
    dead: bool = False
    numbers: Mapping[str, float] = field(default_factory=dict)
    intervals: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    pictures: Sequence[Picture] = ()
    patches: Sequence[Patch] = ()
    histogram: SiteHistogram | None = None
    classes: Sequence[tuple[str, float, int]] = ()
    likeliest: Sequence[tuple[str, float]] = ()
    feeds: Sequence[Link] = ()
    fed: Sequence[Link] = ()
    nearest: Sequence[Link] = ()
    notes: Sequence[str] = ()


@dataclass(frozen=True, eq=False)
class CellEntry:
    """A cell of an activation atlas: how many activations it holds, its picture, and what is known of it.

    Attributes:
        file: an encoded picture's bytes.
        classes: (class, mean evidence), the strongest first.
        patches: (an encoded picture's bytes, its photo's name).
    """

    row: int
    column: int
    count: int
    file: bytes
    classes: Sequence[tuple[str, float]] = ()
    patches: Sequence[tuple[bytes, str]] = ()


@dataclass(frozen=True, eq=False)
class GridEntry:
    """The activation atlas of a layer.

    Attributes:
        height, width: in cells.
        side: of the pictures, in pixels.
        about: what it was made of, in a sentence.
        cells: those that are not empty, row by row.
    """

    height: int
    width: int
    side: int
    about: str
    cells: Sequence[CellEntry]


class Contents(Protocol):
    """What is read of an atlas, from its file or from anywhere else."""

    @property
    def title(self) -> str:
        """The network's name."""
        ...

    @property
    def facts(self) -> Sequence[tuple[str, str]]:
        """Names and values of what is to be known of the whole."""
        ...

    @property
    def measures(self) -> Sequence[Measure]:
        """The numbers that units have."""
        ...

    @property
    def views(self) -> Sequence[Kind]:
        """The views that are made of units, the chief one first."""
        ...

    @property
    def patches(self) -> Sequence[tuple[Kind, int]]:
        """The kinds of real patches, with how many of each a unit has at most."""
        ...

    @property
    def side(self) -> int:
        """The side of the pictures that were made, in pixels."""
        ...

    @property
    def recipes(self) -> Sequence[Mapping[str, Any]]:
        """What repeats the pictures, but for their units, by the recipes' numbers."""
        ...

    @property
    def layers(self) -> Sequence[Layer]:
        """The layers in the order of the data."""
        ...

    def entries(self, layer: str) -> Iterator[UnitEntry]:
        """The layer's units in the order of their channels."""
        ...

    def grid(self, layer: str) -> GridEntry | None:
        """The layer's activation atlas, where it has one."""
        ...
