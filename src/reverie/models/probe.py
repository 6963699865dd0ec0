"""The probe: what a network's layers return for an image, without a trace left on the network."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from reverie.models.edits import Replacing
from reverie.models.feature_maps import call_name
from reverie.models.model import Model
from reverie.models.pruning import pruned
from reverie.settings.calling import names_checked

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
        """The part of a map [...,H,W] over the layer's whole grid in which these values lie."""
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


@names_checked
def probe(
    model: Model,
    image: Tensor,
    layers: Iterable[str],
    *,
    view: View = _itself,
    resizing: bool = True,
    instead: Mapping[str, Replacing] | None = None,
    channels: Collection[int] = (),
) -> Activations:
    """What the layers return for an image [N,C,H,W] in [0,1].

    Hooks exist only while the forward runs and hear only the calling thread; the forward ends as soon as every tapped
    call has been seen. Values are the network's own: later in-place operations do not reach them. Tokens [N,T,C] get
    the grid of their patches; what stands apart from it is a layer of its own, such as `blocks.3@class`.

    Args:
        view: what the network sees of the image; priors look at the image itself.
        resizing: bring the image to the network's only size where it has one.
        instead: what the network goes on with in place of what a layer returns; a function of the latter.
        channels: of the only layer, those that are read: the others are zeros where that spares work.

    Raises:
        UnknownName: a layer that did not run.
    """
    wanted = set(layers)
    picture, image = image, view(image)
    shown = model.shown(image, wanted) if resizing else image
    size = int(shown.shape[-2]), int(shown.shape[-1])
    parts = shown.split(1) if model.alone and len(shown) > 1 else [shown]
    one = len(wanted) == 1 and not instead
    module = pruned(model, min(wanted), channels, size) if channels and one else None
    values = _joined([model.returned(rows, wanted, instead=instead, module=module) for rows in parts])
    maps = {name: model.form(name).grid(values[call_name(name)], size).float() for name in wanted}
    return Activations(maps, picture, image=image, view=view)


def _joined(parts: Sequence[Mapping[str, Tensor]]) -> Mapping[str, Tensor]:
    """The values of several forwards as one batch."""
    return parts[0] if len(parts) == 1 else {name: torch.cat([part[name] for part in parts]) for name in parts[0]}


def listen(model: Model, image: Tensor, layers: Iterable[str], hear: Callable[[str, Tensor], None]) -> None:
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

    model.returned(image, wanted, keep=tell)
