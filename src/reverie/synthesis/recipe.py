"""Recipe: everything that decides a run, checked when it is built."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol, runtime_checkable

import torch
from torch import Tensor

from reverie.constraints import Constraint
from reverie.errors import InvalidSetting
from reverie.errors import check as check
from reverie.errors import count as count
from reverie.figures.result import Finding
from reverie.image import Size, resize
from reverie.models.model import Model
from reverie.objectives import Objective
from reverie.objectives.objective import joint
from reverie.parameterizations import Alpha, Parameterization
from reverie.settings.fields import LARGEST_SIDE
from reverie.settings.own_preset import STARTS
from reverie.settings.part_types import typed
from reverie.synthesis.ascent import Ascent
from reverie.transforms import Roll, Transform


@dataclass(frozen=True)
@typed
class Stage:
    """Steps at one size.

    Attributes:
        objectives: one for each picture of the batch.
        size: (height, width) of the picture, which is what the network sees.
        steps: at most, where there is an `until`.
        until: the score that is enough: the stage ends once every picture has it.
    """

    objectives: tuple[Objective, ...]
    size: Size
    steps: int
    ascent: Ascent
    until: float | None = None

    @property
    def layers(self) -> tuple[str, ...]:
        """All layers that are read."""
        return joint(self.objectives).layers


@runtime_checkable
class Carry(Protocol):
    """How a picture goes from one stage's size to the next."""

    def __call__(self, image: Tensor, size: Size) -> Tensor:
        """The picture [N,C,h,w] at another size, a new tensor."""
        ...


@dataclass(frozen=True)
@typed
class Resized:
    """The picture itself is resized."""

    def __call__(self, image: Tensor, size: Size) -> Tensor:
        """Bicubic, kept in [0,1]."""
        return resize(image, size).clamp(0, 1)


@dataclass(frozen=True)
@typed
class AddedDetail:
    """The change to the photo is resized and added to the resized photo, so that the photo's fine detail is not lost.

    Source: Google's DeepDream (2015), the octave loop.
    """

    photo: Tensor

    def __call__(self, image: Tensor, size: Size) -> Tensor:
        """The photo at the new size with the old size's change on it."""
        if image.shape[-2:] == size:
            return image.clone()
        detail = image - resize(self.photo, (int(image.shape[-2]), int(image.shape[-1])))
        return resize(detail, size).add_(resize(self.photo, size)).clamp_(0, 1)


@runtime_checkable
class Report(Protocol):
    """What to measure of a finished picture."""

    def __call__(self, model: Model, image: Tensor) -> Finding:
        """What there is to tell of the picture [1,C,H,W]."""
        ...


@dataclass(frozen=True)
@typed
class Window:
    """The part of a larger picture that a bounded objective can see; all outside it stays as it started."""

    canvas: Size
    top: int
    left: int


