"""Pruning: a network without what some channels of a layer are not computed from, as the network itself tells.

NaN in place of what a module returns goes through whatever reads it, but through a concatenation into the module's own
channels alone. A module that reaches none of the channels is not run: zeros stand for what it returns.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from weakref import WeakKeyDictionary

import torch
from torch import Tensor, nn
from torch.utils._pytree import tree_iter

from reverie.image import Size
from reverie.models.copying import copied
from reverie.models.edits import edits_here
from reverie.models.feature_maps import call_name, module_name
from reverie.models.fidelity import seeded
from reverie.models.model import Model
from reverie.randomness import generator, uniform

SIDES = (64, 128)  # of the pictures by which a network is asked, where it takes them
FEW, MANY = 2, 16  # modules that are asked at once, each by a picture of its own; in most networks the last reaches all


class Zeros(nn.Module):
    """What stands for a module that returns one tensor: zeros in its form, through which no gradient goes."""

    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        self._run = module.__call__  # no module of this one
        self._forms: dict[tuple[torch.Size, ...], Tensor] = {}

    def forward(self, *args: Any, **kwargs: Any) -> Tensor:
        """The module runs once for each shape of what it takes, to show the form."""
        given = [item for item in tree_iter((args, kwargs)) if isinstance(item, Tensor)]
        shapes = tuple(item.shape for item in given)
        if shapes not in self._forms:
            with torch.no_grad():
                self._forms[shapes] = self._run(*args, **kwargs).to("meta")
        return torch.zeros_like(self._forms[shapes], device=given[0].device)


@dataclass(frozen=True)
class _Known:
    """What was found out about a layer.

    Attributes:
        reached: by a module's name the channels that are computed from what it returns.
        forms: by the modules that are left out.
        agree: by these and the picture's size, whether all other channels are what they were.
    """

    reached: Mapping[str, frozenset[int]]
    forms: dict[frozenset[str], nn.Module] = field(default_factory=dict)
    agree: dict[tuple[frozenset[str], Size], bool] = field(default_factory=dict)

    def idle(self, channels: Collection[int]) -> frozenset[str]:
        """The largest modules that reach none of the channels."""
        names = {name for name, reached in self.reached.items() if reached.isdisjoint(channels)}
        return frozenset(name for name in names if not any(name.startswith(f"{other}.") for other in names))


_KNOWN: "WeakKeyDictionary[Model, dict[str, _Known]]" = WeakKeyDictionary()


def pruned(model: Model, layer: str, channels: Collection[int], size: Size) -> nn.Module | None:
    """The form of a network in which these channels of a layer are bit for bit what they were, and less is computed.

    Args:
        size: of the picture that it is shown.

    Returns:
        None where there is nothing to leave out.
    """
    edits, listed = model.edits or edits_here(model.variants), model.layers.get(layer)
    if listed is None or layer == "logits" or model.alone or edits or listed.form.axes != "NCHW":
        return None
    layers = _KNOWN.setdefault(model, {})
    if layer not in layers:
        layers[layer] = _Known(_reached(model, layer))
    known = layers[layer]
    idle = known.idle({channel % listed.channels for channel in channels})  # the last one is -1 as well
    if not idle:
        return None
    if idle not in known.forms:
        known.forms[idle] = _without(_whole(model, layer), idle)
    if (idle, size) not in known.agree:
        known.agree[idle, size] = _agrees(model, layer, known, idle, size)
    return known.forms[idle] if known.agree[idle, size] else None


def _whole(model: Model, layer: str) -> nn.Module:
    return model.variants.module({module_name(layer)})


def _returned(model: Model, image: Tensor, layer: str, form: nn.Module, **others: Any) -> Tensor:
    """What a layer of a form returns; the random state is left alone, and the same each time."""
    with seeded(model.device):
        return model.returned(image, [layer], module=form, **others)[call_name(layer)]


def _without(whole: nn.Module, names: Collection[str]) -> nn.Module:
    """The module with zeros in place of some of its parts; it shares all others, and the weights."""
    stubs = {id(part): Zeros(part) for part in map(whole.get_submodule, names)}
    opened = {".".join(parts[:depth]) for parts in (name.split(".") for name in names) for depth in range(len(parts))}
    parts = {id(part): part for name, part in whole.named_modules() if name not in opened}
    weights = {id(item): item for item in (*whole.parameters(), *whole.buffers())}
    return copied(whole, {**weights, **parts, **stubs})


def _agrees(model: Model, layer: str, known: _Known, idle: frozenset[str], size: Size) -> bool:
    """Whether two pictures of chance have what they had in all channels that are still computed."""
    lost = frozenset[int]().union(*(known.reached[name] for name in idle))
    kept = [channel for channel in range(model.layers[layer].channels) if channel not in lost]

    def seen(image: Tensor, form: nn.Module) -> Tensor:
        with torch.enable_grad():  # as it will run
            return _returned(model, image.requires_grad_(), layer, form).detach()[:, kept]

    try:
        return all(
            torch.equal(seen(image, _whole(model, layer)), seen(image, known.forms[idle]))
            for image in _pictures(model, 2, size).split(1)
        )
    except Exception:  # whatever a network does that it cannot do without what was left out
        return False


def _pictures(model: Model, count: int, size: Size) -> Tensor:
    chances = [generator(0, f"pruning {number}") for number in range(count)]
    return uniform(0, 1, (model.channels, *size), chances).to(model.device)


def _reached(model: Model, layer: str) -> dict[str, frozenset[int]]:
    """Which channels the modules reach that end before a layer does, from the last one back to one that reaches all."""
    for size in (*((side, side) for side in SIDES), model.size):
        try:
            return _reached_at(model, layer, size)
        except Exception:  # it need not run on pictures that small
            continue
    return {}


def _reached_at(model: Model, layer: str, size: Size) -> dict[str, frozenset[int]]:
    whole, names, count = _whole(model, layer), _before(model, layer), FEW
    reached: dict[str, frozenset[int]] = {}
    while names:
        asked, names, count = names[:count], names[count:], min(2 * count, MANY)
        reached |= _answers(model, layer, asked, size)
        of_all = [whole.get_submodule(name) for name in asked if len(reached[name]) == model.layers[layer].channels]
        if any(not [*part.children()] for part in of_all):
            break
    return reached


def _before(model: Model, layer: str) -> list[str]:
    """The modules with weights that end before a layer does, the last one first."""
    whole, names = _whole(model, layer), list(model.layers)
    ended = dict.fromkeys(module_name(name) for name in reversed(names[: names.index(layer)]))
    return [name for name in ended if any(item.ndim > 1 for item in whole.get_submodule(name).parameters())]


def _answers(model: Model, layer: str, asked: Sequence[str], size: Size) -> dict[str, frozenset[int]]:
    """Which channels become NaN with what each module returns."""

    def spoil(row: int, output: Tensor) -> Tensor:
        return output.index_fill(0, torch.tensor(row, device=output.device), torch.nan)

    instead = {name: partial(spoil, row) for row, name in enumerate(asked)}
    with torch.no_grad():
        value = _returned(model, _pictures(model, len(asked), size), layer, _whole(model, layer), instead=instead)
    spoilt = value.isnan().flatten(2).any(2)
    return {name: frozenset(row.nonzero().flatten().tolist()) for name, row in zip(asked, spoilt, strict=True)}
