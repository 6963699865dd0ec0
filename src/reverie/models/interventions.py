"""Interventions: a network with some of its units ablated, amplified or clamped."""

import contextlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

import torch
from torch import Tensor

from reverie.models.edits import Change, Edit, change_named, edited, edits_here, unedited
from reverie.models.model import Model
from reverie.models.probe import Activations, probe
from reverie.settings.calling import names_checked
from reverie.unit import Unit


@names_checked
def amplify(factor: float) -> Change:
    """A unit's activation times a factor, negative ones too."""
    return Change(factor=float(factor))


@names_checked
def clamp(value: float) -> Change:
    """A unit's activation set to a value, whatever the network sees."""
    return Change(value=float(value))


def edits_of(model: Model, changes: Iterable[tuple[str | Unit, Change | str]]) -> tuple[Edit, ...]:
    """The edits of a model's units, from units and what becomes of each, in their order.

    Raises:
        UnknownName: no such layer, channel or class.
        InvalidSetting: a change that is none.
    """
    return tuple(
        Edit(unit, change)
        for named, change in ((named, change_named(text)) for named, text in changes)
        for unit in model.units(named)
    )


@names_checked
@contextlib.contextmanager
def intervene(model: Model, changes: Mapping[str | Unit, Change | str]) -> Iterator[None]:
    """Changes what units of a network return, in this thread and until the block ends.

    Whatever runs the model sees the change: probes, dreams, explanations. The model itself is not touched. Blocks may
    stand in one another; of several changes of one unit each acts on what those before it left. Records of pictures
    that are made in the block hold the changes.

    Args:
        changes: by unit (`mixed4a:12`, `mixed4a:0-3`, `mixed4a:12@4,5`, `logits:tiger`; a layer means all of its
            channels): `"ablate"`, which sets it to 0, `amplify(factor)` or `clamp(value)`, or their texts.

    Raises:
        UnknownName: no such layer, channel or class, or, when the network runs, rows and columns that it does not have.
        InvalidSetting: a change that is none, or a network that is not loaded.
    """
    with edited(model.variants, edits_of(model, changes.items())):
        yield


class Continuation:
    """What a network returns for a picture from one of its layers on; up to there it ran once, without interventions.

    Attributes:
        direct: whether what follows is computed from the layer alone. Where something leads past it, where an
            intervention lies before it, or where the network takes no empty batch, it runs from the picture.
    """

    def __init__(self, model: Model, image: Tensor, layer: str) -> None:
        """Runs the network once, and tries whether it can go on from the layer.

        Args:
            image: [N,C,H,W] in [0,1].

        Raises:
            UnknownName: no such layer.
        """
        self.model, self.layer = model, model.layer(layer).name
        self.image = model.shown(image, [self.layer, "logits"])
        self._places = {name: place for place, name in enumerate(model.layers)}
        self._kept: list[Tensor] = []
        with torch.no_grad(), unedited():
            whole = probe(model, self.image, ["logits"], resizing=False, instead={self.layer: self._keep})
            self.direct = not model.alone and self._leads_to(whole["logits"])

    def _keep(self, output: Tensor) -> Tensor:
        self._kept.append(output.clone())
        return output

    def _leads_to(self, logits: Tensor) -> bool:
        """Whether going on from the layer, and from it alone, gives these logits."""
        try:
            own, none = (self._onwards(["logits"], value)["logits"] for value in (self._kept[0], self._kept[0] * 0))
        except (RuntimeError, ValueError, IndexError):
            return False
        fits = own.shape == logits.shape and torch.allclose(own, logits, 1e-4, 1e-5 + 1e-4 * float(logits.abs().max()))
        return fits and not torch.equal(own, none)

    def _onwards(self, layers: Iterable[str], value: Tensor) -> Activations:
        """An empty batch brings the network to where the layer's value takes over."""
        return probe(self.model, self.image[:0], layers, resizing=False, instead={self.layer: lambda _: value})

    def probe(self, layers: Iterable[str]) -> Activations:
        """What the layers return, under the interventions that hold here and now.

        Raises:
            UnknownName: a layer that did not run.
        """
        asked = [*layers]
        asked_places = [*asked, *(edit.unit.layer for edit in edits_here(self.model.variants))]
        if not self.direct or any(self._places.get(name, -1) < self._places[self.layer] for name in asked_places):
            return probe(self.model, self.image, asked, resizing=False)
        return replace(self._onwards(asked, self._kept[0]), picture=self.image, image=self.image)
