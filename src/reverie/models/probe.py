"""The probe: what a network's layers return for an image, without a trace left on the network."""

import contextlib
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from reverie.errors import UnknownName
from reverie.models.edits import Replacing, edits_here, replacing, within
from reverie.models.grids import call_name, module_name
from reverie.models.pooling import AveragedPooling
from reverie.models.trace import first_tensor

if TYPE_CHECKING:
    from reverie.models.model import Model


View = Callable[[Tensor], Tensor]  # what a network sees of an image [N,C,H,W], such as a step's shifts and zooms


def _itself(image: Tensor) -> Tensor:
    return image


@dataclass(frozen=True)
class Activations:
    """What the tapped layers returned.

    Attributes:
        values: by the layer's name, each [N,C,H,W].
        picture: what priors look at.
        places: of a tile, which rows and columns of each layer's whole grid the values are.
        image: what the network saw, where that is not the picture itself.
        view: how the network saw it, for other pictures [N,C,H,W] that are to be seen so too.
    """

    values: Mapping[str, Tensor]
    picture: Tensor
    places: Mapping[str, tuple[slice, slice]] = field(default_factory=dict)
    image: Tensor | None = None
    view: View = _itself

    def __getitem__(self, layer: str) -> Tensor:
        return self.values[layer]

    @property
    def seen(self) -> Tensor:
        """What the network saw, which other networks may be shown too."""
        return self.picture if self.image is None else self.image

    def part(self, layer: str, whole: Tensor) -> Tensor:
        """Of a map [...,H,W] over the layer's whole grid the part in which these values lie."""
        return whole[(..., *self.places[layer])] if layer in self.places else whole

    def rows(self) -> "list[Activations]":
        """Those of each image of the batch."""
        return self.split([1] * len(self.picture))

    def split(self, counts: Sequence[int]) -> "list[Activations]":
        """Those of so many images each, in order."""
        # one split, whose gradient is one concatenation: slices would fill a whole batch of zeros each
        values = {layer: value.split(list(counts)) for layer, value in self.values.items()}
        pictures, images = self.picture.split(list(counts)), self.seen.split(list(counts))
        firsts = [sum(counts[:part]) for part in range(len(counts))]
        return [
            Activations(
                {layer: value[part] for layer, value in values.items()},
                pictures[part],
                self.places,
                images[part],
                _of_rows(self.view, len(self.picture), range(firsts[part], firsts[part] + counts[part])),
            )
            for part in range(len(counts))
        ]


def _of_rows(view: View, count: int, rows: range) -> View:
    """Some of the rows of a view of so many."""
    if view is _itself or len(rows) == count:
        return view

    def seen(image: Tensor) -> Tensor:
        whole = image[:1].expand(count, -1, -1, -1).clone()
        whole[rows.start : rows.stop] = image
        return view(whole)[rows.start : rows.stop]

    return seen


class _Reached(BaseException):
    """Ends a forward whose taps have all been seen; no network's `except Exception` may swallow it."""


def probe(
    model: "Model",
    image: Tensor,
    layers: Iterable[str],
    *,
    view: View = _itself,
    resizing: bool = True,
    instead: Mapping[str, Callable[[Tensor], Tensor]] | None = None,
) -> Activations:
    """What the layers return for an image [N,C,H,W] in [0,1].

    Hooks exist only while the forward runs and hear only the calling thread; the forward ends as soon as every tapped
    call has been seen. Values are the network's own: later in-place operations do not reach them. Tokens [N,T,C] get
    the grid of their patches; what stands apart from it is a layer of its own, such as `blocks.3@class`.

    Args:
        view: what the network sees of the image; priors look at the image itself.
        resizing: bring the image to the network's only size where it has one.
        instead: what the network goes on with in place of what a layer returns; a function of the latter.

    Raises:
        UnknownName: a layer that did not run.
    """
    wanted = set(layers)
    picture, image = image, view(image)
    shown = model.shown(image, wanted) if resizing else image
    size = int(shown.shape[-2]), int(shown.shape[-1])
    changed = _changed(model, size, instead or {})
    module = model.variants.module({module_name(name) for name in wanted | set(changed)})
    calls = {call_name(name) for name in wanted} - {"logits"}
    values = _joined([
        _heard(model, rows, wanted, _Taps(module, calls, changed, stop="logits" not in wanted))
        for rows in (shown.split(1) if model.alone and len(shown) > 1 else [shown])
    ])  # fmt: skip
    maps = {name: model.form(name).grid(values[call_name(name)], size).float() for name in wanted}
    return Activations(maps, picture, image=image, view=view)


