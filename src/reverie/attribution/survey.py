"""How a layer's channels respond to a photo, each as a picture."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from reverie.figures.overlay import overlay
from reverie.figures.result import Result
from reverie.image import Size
from reverie.models.failures import told
from reverie.models.model import Model
from reverie.models.probe import probe
from reverie.record import Record, versions
from reverie.unit import Unit


@dataclass(frozen=True)
class Survey:
    """Which channels' responses to draw.

    Attributes:
        image: [1,C,H,W] in [0,1], as the network is shown it.
        units: a channel each.
        scale: the response that gets the strongest colour; None for each channel's own largest.
        show: how they are drawn, see `figures.overlay`.
        opacity: of the strongest colour of an overlay.
        origin: the recipe function's name and its plain arguments, for the record.
    """

    image: Tensor
    units: tuple[Unit, ...]
    scale: float | None = None
    show: str = "map"
    opacity: float = 0.8
    origin: tuple[str, Mapping[str, Any]] = ("", {})

    @property
    def names(self) -> tuple[str, ...]:
        """The channels."""
        return tuple(str(unit) for unit in self.units)

    @property
    def size(self) -> Size:
        """(height, width) of the picture that the network is shown."""
        return int(self.image.shape[-2]), int(self.image.shape[-1])

    def select(self, index: int) -> "Survey":
        """One channel's, on the same scale."""
        name, arguments = self.origin
        scale = "own" if self.scale is None else self.scale
        chosen = {**arguments, "layer": self.names[index], "scale": scale, "most": 1}
        return replace(self, units=self.units[index : index + 1], origin=(name, chosen))


def survey(model: Model, wanted: Survey) -> Result:
    """Draws the channels, in one forward.

    Returns:
        Pictures of the photo's size, a grid's cell as a rectangle; their arrays are the layer's own, [h,w].
    """
    layers = tuple(dict.fromkeys(unit.layer for unit in wanted.units))
    with torch.no_grad(), told(model, wanted.size, "lower --size, or use --precision bfloat16"):
        seen = probe(model, wanted.image, layers)
    image = wanted.image[0].float().cpu()
    arrays = [seen[unit.layer][0, int(unit.channels[0])].float().cpu() for unit in wanted.units]
    pictures = []
    for array in arrays:
        large = functional.interpolate(array[None, None], wanted.size, mode="nearest-exact")[0, 0]
        top = float(array.max()) if wanted.scale is None else wanted.scale
        pictures.append(overlay(image, large, wanted.show, opacity=wanted.opacity, top=top))
    about = {
        "size": list(wanted.size),
        "threads": torch.get_num_threads(),
        "device": str(model.device),
        "precision": str(model.dtype).removeprefix("torch."),
    }
    records = []
    for index, array in enumerate(arrays):
        name, arguments = wanted.select(index).origin
        facts = {**about, "grid": list(array.shape), "largest": round(float(array.max()), 6)}
        records.append(Record(name, arguments, model.source, facts, 0, versions()))
    labels = tuple(f"{name}  {float(array.max()):.3g}" for name, array in zip(wanted.names, arrays, strict=True))
    return Result(torch.stack(pictures), tuple(records), labels, arrays=tuple(arrays))
