"""Feeding: which of some layers read which, without another one of them in between."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from reverie.models.grids import module_name
from reverie.models.model import Model
from reverie.models.trace import first_tensor


def readers(model: Model, layers: Sequence[str]) -> Mapping[str, str]:
    """By layer the names of those that read it next, as JSON; null where the network's graph does not tell.

    Autograd notes what every tensor was made of. From where a layer's output was made, the notes are followed back
    to where the others' were. A layer that nothing is followed back to, not even the network's output, is not told.
    """
    try:
        made, end = _made(model, layers)
    except (RuntimeError, ValueError, TypeError):  # of a module that cannot be differentiated
        made, end = {}, None
    fed: dict[str, list[str]] = {name: [] for name in made}
    for name, node in made.items():
        for source in _sources(node, {other: key for key, other in made.items() if key != name}):
            fed[source].append(name)
    ends = set() if end is None else _sources(end, {node: name for name, node in made.items()})
    told = {name for name in made if fed[name] or name in ends or made[name] is end}
    return {name: json.dumps(sorted(fed[name], key=list(layers).index) if name in told else None) for name in layers}


def _made(model: Model, layers: Sequence[str]) -> tuple[Mapping[str, Any], Any]:
    """Where in the graph the output of each layer's module was made, of those that run once; and the network's own."""
    modules = dict(model.variants.plain.named_modules())
    found: dict[str, Any] = {}
    handles = []

    def noted(name: str) -> Any:
        def hook(_: nn.Module, __: Any, output: Any) -> None:
            tensor = first_tensor(output)
            if isinstance(tensor, Tensor) and tensor.grad_fn is not None:
                found[name] = tensor.grad_fn

        return hook

    for name in layers:
        if module_name(name) == name and name in modules:
            handles.append(modules[name].register_forward_hook(noted(name)))
    try:
        blank = torch.full((1, model.channels, *model.size), 0.5, device=model.device).requires_grad_()
        with torch.enable_grad():
            output = first_tensor(model.variants.plain(blank.clone(memory_format=model.layout)))
    finally:
        for handle in handles:
            handle.remove()
    end = output.grad_fn if isinstance(output, Tensor) else None
    if "logits" in layers and end is not None:
        found.setdefault("logits", end)
    return found, end


def _sources(node: Any, known: Mapping[Any, str]) -> set[str]:
    """The nearest known nodes from which a node was made."""
    seen, waiting, found = {node}, [node], set()
    while waiting:
        for before, _ in waiting.pop().next_functions:
            if before is None or before in seen:
                continue
            seen.add(before)
            if before in known:
                found.add(known[before])
            else:
                waiting.append(before)
    return found
