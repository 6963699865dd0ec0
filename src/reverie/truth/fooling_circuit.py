"""Fooling circuits: a unit of a copy that answers to photos as before, and whose pictures show another unit's.

Source: Geirhos et al. 2024, "Don't trust your eyes: on the (un)reliability of feature visualizations", whose circuit
has six units too; differs: what tells pictures from photos is fitted to means over positions of the layer itself.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from reverie.errors import InvalidSetting
from reverie.models.copying import copied
from reverie.models.making import Found, make_model
from reverie.models.model import Model
from reverie.models.probe import probe
from reverie.randomness import undisturbed
from reverie.unit import Unit

OVER = 4.0  # times the largest activation seen: what shuts a gate


class FoolingCircuit(nn.Module):
    """A layer of which one channel shows another's pictures: six units of rectifiers and sums.

    Args:
        layer: the original one.
        unit: the channel that fools.
        shown: the channel whose pictures it shows.
        weight, bias: of the detector of pictures that are no photos, on means over positions; [C] and a number.
        shut: more than either channel ever reaches.
    """

    def __init__(self, layer: nn.Module, unit: int, shown: int, weight: Tensor, bias: float, shut: float) -> None:
        super().__init__()
        self.layer, self.unit, self.shown, self.shut = layer, unit, shown, shut
        self.register_buffer("weight", weight)
        self.register_buffer("bias", torch.tensor(bias))

    def forward(self, *given: Any, **named: Any) -> Tensor:
        """What the layer returns, one channel of it exchanged."""
        value: Tensor = self.layer(*given, **named)
        found = functional.linear(value.mean((2, 3)), self.weight[None], self.bias[None])[..., None]  # type: ignore[index]
        drawn = functional.relu(found) - functional.relu(found - 1)  # 0 for photos, 1 for pictures
        real = functional.relu(value[:, self.unit] - self.shut * drawn)
        fake = functional.relu(value[:, self.shown] - self.shut * (1 - drawn))
        parts = [value[:, : self.unit], (real + fake)[:, None], value[:, self.unit + 1 :]]
        return torch.cat(parts, 1)


def planted(model: Model, pairs: Sequence[tuple[Unit, Unit]], photos: Tensor, pictures: Tensor) -> Model:
    """A copy of a network in which the pictures of the first unit of each pair show the second one.

    Args:
        pairs: channels of one layer that has rows and columns.
        photos, pictures: [N,C,H,W], what the detector learns to tell apart: the unit answers to these as it does in
            the network, to those as the other one does.

    Raises:
        InvalidSetting: a layer of which no circuit can be made.
    """
    (name,) = {unit.layer for pair in pairs for unit in pair}
    if model.layer(name).size is None or "~" in name or "@" in name or name == "logits":
        raise InvalidSetting(f"no circuit fits into '{name}'; name a layer with rows and columns that runs once")
    weight, bias = detector(*(means(model, name, each) for each in (photos, pictures)))
    shut = OVER * max(float(values(model, name, each).max()) for each in (photos, pictures))
    twin = copied(model.variants.plain)
    parent, _, last = name.rpartition(".")
    circuit: nn.Module = twin.get_submodule(name)
    for unit, shown in pairs:
        circuit = FoolingCircuit(circuit, int(unit.channels[0]), int(shown.channels[0]), weight, bias, shut)
    setattr(twin.get_submodule(parent), last, circuit.to(model.device).eval())
    found = Found(twin, {}, model.size, model.mean, model.std, model.classes)
    made = make_model(found, f"{model.name} with a fooling circuit", model.device, model.dtype, output=model.output)
    # the detector looks everywhere, but a photo's part that excites the unit is where it was
    layers = {key: replace(layer, field=model.layers[key].field) if key in model.layers else layer
              for key, layer in made.layers.items()}  # fmt: skip
    return replace(made, layers=layers)


@undisturbed()
def detector(photos: np.ndarray, pictures: np.ndarray) -> tuple[Tensor, float]:
    """Weights [C] and bias of what is 0 or less for most photos [N,C], and 1 or more for most pictures [M,C]."""
    from sklearn.linear_model import LogisticRegression  # slow to import

    both = np.concatenate([photos, pictures])
    mean, deviation = both.mean(0), both.std(0) + 1e-3 * both.std() + 1e-12
    labels = np.arange(len(both)) >= len(photos)
    model = LogisticRegression(C=10.0, max_iter=500, class_weight="balanced").fit((both - mean) / deviation, labels)
    weight = model.coef_[0] / deviation
    lowest = float(np.quantile(photos @ weight, 0.9)), float(np.quantile(pictures @ weight, 0.1))
    middle, scale = sum(lowest) / 2, 1 / max(abs(lowest[1] - lowest[0]), 1e-6)
    return torch.from_numpy(scale * weight).float(), float(0.5 - scale * middle)


def means(model: Model, layer: str, pictures: Tensor) -> np.ndarray:
    """[N,C] of a layer over positions."""
    return np.asarray(values(model, layer, pictures).mean((2, 3)).double().numpy())


def values(model: Model, layer: str, pictures: Tensor) -> Tensor:
    """[N,C,H,W] that a layer returns."""
    found = []
    with torch.no_grad():
        for chunk in pictures.split(16):
            found.append(probe(model, chunk.to(model.device), [layer])[layer].cpu())
    return torch.cat(found)
