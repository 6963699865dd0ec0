"""Linear probes: what a layer knows of pictures that the network never saw, beside a random network of its shape."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits, load_sample_image
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from torch import Tensor

import train
from reverie.models.hooks import Hooks

PROBED = ("mixed3b", "mixed4c", "mixed5b")
Split = tuple[Tensor, npt.NDArray[np.int64], npt.NDArray[np.bool_]]  # pixels, classes, which are for training
# Surfaces in scikit-learn's two photos: top, left, bottom, right.
REGIONS: dict[str, tuple[str, tuple[int, int, int, int]]] = {
    "roof": ("china", (70, 140, 118, 270)),
    "galleries": ("china", (285, 90, 335, 330)),
    "sky": ("china", (20, 380, 150, 620)),
    "lake": ("china", (235, 370, 300, 545)),
    "bush": ("china", (345, 60, 420, 260)),
    "treetop": ("china", (310, 370, 420, 560)),
    "pine": ("china", (180, 556, 420, 640)),
    "heart": ("flower", (160, 245, 270, 365)),
    "petals": ("flower", (270, 200, 335, 400)),
    "leaf": ("flower", (80, 10, 320, 140)),
    "shade": ("flower", (180, 460, 380, 630)),
}
PATCH = 32


def digits(count: int | None = None) -> Split:
    """scikit-learn's 8x8 digits, enlarged to 64 px; every other one is for training."""
    found = load_digits()
    images, classes = found.images[:count], found.target[:count]
    small = torch.from_numpy(images).float()[:, None] / 16
    pixels = F.interpolate(small, (64, 64), mode="bicubic").clamp(0, 1).expand(-1, 3, -1, -1)
    return pixels, classes.astype(np.int64), np.arange(len(classes)) % 2 == 0


def textures(each: int = 60) -> Split:
    """Patches of surfaces in the sample photos; those of a surface's left part are for training, of its right to test.

    The two parts share no pixel.
    """
    photos = {name: load_sample_image(f"{name}.jpg") for name in ("flower", "china")}
    rng = np.random.default_rng(0)
    patches, classes, training = [], [], []
    for number, (photo, (top, left, bottom, right)) in enumerate(REGIONS.values()):
        middle = (left + right) // 2
        for first, last, trains in ((left, middle, True), (middle, right, False)):
            for _ in range(each):
                y, x = rng.integers(top, bottom - PATCH + 1), rng.integers(first, last - PATCH + 1)
                patches.append(photos[photo][y : y + PATCH, x : x + PATCH])
                classes.append(number)
                training.append(trains)
    pixels = torch.from_numpy(np.stack(patches)).permute(0, 3, 1, 2).float() / 255
    return F.interpolate(pixels, (64, 64), mode="bicubic").clamp(0, 1), np.array(classes), np.array(training)


def random_network(like: train.Network, pixels: Tensor, classes: int, seed: int = 0) -> train.Network:
    """Untrained, of the same shape, its batch norms set to the moments of these pictures."""
    torch.manual_seed(seed)
    network = type(like)(classes)
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.momentum = None  # the plain mean over all batches
    network.train()
    with torch.no_grad():
        for part in pixels.split(64):
            network(train.normalise(part))
    return network.eval()


@torch.no_grad()
def features(network: train.Network, pixels: Tensor, layers: tuple[str, ...]) -> dict[str, npt.NDArray[np.float32]]:
    """Means of every channel over the four quarters of each picture."""
    found: dict[str, list[Tensor]] = {name: [] for name in layers}
    for part in pixels.split(64):
        seen = Hooks(network, set(layers), {}, stop=True).run(train.normalise(part))
        for name in layers:
            found[name].append(F.adaptive_avg_pool2d(seen[name], 2).flatten(1))
    return {name: torch.cat(kept).numpy() for name, kept in found.items()}


def accuracy(values: npt.NDArray[np.float32], classes: npt.NDArray[np.int64], training: npt.NDArray[np.bool_]) -> float:
    """Of a logistic regression on those for training, measured on the others."""
    probe = make_pipeline(StandardScaler(), LogisticRegression(C=0.01, max_iter=500))
    probe.fit(values[training], classes[training])
    return float(probe.score(values[~training], classes[~training]))


def probed(
    network: train.Network, blank: train.Network, split: Split, layers: tuple[str, ...] = PROBED
) -> dict[str, tuple[float, float]]:
    """Accuracy per layer, of the network and of the random one."""
    pixels, classes, training = split
    pairs = [features(one, pixels, layers) for one in (network, blank)]
    return {
        name: (accuracy(pairs[0][name], classes, training), accuracy(pairs[1][name], classes, training))
        for name in layers
    }
