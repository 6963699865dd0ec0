"""Feeding: which of some layers read which, without another one of them in between."""

import json
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from reverie.models.feature_maps import module_name
from reverie.models.main_line import usual_name
from reverie.models.model import Model
from reverie.models.trace import first_tensor


def readers(model: Model, layers: Sequence[str]) -> Mapping[str, str]:
    """The names of the layers that read each layer next, as JSON; null where the network's graph does not tell.

    Autograd notes what every tensor was made of. From where a layer's output was made, the notes are followed back
    to where the others' were. A layer that nothing is followed back to, not even the network's output, is not told.
    Layers that return one tensor are read alike, and read under one name.
    """
    try:
        made, end = _made(model, layers)
    except (RuntimeError, ValueError, TypeError):  # of a module that cannot be differentiated
        made, end = {}, None
    names: dict[Any, list[str]] = {}
    for name, node in made.items():
        names.setdefault(node, []).append(name)
    fed: dict[Any, list[str]] = {node: [] for node in names}
    for node, several in names.items():
        for source in _sources(node, names):
            fed[source].append(usual_name(several, (*model.blocks, "logits")))
    ends = set() if end is None else {end, *_sources(end, names)}
    told = {name for name, node in made.items() if fed[node] or node in ends}
    order = list(layers).index
    return {name: json.dumps(sorted(fed[made[name]], key=order) if name in told else None) for name in layers}


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


def _sources(node: Any, known: Collection[Any]) -> set[Any]:
    """The nearest known nodes from which a node was made."""
    seen, waiting, found = {node}, [node], set[Any]()
    while waiting:
        for before, _ in waiting.pop().next_functions:
            if before is None or before in seen:
                continue
            seen.add(before)
            if before in known:
                found.add(before)
            else:
                waiting.append(before)
    return found
