"""Connectivity: how any network's layers feed each other, followed through one forward."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.weak import WeakIdKeyDictionary

from reverie.models.channel_tracking import Follow
from reverie.models.connections import Connectivity
from reverie.models.main_line import usual_name
from reverie.models.model import Model
from reverie.models.provenance import Provenance
from reverie.models.trace import first_tensor

_AXES = {"NCHW": 1, "NHWC": 3, "NTC": 2, "TNC": 2, "NC": 1}


class _Listener:
    """Gives the listed layers' names to what they return, while a forward runs."""

    def __init__(self, model: Model, follow: Follow) -> None:
        self.model, self.follow = model, follow
        self.calls: Counter[str] = Counter()
        self.begun: list[int] = []
        self.layers: dict[str, Provenance] = {}
        self.labels: list[tuple[int, str]] = []
        self.known: dict[int, tuple[int, float]] = {}
        self.several: list[list[str]] = []  # the layers that return one tensor, inner ones first
        self._named: Any = WeakIdKeyDictionary()
        self.line = (*model.blocks, "logits")
        self.next = 1
        follow.on_read = self.read

    def read(self, provenance: Provenance) -> None:
        """Keeps under which name, and with which factor, a channel is first read."""
        parts = provenance.maker.tolist(), provenance.label.tolist(), provenance.scale.tolist()
        for number, label, scale in zip(*parts, strict=True):
            if number > self.model.channels and label:
                self.known.setdefault(number, (label, scale))

    def before(self, name: str) -> Any:
        """A hook that notes that a module begins."""

        def hook(_: nn.Module, __: Any) -> None:
            self.calls[name] += 1
            self.follow.inside.append(name if name in self.model.layers else f"{name}~{self.calls[name]}")
            self.begun.append(self.follow.operators)

        return hook

    def after(self, part: nn.Module, args: Any, output: Any) -> None:
        """A hook that names what a module returns, if it is a listed layer that did something."""
        layer, did = self.follow.inside.pop(), self.follow.operators > self.begun.pop()
        value = first_tensor(output)
        if not did or layer not in self.model.layers or value is None or value not in self.follow.provenance:
            return
        if isinstance(part, nn.LocalResponseNorm):  # each channel over a measure of its neighbours is still itself
            self.follow.provenance[value] = self.follow.provenance[args[0]].through_nonlinearity()
        self.name(layer, value, type(part).__name__)

    def name(self, layer: str, value: Tensor, what: str) -> None:
        """Labels a layer's channels, where their labels are not to stay."""
        form, provenance = self.model.layers[layer].form, self.follow.provenance[value]
        axis = _AXES.get(form.axes, value.ndim)  # the heads of an attention have no one axis of channels
        if axis >= value.ndim:
            return
        names = self._names(value, provenance)
        names.append(layer)
        if usual_name(names, self.line) == layer:
            if provenance.lost:
                provenance = self.follow.opaque(value.shape, axis, what)
            channels = int(value.shape[axis])
            self.labels.append((self.next, layer))
            provenance = provenance.named(torch.arange(self.next, self.next + channels), axis, self.model.channels)
            self.next += channels
            self.follow.provenance[value] = provenance
            self._named[value] = provenance, names
        # tokens that stand apart from the grid are of other makers
        self.layers[layer] = provenance.moved(lambda part: form.grid(part, self.model.size)).channels(1)

    def _names(self, value: Tensor, provenance: Provenance) -> list[str]:
        """The layers that returned this very tensor so far; none once something was done to it."""
        known: tuple[Provenance, list[str]] | None = self._named.get(value)
        if known is not None and known[0] is provenance:
            return known[1]
        self.several.append([])
        return self.several[-1]


def connectivity(model: Model) -> Connectivity:
    """How the layers of a network feed each other, followed through one forward of its unfolded module."""
    module, size = model.variants.plain, model.size
    follow = Follow(size[0] / size[1])
    listener = _Listener(model, follow)
    image = torch.full((1, model.channels, *size), 0.5, device=model.device)
    image = ((image - _column(model.mean, image)) / _column(model.std, image)).contiguous(memory_format=model.layout)
    follow.start(image, 1 / torch.tensor(model.std))
    handles = []
    try:
        for name, part in module.named_modules():
            if name:
                handles += [
                    part.register_forward_pre_hook(listener.before(name)),
                    part.register_forward_hook(listener.after),
                ]
        with torch.no_grad(), follow:
            output = first_tensor(module(image))
    finally:
        for handle in handles:
            handle.remove()
    if output is not None and output in follow.provenance:
        listener.name("logits", output, type(module).__name__)
        listener.read(listener.layers["logits"])
    usual = {name: usual_name(names, listener.line) for names in listener.several for name in names}
    return Connectivity(
        model.name, model.channels, follow.makers, listener.layers, listener.labels, listener.known, usual
    )


def _column(values: Sequence[float], like: Tensor) -> Tensor:
    return torch.tensor(values, device=like.device).view(1, -1, 1, 1)
