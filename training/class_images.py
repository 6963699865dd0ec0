"""Pictures of every class, made by `reverie feature 'logits:...'`, and who recognises them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor

import reverie
import train
from reverie.synthesis import synthesize


@dataclass(frozen=True)
class Recognised:
    """What the networks say to the class images, and how strong those are beside real motifs.

    Attributes:
        images: [classes, 3, H, W] of 0..1.
        own, other: the class that the network itself, and the second one, take each for; other is None without it.
        percentiles: of each image's own logit among those of the real motifs of its class, 0..100.
        command: that makes them.
    """

    images: Tensor
    own: npt.NDArray[np.int64]
    other: npt.NDArray[np.int64] | None
    percentiles: npt.NDArray[np.float64]
    command: str

    def share(self, guesses: npt.NDArray[np.int64]) -> float:
        """Of the images that were recognised."""
        return float((guesses == np.arange(len(guesses))).mean())

    def missed(self, guesses: npt.NDArray[np.int64], names: list[str]) -> list[str]:
        """The others, with what they were taken for."""
        return [f"{names[i]} taken for {names[g]}" for i, g in enumerate(guesses) if i != g]


@torch.no_grad()
def logits(network: train.Network, pixels: Tensor) -> Tensor:
    """[N, classes] of pictures of 0..1."""
    return network(train.normalise(pixels))


STEPS, RATE = 240, 0.08
"""The default preset, more slowly: it draws fewer and larger motifs, with less iridescence."""


def class_images(weights: Path, steps: int = STEPS) -> tuple[Tensor, str]:
    """A picture of every class, and the command."""
    model = reverie.load("bundled", weights)
    units = f"logits:0-{len(model.classes) - 1}"
    result = synthesize(model, reverie.recipes.feature(model, units, steps=steps, rate=RATE))
    return result.images, f"reverie feature {units} --steps {steps} --rate {RATE:g}"


def recognised(
    network: train.Network,
    other: tuple[train.Network, int] | None,
    weights: Path,
    real: tuple[npt.NDArray[np.float32], npt.NDArray[np.int64]],
    steps: int = STEPS,
) -> Recognised:
    """Makes the class images and shows them to both networks; ``real`` are logits and classes of real motifs."""
    images, command = class_images(weights, steps)
    own = logits(network, images)
    guesses = None
    if other is not None:
        smaller = F.interpolate(images, (other[1], other[1]), mode="bilinear", antialias=True)
        guesses = logits(other[0], smaller).argmax(1).numpy()
    values, truth = real
    at = [
        100 * float((values[truth == i, i] < float(own[i, i])).mean()) if (truth == i).any() else float("nan")
        for i in range(len(images))
    ]
    return Recognised(images, own.argmax(1).numpy(), guesses, np.array(at), command)
