"""What a layer's weights look like."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from reverie.errors import InvalidSetting
from reverie.figures.contact_sheet import Layout
from reverie.figures.kernels import colours, mosaic, squared
from reverie.figures.result import Finding, Result
from reverie.models.connections import Bundle
from reverie.models.model import Model
from reverie.record import Record, versions
from reverie.unit import Unit


@dataclass(frozen=True, eq=False)
class Filter:
    """A channel's effective kernels.

    Attributes:
        unit: the channel.
        kernels: [I,h,w]: of the picture's channels in their order, else the strongest first.
        sources: the unit that each kernel reads, where that is known.
        of_image: whether they read the picture itself.
    """

    unit: Unit
    kernels: Tensor
    sources: tuple[Unit | None, ...]
    of_image: bool

    @property
    def norm(self) -> float:
        """Length of all its weights (L2)."""
        return float(self.kernels.norm())

    @property
    def note(self) -> str:
        """Its length, and what it reads most."""
        most = "" if self.of_image or self.sources[0] is None else f", most {self.sources[0]}"
        return f"{self.norm:.3g}{most}"

    @property
    def facts(self) -> dict[str, Any]:
        """What is told of it in a record."""
        facts: dict[str, Any] = {"norm": round(self.norm, 6), "kernels": list(self.kernels.shape)}
        if not self.of_image:
            facts["sources"] = [None if source is None else str(source) for source in self.sources[:16]]
        return facts

    def picture(self, side: int, top: float | None) -> Tensor:
        """[3,side,side]: in colours where it reads the picture, else a mosaic."""
        drawn = colours(self.kernels, top) if self.of_image and len(self.kernels) in (1, 3) else None
        return squared(mosaic(self.kernels, top) if drawn is None else drawn, side)


@dataclass(frozen=True, eq=False)
class Kernels:
    """Which channels' kernels to draw.

    Attributes:
        filters: one for each picture.
        top: the weight that gets the full colour; None for each channel's own largest.
        side: of the pictures.
        origin: the recipe function's name and its plain arguments, for the record.
    """

    filters: tuple[Filter, ...]
    top: float | None
    side: int
    origin: tuple[str, Mapping[str, Any]] = ("", {})

    @property
    def names(self) -> tuple[str, ...]:
        """What each picture is of: a unit's text."""
        return tuple(str(item.unit) for item in self.filters)

    def select(self, index: int) -> "Kernels":
        """One channel's, on the same scale."""
        name, arguments = self.origin
        scale = "own" if self.top is None else self.top
        chosen = {**arguments, "layer": self.names[index], "scale": scale, "most": 1}
        return replace(self, filters=self.filters[index : index + 1], origin=(name, chosen))

    def drawn(self, model: Model) -> Iterator[Tensor]:
        """Each channel's picture [3,side,side]."""
        del model  # whose weights are at hand
        for item in self.filters:
            yield item.picture(self.side, self.top)

    def result(self, model: Model, parts: Sequence[Tensor]) -> Result:
        """The pictures of the first channels; their arrays are the kernels [I,h,w]."""
        shown = self.filters[: len(parts)]
        records = tuple(
            Record(*self.select(index).origin, model.described, item.facts, 0, versions())
            for index, item in enumerate(shown)
        )
        scale = "each on its own scale" if self.top is None else f"full colour is a weight of {self.top:.4g}"
        title = f"the number is the length (L2) of a channel's effective weights; {scale}"
        early = {"most": max(1, len(shown)), "scale": "own" if self.top is None else self.top}
        left = {} if len(shown) == len(self.filters) else early
        return Result(
            torch.stack(list(parts)) if parts else torch.zeros((0, 3, self.side, self.side)),
            records,
            self.names[: len(parts)],
            findings=tuple(Finding(item.note) for item in shown),
            arrays=tuple(item.kernels for item in shown),
            layout=Layout(title),
            whole=Record(self.origin[0], {**self.origin[1], **left}, model.described, {}, None, versions()),
            notes=(scale,),
        )


def filter_of(unit: Unit, bundles: Sequence[Bundle]) -> Filter:
    """A channel's kernels from what feeds it; what is added to it as it is has none.

    Raises:
        InvalidSetting: it is a sum and nothing else.
    """
    weighted = [bundle for bundle in bundles if bundle.through != "sum"]
    if not weighted:
        added = " and ".join(str(source) for bundle in bundles for source in bundle.sources if source is not None)
        raise InvalidSetting(
            f"'{unit}' is the sum of {added or 'others'} as they are, without weights; name a layer before it"
        )
    size = [max(bundle.kernels.shape[axis] for bundle in weighted) for axis in (1, 2)]
    kernels = torch.cat([_centred(bundle.kernels, size) for bundle in weighted])
    sources = tuple(source for bundle in weighted for source in bundle.sources)
    of_image = all(bundle.of_image for bundle in weighted)
    if not of_image:
        order = kernels.flatten(1).norm(dim=1).argsort(descending=True, stable=True)
        kernels, sources = kernels[order], tuple(sources[index] for index in order.tolist())
    return Filter(unit, kernels, sources, of_image)


def _centred(kernels: Tensor, size: Sequence[int]) -> Tensor:
    """Kernels [I,h,w] in the middle of larger ones."""
    page = kernels.new_zeros(len(kernels), *size)
    down, right = ((size[axis] - kernels.shape[axis + 1]) // 2 for axis in (0, 1))
    page[:, down : down + kernels.shape[1], right : right + kernels.shape[2]] = kernels
    return page
