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
    to where the others' were.
    """
    made = _made(model, layers)
    fed: dict[str, list[str]] = {name: [] for name in made}
    for name, node in made.items():
        for source in _sources(node, {other: key for key, other in made.items() if key != name}):
            fed[source].append(name)
    return {name: json.dumps(sorted(fed[name], key=list(layers).index) if name in made else None) for name in layers}


def _made(model: Model, layers: Sequence[str]) -> Mapping[str, Any]:
    """Where in the graph the output of each layer's module was made, of those that run once."""
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
            output = first_tensor(model.variants.plain(blank.contiguous(memory_format=model.layout)))
    finally:
        for handle in handles:
            handle.remove()
    if "logits" in layers and isinstance(output, Tensor) and output.grad_fn is not None:
        found.setdefault("logits", output.grad_fn)
    return found


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
