"""How a layer's channels respond to a photo, each as a picture."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from reverie.figures.contact_sheet import Layout
from reverie.figures.lettering import digits
from reverie.figures.overlay import overlay
from reverie.figures.result import Result
from reverie.image import Size
from reverie.models.failures import reported
from reverie.models.model import Model
from reverie.models.probe import probe
from reverie.record import Record, versions
from reverie.unit import Unit


@dataclass(frozen=True)
class ActivationMaps:
    """Which channels' responses to draw.

    Attributes:
        image: [1,C,H,W] in [0,1], as the network is shown it.
        units: a channel each, the strongest first.
        margin: cells at the grid's edge that were left out when the strongest were looked for.
        scale: the response that gets the strongest colour; None for each channel's own largest.
        show: how they are drawn, see `figures.overlay`.
        opacity: of the strongest colour of an overlay.
        origin: the recipe function's name and its plain arguments, for the record.
    """

    image: Tensor
    units: tuple[Unit, ...]
    margin: int = 0
    scale: float | None = None
    show: str = "map"
    opacity: float = 0.8
    origin: tuple[str, Mapping[str, Any]] = ("", {})

    @property
    def names(self) -> tuple[str, ...]:
        """What each picture is of: a unit's text."""
        return tuple(str(unit) for unit in self.units)

    @property
    def size(self) -> Size:
        """(height, width) of the picture that the network is shown."""
        return int(self.image.shape[-2]), int(self.image.shape[-1])

    def select(self, index: int) -> "ActivationMaps":
        """One channel's, on the same scale."""
        name, arguments = self.origin
        scale = "own" if self.scale is None else self.scale
        chosen = {**arguments, "layer": self.names[index], "scale": scale, "most": 1}
        return replace(self, units=self.units[index : index + 1], origin=(name, chosen))

    def drawn(self, model: Model) -> Iterator[tuple[Tensor, Tensor]]:
        """Each channel's response [h,w], and its picture [3,H,W], in which a grid's cell is a rectangle."""
        layers = tuple(dict.fromkeys(unit.layer for unit in self.units))
        with torch.no_grad(), reported(model, self.size, "lower --size, or use --precision bfloat16"):
            seen = probe(model, self.image, layers)
        image = self.image[0].float().cpu()
        for unit in self.units:
            array = seen[unit.layer][0, int(unit.channels[0])].float().cpu()
            large = functional.interpolate(array[None, None], self.size, mode="nearest-exact")[0, 0]
            top = peak(array, self.margin) if self.scale is None else self.scale
            yield array, overlay(image, large, self.show, opacity=self.opacity, top=top)

    def result(self, model: Model, parts: Sequence[tuple[Tensor, Tensor]]) -> Result:
        """The pictures of the first channels, after the photo."""
        arrays = [array for array, _ in parts]
        about = {
            "size": list(self.size),
            "threads": torch.get_num_threads(),
            "device": str(model.device),
            "precision": str(model.dtype).removeprefix("torch."),
        }
        records = []
        for index, array in enumerate(arrays):
            name, arguments = self.select(index).origin
            facts = {**about, "grid": list(array.shape), "largest": round(float(array.max()), 6)}
            records.append(Record(name, arguments, model.described, facts, 0, versions()))
        labels = [
            f"{name}  {digits(peak(array, self.margin))}" for name, array in zip(self.names, arrays, strict=False)
        ]
        return Result(
            torch.stack([picture for _, picture in parts]) if parts else torch.zeros((0, 3, *self.size)),
            tuple(records),
            tuple(labels),
            arrays=tuple(arrays),
            lead=(("the photo", self.image[0].float().cpu().expand(3, -1, -1)),),
            layout=Layout(_title(self, arrays[0]) if arrays else ""),
            whole=Record(self.origin[0], _taken(self, len(parts)), model.described, about, None, versions()),
        )


def peak(response: Tensor, margin: int) -> float:
    """A channel's [h,w] largest response, some cells at the edges left out: there the padding excites many."""
    height, width = response.shape
    return float(response[margin : height - margin, margin : width - margin].max())


def _taken(wanted: ActivationMaps, count: int) -> dict[str, Any]:
    """The arguments that draw the first channels again, or all."""
    arguments = dict(wanted.origin[1])
    if count == len(wanted.units):
        return arguments
    return {**arguments, "most": max(1, count), "scale": "own" if wanted.scale is None else wanted.scale}


def _title(wanted: ActivationMaps, grid: Tensor) -> str:
    layers = ", ".join(dict.fromkeys(unit.layer for unit in wanted.units))
    scale = "each on its own scale" if wanted.scale is None else f"full colour from {digits(wanted.scale)}"
    inside = f" further than {wanted.margin} from the edge" if wanted.margin else ""
    return (
        f"{layers} on the photo, {grid.shape[0]}x{grid.shape[1]} cells; the number is a channel's largest "
        f"activation{inside}; {scale}"
    )
