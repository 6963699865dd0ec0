"""How recipes are called, for type checkers: written by tests/settings/write_shorthand.py, not by hand."""

from collections.abc import Sequence
from typing import Any, Protocol, TypedDict, TypeVar, Unpack

T_co = TypeVar("T_co", covariant=True)


class AccentuateNames(TypedDict, total=False):
    """The names that `accentuate` takes."""

    photo: Any
    unit: Any
    negative: bool
    hold: float
    layer: str | None
    mask: Any
    prior: Sequence[str] | str | None
    steps: int
    rate: float
    size: int | Sequence[int] | str | None
    seed: int


class AccentuateCall(Protocol[T_co]):
    """`accentuate`, as it is called."""

    def __call__(self, model: Any, /, *leading: Any, progress: Any = None, **names: Unpack[AccentuateNames]) -> T_co:
        """What the function returns."""
        ...


class ActivationsNames(TypedDict, total=False):
    """The names that `activations` takes."""

    photo: Any
    layer: str
    most: int
    scale: float | str
    show: str
    opacity: float
    size: int | Sequence[int] | str | None


class ActivationsCall(Protocol[T_co]):
    """`activations`, as it is called."""

    def __call__(self, model: Any, /, *leading: Any, progress: Any = None, **names: Unpack[ActivationsNames]) -> T_co:
        """What the function returns."""
        ...


class CaricatureNames(TypedDict, total=False):
    """The names that `caricature` takes."""

    photo: Any
    layers: Any
    toward: Any
    negative: bool
    cosine: float
    parameterization: Any
    prior: Sequence[str] | str | None
    steps: int
    rate: float
    size: int | Sequence[int] | str | None
    seed: int


class CaricatureCall(Protocol[T_co]):
    """`caricature`, as it is called."""

    def __call__(self, model: Any, /, *leading: Any, progress: Any = None, **names: Unpack[CaricatureNames]) -> T_co:
        """What the function returns."""
        ...


class CompareNames(TypedDict, total=False):
    """The names that `compare` takes."""

    layer: str
    photo: Any
    few: int
    steps: int
    rate: float
    size: int | Sequence[int] | str | None
    every: int
    sample: int
    seed: int


class CompareCall(Protocol[T_co]):
    """`compare`, as it is called."""

    def __call__(self, model: Any, /, *leading: Any, progress: Any = None, **names: Unpack[CompareNames]) -> T_co:
        """What the function returns."""
        ...


class DreamNames(TypedDict, total=False):
    """The names that `dream` takes."""

    layers: Any
    preset: Any
    octaves: int | None
    octave_scale: float | None
    steps: int | None
    rate: float | None
    strength: float
    jitter: int | None
    reduction: str | None
    guide: Any
    also: Any
    prior: Sequence[str] | str | None
    mask: Any
    size: int | Sequence[int] | str | None
    tile: int | None
    seed: int
    photo: Any


class DreamCall(Protocol[T_co]):
    """`dream`, as it is called."""

    def __call__(self, model: Any, /, *leading: Any, progress: Any = None, **names: Unpack[DreamNames]) -> T_co:
        """What the function returns."""
        ...


class ExplainNames(TypedDict, total=False):
    """The names that `explain` takes."""

    photo: Any
    unit: Any
    method: Sequence[str] | str
    layer: str | None
    samples: int | None
    noise: float
    baseline: str | None
    window: int | None
    stride: int | None
    show: str
    opacity: float
    control: bool
    size: int | Sequence[int] | str | None
    seed: int


class ExplainCall(Protocol[T_co]):
    """`explain`, as it is called."""

    def __call__(self, model: Any, /, *leading: Any, progress: Any = None, **names: Unpack[ExplainNames]) -> T_co:
        """What the function returns."""
        ...


class FeatureNames(TypedDict, total=False):
    """The names that `feature` takes."""

    preset: Any
    steps: int | None
    rate: float | None
    size: int | Sequence[int] | str | None
    start: Any
    mask: Any
    alpha: str | None
    window: bool | None
    negative: bool
    diversity: int
    both: bool
    parameterization: Any
    spectrum: Any
    reduction: str | None
    dictionary: str | None
    concept: Any
    against: Any
    cosine: float | None
    also: Any
    prior: Sequence[str] | str | None
    batch: int | None
    seed: int
    units: Any
    climb: Any
    canvas: Any
    views: Any


