"""Receptive fields: which pixels a position of a layer sees, for any network."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from weakref import WeakKeyDictionary

import torch
from torch import Tensor, nn

from reverie.image import Size
from reverie.models.copying import copied
from reverie.models.extents import Extents
from reverie.models.layers import Box, Layer
from reverie.models.model import Model
from reverie.models.probe import probe
from reverie.models.readiness import Variants
from reverie.models.trace import trace
from reverie.randomness import generator, uniform

SHARE = 0.1  # what a layer passes on: sums of residual blocks stay where no sigmoid is saturated


@dataclass(frozen=True)
class Fields:
    """What the positions of a layer see of pictures of the network's native size.

    Where the trace of the network's operators has followed them they are taken from there. Else the network's twin
    with positive random weights and average pooling is asked for the gradient of the position with respect to the
    picture: nothing cancels in it and no rectifier is shut, so that it is above 0 at every pixel that has a say. What
    mixes all positions (attention, squeeze and excitation, statistics of the picture) sees the whole picture.
    """

    model: Model
    layer: str

    @property
    def size(self) -> Size | None:
        """(height, width) of what a position sees; None where that is the whole picture."""
        layer = self.model.layer(self.layer)
        if layer.field is not None:
            return layer.field.size
        height, width = layer.size or (1, 1)
        rows, columns = self.box(height // 2, width // 2)
        return None if covers((rows, columns), self.model.size) else (rows[1] - rows[0], columns[1] - columns[0])

    def box(self, row: int, column: int) -> Box:
        """The rows and columns of pixels that a position sees, as far as they lie in the picture."""
        field = self.model.layer(self.layer).field
        return self._asked(row, column) if field is None else field.box(row, column)

    @cached_property
    def _twin(self) -> Model:
        module = positive(self.model.variants.plain)
        channels = self.model.channels
        return replace(
            self.model, variants=Variants(module, (), torch.float64), dtype=torch.float64, mean=(0.0,) * channels,
            std=(1.0,) * channels, pooling="average",
        )  # fmt: skip

    @cached_property
    def _picture(self) -> Tensor:
        shape = (self.model.channels, *self.model.size)
        return uniform(0.5, 1.5, shape, [generator(0, "field")]).double().to(self.model.device)

    def _asked(self, row: int, column: int) -> Box:
        picture = self._picture.clone().requires_grad_()
        with torch.enable_grad():
            value = probe(self._twin, picture, [self.layer], resizing=False)[self.layer][0, :, row, column]
            (gradient,) = torch.autograd.grad(value.sum(), picture)
        seen = (gradient[0] != 0).any(0)
        return _span(seen.any(1), self.model.size[0]), _span(seen.any(0), self.model.size[1])


def _span(seen: Tensor, side: int) -> tuple[int, int]:
    """First and one past the last place that is seen; all where none is: then nothing is known."""
    places = seen.nonzero().flatten().tolist()
    return (places[0], places[-1] + 1) if places else (0, side)


def positive(module: nn.Module) -> nn.Module:
    """A twin in float64 whose every weight is positive, so that each layer returns a share of a weighted mean."""
    twin = copied(module).double()
    with torch.no_grad():
        for name, weight in twin.named_parameters():
            if weight.ndim > 1 and weight[0].numel() > 1:
                drawn = uniform(0.5, 1.5, weight.shape, [generator(0, name)])[0]
                weight.copy_(SHARE * drawn / weight[0].numel())
            else:  # whatever its name, it may be a factor
                weight.fill_(0.0 if name.endswith("bias") else 1.0)
        for name, buffer in twin.named_buffers():
            if name.endswith("running_mean"):
                buffer.zero_()
            elif name.endswith("running_var"):
                buffer.fill_(1.0)
    return twin


_SIZES: "WeakKeyDictionary[Model, dict[Size, Mapping[str, Layer]]]" = WeakKeyDictionary()


def layers_at(model: Model, size: Size) -> Mapping[str, Layer]:
    """The layers of a network as they are on pictures of this size; without those that it does not come to."""
    if size == model.size or not model.sizewise:
        return model.layers
    sizes = _SIZES.setdefault(model, {})
    if size not in sizes:
        sizes[size] = _retraced(model, size)
    return sizes[size]


def _retraced(model: Model, size: Size) -> Mapping[str, Layer]:
    """The layers by a forward in which only shapes are computed."""
    module = model.variants.plain
    weights = {id(item): item.to("meta") for item in (*module.parameters(), *module.buffers())}
    image = torch.empty((1, model.channels, *size), device="meta").contiguous(memory_format=model.layout)
    # what lies past the point where it does not run on this size, or needs its numbers, is not known
    return trace(copied(module, weights), image, partly=True).layers


def rules(model: Model, layers: Sequence[str], size: Size) -> list[Extents] | None:
    """The rule of what each layer's positions see in pictures of this size; None where a layer has none."""
    there = layers_at(model, size)
    found = [there[layer].extents for layer in layers if layer in there]
    known = [extents for extents in found if extents is not None]
    return known if len(known) == len(layers) else None


def cut(model: Model, span: tuple[int, int], length: int, period: int) -> tuple[int, int]:
    """The first pixel and the one past the last of a crop in which the positions that see a span are what they were.

    Args:
        span: all that these positions see.
        length: of the picture's side.
        period: of the layers' rules.
    """
    last = span[1]
    if model.sizewise:  # what depends on the map's size goes by its remainder
        last = length - (length - last) // period * period
    return span[0] // period * period, last


def covers(box: Box, size: Size) -> bool:
    """Whether a box is the whole picture."""
    return box == ((0, size[0]), (0, size[1]))
