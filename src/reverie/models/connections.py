"""Connectivity: which channels feed which, with the effective weights between them."""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import torch
from torch import Tensor

from reverie.errors import InvalidSetting
from reverie.models.channel_tracking import Junction, Weights
from reverie.models.feature_maps import call_name
from reverie.models.provenance import Provenance
from reverie.unit import Unit, channel_of

IMAGE = "image"  # the layer that the picture's own channels are said to be of


@dataclass(frozen=True, eq=False)
class Bundle:
    """The kernels through which one channel is fed.

    Attributes:
        through: the module whose weights they are; `sum` where a channel is added as it is.
        sources: the unit that each kernel reads, by its listed layer; `image:0` is the picture's first channel; None
            where what is read cannot be told.
        kernels: [I,h,w] effective weights: what one more of a source, at that place, adds to the unit before its
            nonlinearity. A batch norm's factor and the network's own normalisation of the picture are in it; pooling
            in between counts as if it passed the value on.
    """

    through: str
    sources: tuple[Unit | None, ...]
    kernels: Tensor

    @property
    def of_image(self) -> bool:
        """Whether it reads the picture itself."""
        return bool(self.sources) and all(source and source.layer == IMAGE for source in self.sources)


@dataclass(frozen=True, eq=False)
class Connection:
    """A kernel [h,w] from a source to a target; see Bundle."""

    source: Unit | None
    target: Unit | None
    kernel: Tensor
    through: str
    input: int = 0

    @property
    def strength(self) -> float:
        """Its length (L2)."""
        return float(self.kernel.norm())

    @property
    def sign(self) -> int:
        """1 where it mostly excites, -1 where it mostly inhibits."""
        return 1 if float(self.kernel.sum()) >= 0 else -1


def strongest_first(found: Sequence[Connection]) -> list[Connection]:
    """Connections by the length of their kernels, of thousands of which it is taken at once."""
    lengths = torch.zeros(len(found))
    for shape in {item.kernel.shape for item in found}:
        rows = [row for row, item in enumerate(found) if item.kernel.shape == shape]
        lengths[rows] = torch.stack([found[row].kernel for row in rows]).flatten(1).norm(dim=1).cpu()
    return [found[row] for row in lengths.argsort(descending=True, stable=True).tolist()]