class FeatureCall(Protocol[T_co]):
    """`feature`, as it is called."""

    def __call__(self, model: Any, /, *leading: Any, progress: Any = None, **names: Unpack[FeatureNames]) -> T_co:
        """What the function returns."""
        ...


class FiltersNames(TypedDict, total=False):
    """The names that `filters` takes."""

    links: int
    steps: int
    pictures: str | None
    seed: int
    layer: str
    most: int
    scale: float | str
    order: str
    size: int
    kernels: bool


class FiltersCall(Protocol[T_co]):
    """`filters`, as it is called."""

    def __call__(self, model: Any, /, *leading: Any, progress: Any = None, **names: Unpack[FiltersNames]) -> T_co:
        """What the function returns."""
        ...


class FoolNames(TypedDict, total=False):
    """The names that `fool` takes."""

    photo: Any
    target: str | int | None
    method: str
    norm: str
    radius: float | None
    smallest: bool
    steps: int | None
    rate: float | None
    start: str
    size: int | Sequence[int] | str | None
    transfer: Sequence[str] | str | None
    seed: int


class FoolCall(Protocol[T_co]):
    """`fool`, as it is called."""

    def __call__(self, model: Any, /, *leading: Any, progress: Any = None, **names: Unpack[FoolNames]) -> T_co:
        """What the function returns."""
        ...


class GrowNames(TypedDict, total=False):
    """The names that `grow` takes."""

    unit: Any
    steps: int
    rate: float
    size: int | Sequence[int] | str | None
    seed: int


class GrowCall(Protocol[T_co]):
    """`grow`, as it is called."""

    def __call__(self, model: Any, /, *leading: Any, progress: Any = None, **names: Unpack[GrowNames]) -> T_co:
        """What the function returns."""
        ...


class InterpolateNames(TypedDict, total=False):
    """The names that `interpolate` takes."""

    through: Any
    between: int
    align: str | None
    parameterization: Any
    prior: Sequence[str] | str | None
    steps: int
    rate: float | None
    size: int | Sequence[int] | str | None
    seed: int


class InterpolateCall(Protocol[T_co]):
    """`interpolate`, as it is called."""

    def __call__(self, model: Any, /, *leading: Any, progress: Any = None, **names: Unpack[InterpolateNames]) -> T_co:
        """What the function returns."""
        ...


class InvertNames(TypedDict, total=False):
    """The names that `invert` takes."""

    photo: Any
    layers: Any
    all: bool
    restarts: int
    pooled: bool
    parameterization: Any
    ascent: str
    steps: int
    rate: float | None
    prior: Sequence[str] | str | None
    size: int | Sequence[int] | str | None
    seed: int


class InvertCall(Protocol[T_co]):
    """`invert`, as it is called."""

    def __call__(self, model: Any, /, *leading: Any, progress: Any = None, **names: Unpack[InvertNames]) -> T_co:
        """What the function returns."""
        ...


class StyleTransferNames(TypedDict, total=False):
    """The names that `style` takes."""

    photo: Any
    styles: Any
    layers: Any
    content_layers: Any
    content: float
    style_weight: Sequence[float | str] | float | str | None
    style_scale: float
    region: Any
    style_region: Any
    colors: str
    start: str
    ascent: str
    octaves: int
    steps: int
    rate: float | None
    prior: Sequence[str] | str | None
    size: int | Sequence[int] | str | None
    tile: int | None
    seed: int


class StyleTransferCall(Protocol[T_co]):
    """`style`, as it is called."""

    def __call__(self, model: Any, /, *leading: Any, progress: Any = None, **names: Unpack[StyleTransferNames]) -> T_co:
        """What the function returns."""
        ...


class UniversalNames(TypedDict, total=False):
    """The names that `universal` takes."""

    photos: Any
    target: str | int
    radius: float
    steps: int
    batch: int
    seed: int


class UniversalCall(Protocol[T_co]):
    """`universal`, as it is called."""

    def __call__(self, model: Any, /, *leading: Any, progress: Any = None, **names: Unpack[UniversalNames]) -> T_co:
        """What the function returns."""
        ...
