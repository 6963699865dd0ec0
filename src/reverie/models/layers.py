"""Layers: what is listed of a network, and the receptive fields of their positions."""

from dataclasses import dataclass
from dataclasses import field as default

from torch import Tensor

from reverie.models.extents import Extent, Extents
from reverie.models.feature_maps import Form, Size
from reverie.models.spans import FAR, Spans, narrow

Box = tuple[tuple[int, int], tuple[int, int]]  # first and one past the last row, the same of columns


@dataclass(frozen=True, eq=False)
class Sight:
    """What the positions of a layer see along one axis of the picture.

    Attributes:
        first, stop: the first pixel, and the one past the last; [h,w], of length 1 where all positions are alike.
        side: pixels that a position sees at most, also those beyond the picture's edge; None where that has no end.
        stride: pixels between neighbours; None where they are on no grid.
        extent: the rule that says the same of pictures of all sizes; None where there is none.
    """

    first: Tensor
    stop: Tensor
    side: int | None
    stride: int | None
    extent: Extent | None

    def at(self, row: int, column: int, length: int) -> tuple[int, int]:
        """What a position sees of an axis of this length; all where nothing of it is seen: then nothing is known."""
        first, stop = (
            int(part[min(row, part.shape[0] - 1), min(column, part.shape[1] - 1)]) for part in (self.first, self.stop)
        )
        return (first, stop) if first < stop else (0, length)


@dataclass(frozen=True, eq=False)
class Field:
    """The receptive fields of a layer's positions, for pictures of one size."""

    rows: Sight
    columns: Sight
    picture: Size

    def box(self, row: int, column: int) -> Box:
        """The rows and columns of pixels that a position sees, as far as they lie in the picture."""
        return self.rows.at(row, column, self.picture[0]), self.columns.at(row, column, self.picture[1])

    @property
    def size(self) -> Size | None:
        """(height, width) of what a position sees; None where that is everything."""
        if self.rows.side is None and self.columns.side is None:
            return None
        return self.rows.side or self.picture[0], self.columns.side or self.picture[1]

    @property
    def extents(self) -> Extents | None:
        """The rule for pictures of all sizes; None where there is none."""
        rows, columns = self.rows.extent, self.columns.extent
        return None if rows is None or columns is None else (rows, columns)

    @property
    def stride(self) -> Size | None:
        """(vertical, horizontal) pixels between neighbours; None where they are on no grid."""
        rows, columns = self.rows.stride, self.columns.stride
        return None if rows is None or columns is None else (rows, columns)


def field_of(support: tuple[Spans, Spans], form: Form, shape: tuple[int, ...], picture: Size) -> Field:
    """The field of a layer that returns a tensor of this shape, read in a form."""

    def sight(axis: int) -> Sight:
        grid = support[axis]
        if form.axes != "NCHW" or len(shape) != 4:
            grid = grid.moved(lambda part: narrow(form.grid(part.expand(shape), picture)))
        placed = grid.on_grid(axis + 2) if grid.stride else grid
        return _sight(placed.reduced([0, 1], keep=True), axis + 2, picture[axis])

    return Field(sight(0), sight(1), picture)


def _sight(spans: Spans, axis: int, length: int) -> Sight:
    first, stop = (part[0, 0] for part in (spans.first, spans.stop))
    stride = spans.stride if spans.place.shape[axis] > 1 else 0
    endless = bool((spans.low < -FAR // 2).any() or (spans.high > FAR // 2).any())
    if endless or stride == 0:
        whole = bool(((first <= 0) & (stop >= length)).all())
        return Sight(first, stop, None if whole else max(0, int((stop - first).max())), stride or None, None)
    return Sight(first, stop, int((spans.high - spans.low).max()), stride, _extent(spans, length))


def _extent(spans: Spans, length: int) -> Extent | None:
    """The rule for pictures of all sizes; None where this one's edges do more than cut off what lies beyond."""
    some = spans.low < spans.high
    within = (spans.first >= spans.low.clamp(0, length)) & (spans.stop <= spans.high.clamp(0, length))
    if spans.bound or not bool(some.any()) or not bool((within | (spans.first > spans.stop)).all()):
        return None
    offset = spans.place * spans.stride
    start, stop = int((spans.low - offset)[some].min()), int((spans.high - offset)[some].max())
    return Extent(spans.stride, start, stop, spans.period)


@dataclass(frozen=True)
class Layer:
    """A listed layer.

    Attributes:
        name: dotted module name, with `~2` for the second call of a module that runs several times, and `@class` or
            `@registers` for tokens that stand apart from the grid.
        kind: the module's class.
        channels: of its output.
        size: (height, width) of its output at the network's native input; None where it has no grid.
        field: what its positions see; None where the trace lost it, and nothing is known.
        calls: how often its module runs in one forward.
        form: how its output is read.
    """

    name: str
    kind: str
    channels: int
    size: Size | None
    field: Field | None = default(repr=False)
    calls: int
    form: Form = default(default_factory=Form, repr=False)

    @property
    def placed(self) -> bool:
        """Whether it has several positions, and not one value for the whole picture."""
        return max(self.size or (1,)) > 1

    @property
    def extents(self) -> Extents | None:
        """The rule of what positions see, rows and columns, in pictures of all sizes; None where there is none."""
        return None if self.field is None else self.field.extents

    @property
    def receptive_field(self) -> Size | None:
        """(height, width) in pixels; None where it is everything, or not known."""
        return None if self.field is None else self.field.size

    @property
    def stride(self) -> Size | None:
        """(vertical, horizontal) step between neighbours, in pixels; None where it has no grid."""
        return None if self.field is None else self.field.stride