@dataclass(frozen=True, eq=False)
class Connectivity:
    """How the layers of a network feed each other; see `connectivity`.

    Attributes:
        model: the network's name.
        image: channels of the picture, which are numbered 1 to `image`.
        makers: weights and junctions; the numbers of their channels rise.
        layers: by listed layer, what each of its channels is.
        labels: (first number, layer) of the labels, rising.
        known: by a channel's number the label and the factor under which it is first read.
        usual: by listed layer under which name its tensor is known; mostly its own.
    """

    model: str
    image: int
    makers: Sequence[Weights | Junction]
    layers: Mapping[str, Provenance]
    labels: Sequence[tuple[int, str]]
    known: Mapping[int, tuple[int, float]]
    usual: Mapping[str, str]

    def bundles(self, unit: Unit) -> tuple[Bundle, ...]:
        """The kernels that feed a channel; several where it is a sum.

        Raises:
            InvalidSetting: not one channel, or one that no weights make.
        """
        at, provenance = self._row(unit)
        found = tuple(self._of(provenance, at, unit))
        if not found:
            raise InvalidSetting(self._reason(unit, int(provenance.maker[at])))
        return found

    def incoming(self, unit: Unit) -> list[Connection]:
        """All connections to a channel, the strongest first.

        Raises:
            InvalidSetting: as `bundles`.
        """
        found = [
            Connection(source, unit, kernel, bundle.through, number)
            for bundle in self.bundles(unit)
            for number, (source, kernel) in enumerate(zip(bundle.sources, bundle.kernels, strict=True))
        ]
        return strongest_first(found)

    def outgoing(self, unit: Unit) -> list[Connection]:
        """All connections from a channel to those that read it next, the strongest first; none where nothing does.

        Raises:
            InvalidSetting: not one channel, or one that cannot be followed.
        """
        at, provenance = self._row(unit)
        number = int(provenance.maker[at])
        if number < 1:
            raise InvalidSetting(self._reason(unit, number))
        found: list[Connection] = []
        for maker in self.makers:
            found += self._read_by(maker, number)
        return strongest_first(found)

    def _read_by(self, maker: Weights | Junction, number: int) -> list[Connection]:
        if isinstance(maker, Junction):
            return [
                self._added(maker, term, row)
                for term in maker.terms
                for row in (term.maker == number).nonzero().flatten().tolist()
            ]
        found = []
        each = maker.channels // maker.groups
        for place in (maker.inputs.maker == number).nonzero().flatten().tolist():
            group, inner = divmod(place, maker.kernels.shape[1])
            source, gain = self._unit(int(maker.inputs.label[place])), maker.inputs.gain[place]
            for out in range(group * each, (group + 1) * each):
                target, scale = self._target(maker.first + out)
                found.append(Connection(source, target, maker.kernels[out, inner] * gain * scale, maker.layer, place))
        return found

    def _added(self, maker: Junction, term: Provenance, row: int) -> Connection:
        target = self._target(maker.first + row)[0]
        return Connection(self._unit(int(term.label[row])), target, term.gain[row].view(1, 1), "sum")

    def _row(self, unit: Unit) -> tuple[int, Provenance]:
        channel = channel_of(unit)
        name = call_name(unit.layer) if call_name(unit.layer) in self.layers else unit.layer
        if name not in self.layers:
            raise InvalidSetting(f"what feeds '{unit.layer}' of {self.model} cannot be told; name a layer inside it")
        return channel, self.layers[name]

    def _reason(self, unit: Unit, number: int) -> str:
        if 1 <= number <= self.image:
            return f"'{unit}' is the picture itself, which no weights feed; name a later layer"
        maker = self._maker(number) if number >= 1 else None
        if isinstance(maker, Junction):
            return f"'{unit}' is made by {maker.what}, which has no weights for each channel; name a layer before it"
        return f"what feeds '{unit}' of {self.model} cannot be told apart; name a layer inside '{unit.layer}'"

    def _maker(self, number: int) -> Weights | Junction:
        return self.makers[bisect_right(self._maker_starts, number) - 1]

    def _of(self, provenance: Provenance, at: int, unit: Unit) -> list[Bundle]:
        """What a channel is made of: its weights, or of a sum each term's."""
        number, scale = int(provenance.maker[at]), float(provenance.scale[at])
        if number <= self.image:
            return []
        maker = self._maker(number)
        if isinstance(maker, Weights):
            return [self._kernels(maker, number - maker.first, scale)]
        return [bundle for term in maker.terms for bundle in self._term(term, number - maker.first, scale, unit)]

    def _term(self, term: Provenance, row: int, scale: float, unit: Unit) -> list[Bundle]:
        maker = self._maker(int(term.maker[row])) if int(term.maker[row]) > self.image else None
        label = self._unit(int(term.label[row]))
        if not bool(term.bent[row]) and (isinstance(maker, Weights) or (maker is not None and label is None)):
            inner = self._of(term, row, unit)
            return [replace(bundle, kernels=bundle.kernels * scale) for bundle in inner]
        return [Bundle("sum", (label,), term.gain[row].view(1, 1, 1) * scale)]

    def _kernels(self, maker: Weights, out: int, scale: float) -> Bundle:
        width = maker.kernels.shape[1]
        first = out // (maker.channels // maker.groups) * width
        part = maker.inputs.moved(lambda item: item[first : first + width])
        kernels = maker.kernels[out] * scale * part.gain.view(-1, 1, 1)
        return Bundle(maker.layer, self.units(part), kernels)

    def units(self, provenance: Provenance) -> tuple[Unit | None, ...]:
        """The unit that each channel is known as where it is read; None where that cannot be told."""
        return tuple(map(self._source, provenance.maker.tolist(), provenance.label.tolist()))

    def _source(self, number: int, label: int) -> Unit | None:
        if 1 <= number <= self.image and label == 0:
            return Unit(IMAGE, (number - 1,))
        return self._unit(label)

    def _target(self, number: int) -> tuple[Unit | None, float]:
        label, scale = self.known.get(number, (0, 1.0))
        return self._unit(label), scale

    def _unit(self, label: int) -> Unit | None:
        if label == 0:
            return None
        first, layer = self.labels[bisect_right(self._label_starts, label) - 1]
        return Unit(layer, (label - first,))

    @cached_property
    def _label_starts(self) -> list[int]:
        return [first for first, _ in self.labels]

    @cached_property
    def _maker_starts(self) -> list[int]:
        return [maker.first for maker in self.makers]
