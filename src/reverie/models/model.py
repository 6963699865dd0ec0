"""Model: a ready network with its layers, classes, native size and its own normalisation."""

import contextlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import torch
from torch import Tensor, nn

from reverie.errors import InvalidSetting, UnknownName, nearest
from reverie.expression import misspelt
from reverie.image import Size, resize
from reverie.models.classes import class_number, first_name, numbers_named
from reverie.models.edits import Edit, Replacing, edits_here, plain, replacing, unedited
from reverie.models.feature_maps import Form, call_name, module_name
from reverie.models.hooks import Hooks, Keep
from reverie.models.layers import Layer
from reverie.models.main_line import LEAST, blocks
from reverie.models.names import BLOCKS
from reverie.models.output import Output
from reverie.models.pooling import AveragedPooling
from reverie.models.readiness import Variants
from reverie.unit import Unit, parse

CACHE = 20_000_000  # bytes: a batch whose largest map stays within it runs fastest per image on a CPU


@dataclass(frozen=True, eq=False)
class Model:
    """A ready network: eval, frozen, on its device; what it was made from is untouched.

    Attributes:
        name: as the user gave it.
        layers: what `reverie layers` lists, by dotted name; `logits` is the network's output on every network.
        classes: class names in the order of the logits, or none.
        size: native (height, width).
        channels: of its input: 3, or 1 for grey.
        mean, std: of its input, for values in [0,1].
        largest: numbers in the largest map per image at the native size.
        source: how to load it again, for the record.
        pooling: its own, or average in place of maxima.
        output: how its logits are read.
        notes: what to tell whoever loads it.
        alone: it takes one picture at a time.
        edits: what is always changed in what its layers return, as a record says; see `intervene`.
        sizewise: whether what positions see may depend on the picture's size, as where padding does; see `fields`.
    """

    name: str
    layers: Mapping[str, Layer]
    classes: tuple[str, ...]
    size: Size
    channels: int
    mean: tuple[float, ...]
    std: tuple[float, ...]
    device: torch.device
    dtype: torch.dtype
    largest: int
    variants: Variants
    source: Mapping[str, Any] = field(default_factory=dict)
    moments: Mapping[str, tuple[Tensor, Tensor]] = field(default_factory=dict)
    layout: torch.memory_format = torch.channels_last
    pooling: str = "own"
    output: Output = field(default_factory=Output)
    notes: tuple[str, ...] = ()
    alone: bool = False
    sizewise: bool = False
    edits: tuple[Edit, ...] = ()

    def __repr__(self) -> str:
        """Short: what it is called, takes and tells."""
        classes = f"{self.layers['logits'].channels} classes" if "logits" in self.layers else "no classes"
        taken = "x".join(map(str, (self.channels, *self.size)))
        return f"<Model {self.title}: {taken}, {classes}, {len(self.layers)} layers, on {self.device}>"

    @property
    def title(self) -> str:
        """Its name without the folder of a file: what pictures, pages and records show."""
        return str(self.source.get("name", self.name))

    @property
    def described(self) -> Mapping[str, Any]:
        """How to load it again and what is changed in it here and now, for a record."""
        edits = (*self.edits, *edits_here(self.variants))
        return {**self.source, "interventions": plain(edits)} if edits else self.source

    def normalised(self, image: Tensor) -> Tensor:
        """What the network takes, from an image in [0,1]."""
        shift, scale = self._normalisation
        return torch.addcmul(shift, image, scale).to(self.dtype).contiguous(memory_format=self.layout)

    @cached_property
    def _normalisation(self) -> tuple[Tensor, Tensor]:
        """What to add to an image, and by what to multiply it before: one pass over it, and one back."""
        mean, std = (torch.tensor(value, device=self.device).view(1, -1, 1, 1) for value in (self.mean, self.std))
        return -mean / std, 1 / std

    def returned(
        self,
        image: Tensor,
        layers: Collection[str],
        *,
        instead: Mapping[str, Replacing] | None = None,
        keep: Keep | None = None,
        module: nn.Module | None = None,
    ) -> dict[str, Tensor]:
        """What the layers' calls return for an image [N,C,H,W] in [0,1], by their names and as they return it.

        Args:
            instead, keep: as of `probe` and `Hooks`.
            module: the form of the network that runs; else the fastest one for these layers.

        Raises:
            UnknownName: a layer that did not run.
        """
        if not layers:
            return {}
        edits = (*self.edits, *edits_here(self.variants))
        changed = replacing(edits, self.form, (int(image.shape[-2]), int(image.shape[-1])), instead)
        module = module or self.variants.module({module_name(name) for name in {*layers, *changed}})
        calls, stop = {call_name(name) for name in layers} - {"logits"}, "logits" not in layers
        with AveragedPooling() if self.pooling == "average" else contextlib.nullcontext():
            values = Hooks(module, calls, changed, stop=stop, keep=keep).run(self.normalised(image))
        missing = {name for name in layers if call_name(name) not in values}
        if missing:
            raise UnknownName(
                f"{self.name} did not run '{min(missing)}' for this picture; list its layers with 'reverie layers'"
            )
        return values

    def probabilities(self, logits: Tensor) -> Tensor:
        """[N,C] of the classes, from logits [N,C,...]: over positions the mean; of a raw output what it is."""
        return self.output.shares(logits)

    def shown(self, image: Tensor, layers: Iterable[str]) -> Tensor:
        """The image as the network can take it up to these layers: itself, or brought to the only size it takes."""
        return image if image.shape[-2:] == self.size or not self.takes_one_size(layers) else resize(image, self.size)

    def takes_one_size(self, layers: Iterable[str]) -> bool:
        """Whether the network, up to these layers, takes its native size only: most transformers; a flattening head."""
        asked, other = frozenset(layers), (self.size[0] + 64, self.size[1] + 64)
        if asked not in self._sized:
            self._sized[asked] = not self._runs(other, asked)
        return self._sized[asked]

    @cached_property
    def _sized(self) -> dict[frozenset[str], bool]:
        return {frozenset(): False}

    @cached_property
    def blocks(self) -> tuple[str, ...]:
        """Layers with a grid, one for each block that an image runs through: those that a person would name."""
        blank = torch.zeros(1, self.channels, *self.size, device=self.device)
        return blocks(self.variants.plain, blank.contiguous(memory_format=self.layout), self.layers)

    @cached_property
    def main(self) -> tuple[str, ...]:
        """The blocks and the logits; all layers of a network of fewer blocks than LEAST."""
        return tuple(self.layers) if len(self.blocks) < LEAST else (*self.blocks, "logits")

    def layer(self, name: str) -> Layer:
        """The layer of this name.

        Raises:
            UnknownName: no such layer, or a call of a repeated module that is not said.
        """
        if name in self.layers:
            return self.layers[name]
        calls = [key for key in self.layers if module_name(key) == name]
        if calls:
            raise UnknownName(f"'{name}' runs {len(calls)} times in {self.name}; name a call: {', '.join(calls)}")
        if numbers_named(self.classes, name):
            raise UnknownName(f"{self.name} has no layer '{name}'; the class is {Unit('logits', (name.strip(),))}")
        block = name.partition(".")[0]
        if block in BLOCKS["bundled"] and block not in self.layers:
            raise UnknownName(
                f"{self.name} has no layer '{name}', but the bundled network has '{block}': take it with "
                f"'--model bundled', or list the layers of this one with 'reverie layers {self.name}'"
            )
        near = f"nearest: {nearest(name, self.layers)}; list them with 'reverie layers {self.name}'"
        raise UnknownName(f"{self.name} has no layer '{name}'; {misspelt(name) or near}")

    def form(self, name: str) -> Form:
        """How to read what a layer returns; of a module's calls that are not told apart the first one's."""
        return self.layers[name if name in self.layers else f"{name}~1"].form

    def units(self, units: "str | Unit | Sequence[str | Unit]", *, rows: int | None = None) -> tuple[Unit, ...]:
        """Units checked against this network, class names turned into channels.

        Args:
            rows: of a dictionary of directions that the numbers of the channels stand for; else they are channels.

        Raises:
            UnknownName: no such layer, channel or class.
        """
        several = list(units) if isinstance(units, Iterable) and not isinstance(units, str) else [units]
        parsed = [unit for item in several for unit in ([item] if isinstance(item, Unit) else parse(item))]
        if not parsed:
            raise InvalidSetting("no unit is named; name at least one, such as 'block8:12'")
        return tuple(self._checked(unit) if rows is None else self._of_dictionary(unit, rows) for unit in parsed)

    def _of_dictionary(self, unit: Unit, rows: int) -> Unit:
        """The unit, its numbers rows of a dictionary; without any it means the only row."""
        self._checked(replace(unit, channels=()))
        named = unit.channels or ((0,) if rows == 1 else ())
        wrong = [item for item in named if isinstance(item, str) or item >= rows]
        if wrong or not named:
            what = f"'{unit}' names row {wrong[0]}" if wrong else f"'{unit}' names no row"
            raise UnknownName(f"{what}; the dictionary has {rows}, write '{unit.layer}:0' to '{unit.layer}:{rows - 1}'")
        return replace(unit, channels=named)

    def _checked(self, unit: Unit) -> Unit:
        layer = self.layer(unit.layer)
        channels = tuple(self._class(unit, item) if isinstance(item, str) else item for item in unit.channels)
        wrong = [item for item in channels if not 0 <= item < layer.channels]
        if wrong:
            raise UnknownName(
                f"'{unit.layer}' of {self.name} has {layer.channels} channels, 0 to {layer.channels - 1}; "
                f"{wrong[0]} is out of range, nearest: '{unit.layer}:{layer.channels - 1 if wrong[0] > 0 else 0}'"
            )
        if unit.positional and layer.size is None:
            raise UnknownName(f"'{unit.layer}' of {self.name} has no rows and columns; leave out what follows '@'")
        return replace(unit, channels=channels)

    def _class(self, unit: Unit, name: str) -> int:
        if self.classes and self.layers["logits"].channels == self.layer(unit.layer).channels:
            return class_number(self.classes, name, unit.layer, self.name)
        why = (
            f"'{unit.layer}' has other channels than classes; class names go with 'logits'"
            if self.classes
            else f"{self.name} has no class names; give them with --classes FILE (classes= in Python), one a line"
        )
        raise UnknownName(f"'{name}' in '{unit}' is no channel number, and {why}")

    def class_name(self, index: int) -> str:
        """A class's first name, else its number."""
        return first_name(self.classes[index]) if index < len(self.classes) else f"class {index}"

    def named_class(self, unit: Unit) -> str | None:
        """The name of the class that a unit is; None where it is none, or has no name."""
        alone = unit.layer == "logits" and len(unit.channels) == 1 and int(unit.channels[0]) < len(self.classes)
        return self.class_name(int(unit.channels[0])) if alone else None

    def label(self, unit: Unit) -> str:
        """What to write under a unit's picture: the class's name where it is one."""
        name = self.named_class(unit)
        return str(unit) if name is None else f"{name} ({unit})"

    def _runs(self, size: Size, layers: Iterable[str]) -> bool:
        blank = torch.full((1, self.channels, *size), 0.5, device=self.device)
        try:
            with torch.no_grad(), unedited():
                return all(value.numel() > 0 for value in self.returned(blank, [*layers]).values())
        except (RuntimeError, ValueError, AssertionError, IndexError):
            return False

    def smallest_side(self, layers: Collection[str]) -> int:
        """The smallest side of a square on which the network runs up to these layers, at most the native one."""
        if self.takes_one_size(layers):
            return 1  # every picture is resized for it
        low, high = 0, min(self.size)  # fails at low, runs at high
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if self._runs((middle, middle), layers) else (middle, high)
        return high

    def together(self, size: Size) -> int:
        """How many pictures of this size to run at once: the largest map stays within the cache; of a GPU, far more."""
        if self.alone:
            return 1
        width = 2 if self.dtype.itemsize == 2 else 4
        bytes_each = self.largest * width * size[0] * size[1] / (self.size[0] * self.size[1])
        room = CACHE if self.device.type == "cpu" else 16 * CACHE
        return max(1, min(int(room / max(1, bytes_each)), 32 // width if self.device.type == "cpu" else 32))

    def grid(self, layer: str, size: Size) -> Size:
        """(height, width) of a layer's output on a picture of this size."""
        blank = self.shown(torch.full((1, self.channels, *size), 0.5, device=self.device), [layer])
        with torch.no_grad(), unedited():
            value = self.returned(blank, [layer])[call_name(layer)]
        height, width = self.form(layer).grid(value, (int(blank.shape[-2]), int(blank.shape[-1]))).shape[-2:]
        return height, width