@dataclass(frozen=True)
@typed
class Recipe:
    """What to make and how.

    Attributes:
        names: one for each picture; with the seed, the source of its chances; labels too, unless those are given.
        start: noise, grey, zero (black) or photo.
        photo: [1,C,H,W], where start is photo; or one for each picture.
        opacity: [1,1,H,W] that the finished pictures get, of a photo with transparent parts.
        redirect: first steps in which dead rectifiers are redirected.
        tile: side of the tiles in which the gradient is taken; None for the whole picture.
        batch: how many pictures run together.
        importance: add where the objective cared, as opacity.
        origin: the recipe function's name and its plain arguments, for the record; without, that holds the parts.
        group: how many neighbours belong together and are never parted, such as the views of one unit.
        each: arguments that name one value for each picture; a record of some of the pictures names theirs.
        reports: what to measure of each finished picture, or none.
        columns: pictures side by side in a sheet; None for what fills it best.

    Raises:
        InvalidSetting: parts that do not go together.
    """

    names: tuple[str, ...]
    stages: tuple[Stage, ...]
    parameterization: Parameterization
    transforms: tuple[Transform, ...] = ()
    constraint: Constraint | None = None
    carry: Carry = field(default_factory=Resized)
    start: str = "noise"
    photo: Tensor | None = None
    opacity: Tensor | None = None
    seed: int = 0
    redirect: int = 0
    tile: int | None = None
    batch: int = 1
    window: Window | None = None
    importance: bool = False
    labels: tuple[str, ...] = ()
    origin: tuple[str, Mapping[str, Any]] = ("", {})
    group: int = 1
    each: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    reports: tuple[Report, ...] = ()
    columns: int | None = None

    def __post_init__(self) -> None:
        self._check_counts()
        object.__setattr__(self, "labels", self.labels or self.names)
        STARTS.check(self.start)
        if self.start == "photo" and self.photo is None:
            raise InvalidSetting("a start from a photo needs the photo; give it, or start from noise")
        if self.parameterization.photos == "none" and (self.start != "noise" or len(self.stages) > 1):
            name = type(getattr(self.parameterization, "inner", self.parameterization)).__name__
            raise InvalidSetting(f"{name} cannot hold a photo; start it from noise, at one size")
        if not self.parameterization.bounded and self.constraint is None:
            raise InvalidSetting(f"{type(self.parameterization).__name__} leaves [0,1]; give the recipe a constraint")
        if self.parameterization.bounded and self.constraint is not None:
            raise InvalidSetting(
                f"{type(self.parameterization).__name__} keeps to [0,1]; a constraint goes with pixels only"
            )
        elsewhere = self.parameterization.bounded and not self.parameterization.gridded
        if elsewhere and any(stage.ascent.blur for stage in self.stages):
            raise InvalidSetting("a blur of the gradient goes with pixels only")
        if not self.parameterization.bounded and any(stage.ascent.kind == "lbfgs" for stage in self.stages):
            raise InvalidSetting(
                "L-BFGS goes with no constraint, which would break its picture of the slope; "
                "give it a parameterization that keeps to [0,1]"
            )
        if self.tile is not None:
            self._check_tiles(self.tile)

    def _check_counts(self) -> None:
        if not (self.names and self.stages):
            raise InvalidSetting("a recipe needs at least one name and one stage")
        if any(len(stage.objectives) != len(self.names) for stage in self.stages):
            raise InvalidSetting("every stage needs one objective for each picture")
        if len(self.labels or self.names) != len(self.names):
            raise InvalidSetting("a recipe needs one label for each picture, or none")
        for stage in self.stages:
            count("steps", stage.steps)
            for side in stage.size:
                count("size", side, 1, LARGEST_SIDE)
        for name, value in (("batch", self.batch), ("group", self.group), ("columns", self.columns)):
            if value is not None:
                count(name, value)

    def _check_tiles(self, tile: int) -> None:
        count("tile", tile, 32)
        for stage in self.stages:
            for objective in stage.objectives:
                if not (objective.tiles or objective.gathers):
                    raise InvalidSetting(
                        f"'{objective!r}' means another thing in a tile than in the picture; leave out --tile"
                    )
        if not all(isinstance(transform, Roll) for transform in self.transforms):
            raise InvalidSetting("tiles go with no transform but the cyclic shift, which they bring themselves")

    @property
    def size(self) -> Size:
        """(height, width) of the finished pictures."""
        return self.window.canvas if self.window else self.stages[-1].size

    @property
    def alpha(self) -> bool:
        """Whether the pictures' last channel is their opacity."""
        return self.importance or isinstance(self.parameterization, Alpha)

    @property
    def steps(self) -> int:
        """Steps of all batches together."""
        return sum(stage.steps for stage in self.stages) * len(self.batches())

    @property
    def gathers(self) -> bool:
        """Whether its tiles are gathered in two passes, exactly; else each counts by its share, with a random shift."""
        objectives = [objective for stage in self.stages for objective in stage.objectives]
        return self.tile is not None and not all(objective.tiles for objective in objectives)

    @property
    def steady(self) -> bool:
        """Whether every step climbs the same function: nothing is drawn anew."""
        return not self.transforms and not self.redirect and (self.tile is None or self.gathers)

    def batches(self) -> list[range]:
        """The pictures that run together."""
        count = len(self.names)
        # neighbours of a group are tied to each other only; a shared parameterization ties all
        tied = self.group == 1 and any(item.couples for stage in self.stages for item in stage.objectives)
        # one line search sees one picture, and so do two passes
        alone = self.gathers or any(stage.ascent.kind == "lbfgs" for stage in self.stages)
        several = 1 if alone else self.batch // self.group
        batch = count if tied or self.parameterization.couples else max(1, several) * self.group
        return [range(first, min(first + batch, count)) for first in range(0, count, batch)]

    def select(self, rows: Sequence[int]) -> "Recipe":
        """The recipe of some of the pictures."""

        def chosen(items: Sequence[Any]) -> tuple[Any, ...]:
            return tuple(items[row] for row in rows)

        stages = tuple(replace(stage, objectives=chosen(stage.objectives)) for stage in self.stages)
        several = self.photo is not None and len(self.photo) > 1
        photo = self.photo[list(rows)] if self.photo is not None and several else self.photo
        name, arguments = self.origin
        if "units" in arguments:
            arguments = {**arguments, "units": list(chosen(self.names)), "batch": len(rows)}
        each = {key: chosen(values) for key, values in self.each.items()}
        arguments = {**arguments, **{key: distinct(values) for key, values in each.items()}}
        return replace(
            self,
            names=chosen(self.names),
            stages=stages,
            photo=photo,
            labels=chosen(self.labels),
            origin=(name, arguments),
            each=each,
            reports=chosen(self.reports) if self.reports else (),
        )


def distinct(values: Sequence[Any]) -> list[Any]:
    """Plain values in their order, each once."""
    return list({repr(value): value for value in values}.values())


def blank(value: float, channels: int, size: Size) -> Tensor:
    """A plain picture [1,C,H,W]."""
    return torch.full((1, channels, *size), value)
