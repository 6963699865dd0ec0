"""The main line: one layer for each block that an image runs through, those that a person would name.

A network is opened into what runs directly in it, and so on: a stage into its blocks, never a block into its parts. A
stage is a sequence of blocks, or has two of one kind of which the second reads what the first returns. Blocks have two
layers with weights or more.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from reverie.models.layers import Layer
from reverie.models.trace import first_tensor

LEAST = 4  # a network of fewer blocks is listed whole


@dataclass
class _Part:
    """A module that ran, with what ran directly in it, in the order in which it ended."""

    name: str
    module: nn.Module | None = None
    read: Tensor | None = None
    returned: Tensor | None = None
    parts: "list[_Part]" = field(default_factory=list)

    @property
    def weighted(self) -> int:
        """How many layers with weights it holds."""
        own = getattr(self.module, "weight", None)
        return int(isinstance(own, Tensor) and own.ndim > 1) + sum(part.weighted for part in self.parts)

    @property
    def block(self) -> bool:
        """Whether it has two layers with weights or more."""
        return self.weighted > 1

    @property
    def stage(self) -> bool:
        """Whether it is to be opened into its blocks."""
        blocks = [part for part in self.parts if part.block]
        alike = len({type(part.module) for part in blocks}) < len(blocks)
        if isinstance(self.module, nn.Sequential) and (alike or len(blocks) == len(self.parts) > 0):
            return True
        chained = alike and any(_follows(after, before) for after in blocks for before in blocks)
        return chained or any(part.stage for part in blocks)

    def line(self) -> "list[_Part]":
        """The blocks, and what stands between them and has weights."""
        shown = [part for part in self.parts if part.weighted]
        return [inner for part in shown for inner in (part.line() if part.stage else [part])]


def _follows(after: _Part, before: _Part) -> bool:
    return type(after.module) is type(before.module) and after.read is not None and after.read is before.returned


def blocks(module: nn.Module, image: Tensor, layers: Mapping[str, Layer]) -> tuple[str, ...]:
    """Names of the listed layers on the main line that have a grid, in their order.

    Args:
        image: one that the module takes, [1,C,H,W].
    """
    whole = _Part("")
    inside = [whole]

    def before(name: str) -> Any:
        def hook(part: nn.Module, args: Any) -> None:
            inside.append(_Part(name, part, first_tensor(args)))

        return hook

    def after(_: nn.Module, __: Any, output: Any) -> None:
        done = inside.pop()
        done.returned = first_tensor(output)
        inside[-1].parts.append(done)

    handles = []
    try:
        for name, part in module.named_modules():
            if name:
                handles += [part.register_forward_pre_hook(before(name)), part.register_forward_hook(after)]
        with torch.no_grad():
            output = first_tensor(module(image))
    finally:
        for handle in handles:
            handle.remove()
    named = [part.name for part in whole.line() if part.returned is not output]
    return tuple(_listed(named, layers))


def usual_name(names: Sequence[str], line: Collection[str]) -> str:
    """The one of a tensor's names that is on a main line, the inner modules' first; else the outermost."""
    return next((name for name in reversed(names) if name in line), names[-1])


def _listed(named: Sequence[str], layers: Mapping[str, Layer]) -> list[str]:
    """Those of the parts that are layers with a grid; each call of a module that runs several times."""
    found = []
    for name in dict.fromkeys(named):
        calls = [name] if name in layers else [key for key in layers if key.startswith(f"{name}~") and "@" not in key]
        found += [key for key in calls if layers[key].placed]
    order = {name: place for place, name in enumerate(layers)}
    return sorted(found, key=order.__getitem__)