def _changed(model: "Model", size: tuple[int, int], instead: Mapping[str, Replacing]) -> dict[str, Replacing]:
    """By the name of a call what the network goes on with: first what is asked here, then the edits that hold."""
    edits = replacing((*model.edits, *edits_here(model.variants)), model.form, size)
    changed = {call_name(name): function for name, function in instead.items()}
    both = {name: _after(changed[name], edit) for name, edit in edits.items() if name in changed}
    return {**changed, **edits, **both}


def _after(first: Replacing, then: Replacing) -> Replacing:
    return lambda output: then(first(output))


def _joined(parts: Sequence[Mapping[str, Tensor]]) -> Mapping[str, Tensor]:
    """The values of several forwards as one batch."""
    return parts[0] if len(parts) == 1 else {name: torch.cat([part[name] for part in parts]) for name in parts[0]}


def listen(model: "Model", image: Tensor, layers: Iterable[str], hear: Callable[[str, Tensor], None]) -> None:
    """Tells a function what each layer returns for an image [N,C,H,W] in [0,1], as soon as it is there.

    As `probe`, but nothing is copied or kept, so that a layer is read while it lies in the processor's cache.

    Args:
        hear: takes a layer's name and map [N,C,H,W], the network's own: later operations may overwrite it.

    Raises:
        UnknownName: a layer that did not run.
    """
    wanted = set(layers)
    if model.alone and len(image) > 1:
        for name, value in probe(model, image, wanted).values.items():
            hear(name, value)
        return
    image = model.shown(image, wanted)
    size = int(image.shape[-2]), int(image.shape[-1])
    names: dict[str, list[str]] = {}
    for name in sorted(wanted):
        names.setdefault(call_name(name), []).append(name)

    def tell(call: str, value: Tensor) -> Tensor:
        for name in names[call]:
            hear(name, model.form(name).grid(value, size).float())
        return value.new_empty(0)

    changed = _changed(model, size, {})
    module = model.variants.module({module_name(name) for name in wanted | set(changed)})
    stop, calls = "logits" not in wanted, set(names) - {"logits"}
    _heard(model, image, wanted, _Taps(module, calls, changed, stop=stop, keep=tell))


def _heard(model: "Model", image: Tensor, wanted: set[str], taps: "_Taps") -> dict[str, Tensor]:
    """What the taps keep of one forward, by the name of the call."""
    with AveragedPooling() if model.pooling == "average" else contextlib.nullcontext():
        values = taps.run(model.normalised(image)) if wanted else {}
    missing = {name for name in wanted if call_name(name) not in values}
    if missing:
        raise UnknownName(
            f"{model.name} did not run '{min(missing)}' for this picture; list its layers with 'reverie layers'"
        )
    return values


class _Taps:
    """Hooks for one forward; `keep` says what to remember of a call's value in place of a copy."""

    def __init__(
        self,
        module: nn.Module,
        wanted: set[str],
        instead: Mapping[str, Callable[[Tensor], Tensor]],
        *,
        stop: bool,
        keep: Callable[[str, Tensor], Tensor] | None = None,
    ) -> None:
        self.module, self.wanted, self.instead, self.stop, self.keep = module, wanted, instead, stop, keep
        self.thread = threading.get_ident()
        self.calls: Counter[str] = Counter()
        self.values: dict[str, Tensor] = {}

    def run(self, image: Tensor) -> dict[str, Tensor]:
        """The forward, between hanging the hooks and taking them off."""
        names = {name.split("~")[0] for name in self.wanted | (set(self.instead) - {"logits"})}
        handles = [self.module.get_submodule(name).register_forward_hook(self._hook(name)) for name in names]
        try:
            output = first_tensor(self.module(image))
            if not self.stop and output is not None:
                output = self.instead["logits"](output) if "logits" in self.instead else output
                self.values["logits"] = output if self.keep is None else self.keep("logits", output)
        except _Reached:
            pass
        finally:
            for handle in handles:
                handle.remove()
        return self.values

    def _hook(self, name: str) -> Any:
        def hook(_: nn.Module, __: Any, output: Any) -> Any:
            if threading.get_ident() != self.thread:
                return None
            self.calls[name] += 1
            numbered = f"{name}~{self.calls[name]}"
            key = numbered if numbered in self.wanted or numbered in self.instead else name
            if key in self.instead:
                output = within(output, self.instead[key])
            value = first_tensor(output)
            if key not in self.wanted or key in self.values or value is None:
                return output
            last = self.stop and len(self.values) + 1 == len(self.wanted)
            if self.keep is not None:
                self.values[key] = self.keep(key, value)
            else:  # a later in-place operation would overwrite what is read here, unless nothing runs later
                self.values[key] = value if last else value.clone()
            if last:
                raise _Reached
            return output

        return hook
