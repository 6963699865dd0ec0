"""Measure the bundled network and write its model card.

``python training/evaluate.py`` measures on fresh motifs, on class images, on digits and on patches of photos, prints
what it found and rewrites ``MODEL_CARD.md`` beside the weights; every number there is measured here or read from
the file. ``training/train_second.py`` must have run before, or the card says that no second network was asked.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from safetensors import safe_open
from sklearn.datasets import load_sample_image
from torch import Tensor

import card
import class_images
import nature
import probes
import second
import train
from reverie.models.hooks import Hooks

HERE = Path(__file__).resolve().parent

SILENT = 0.1
"""A SiLU or ReLU channel that nowhere reaches this has never fired: its rectifier stayed shut."""


def load(path: Path) -> tuple[train.Network, dict[str, str]]:
    """The network of a weights file, in evaluation mode, and the file's metadata."""
    with safe_open(path, "pt") as file:
        metadata = dict(file.metadata())
        tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118 (not a dict)
    kind, _ = train.ARCHITECTURES[metadata.get("architecture", "inception")]
    network = kind(len(json.loads(metadata["classes"])), metadata["activation"])
    weights = {k: v.float() if v.is_floating_point() else v for k, v in tensors.items() if "statistics/" not in k}
    network.load_state_dict(weights)
    return network.eval(), metadata


@torch.no_grad()
def measure(
    network: train.Network, images: npt.NDArray[np.uint8], layers: Sequence[str] = train.LAYERS, batch: int = 64
) -> tuple[npt.NDArray[np.float32], dict[str, Tensor]]:
    """Logits [N, classes], and per layer the highest activation of every channel over all pictures."""
    device, values, peaks = next(network.parameters()).device, [], dict[str, Tensor]()
    for i in range(0, len(images), batch):
        shown = train.normalise(train.to_input(images[i : i + batch], device))
        seen = Hooks(network, set(layers), {}, stop=False).run(shown)
        values.append(seen["logits"].cpu().numpy())
        for name in layers:
            high = seen[name].amax((0, 2, 3))
            peaks[name] = torch.maximum(peaks[name], high) if name in peaks else high
    return np.concatenate(values), peaks


def milliseconds(network: train.Network, size: int, repeats: int = 60) -> float:
    """Shortest time of a forward pass and its input gradient for one picture: the machine may be busy."""
    pixels, spent = torch.rand(1, 3, size, size), []
    for _ in range(repeats):
        start = time.perf_counter()
        network(pixels.requires_grad_(True)).square().mean().backward()
        spent.append(time.perf_counter() - start)
    return min(spent) * 1000


def operations(network: train.Network, size: int) -> int:
    """Multiplications and additions of the convolutions for one picture."""
    total = 0

    def count(module: torch.nn.Module, _inputs: object, output: Tensor) -> None:
        nonlocal total
        weight = module.weight
        assert isinstance(weight, Tensor)
        total += 2 * output[0].numel() * weight[0].numel()

    handles = [m.register_forward_hook(count) for m in network.modules() if isinstance(m, torch.nn.Conv2d)]
    with torch.no_grad():
        network(torch.zeros(1, 3, size, size))
    for handle in handles:
        handle.remove()
    return total


def recognition(
    network: train.Network, images: npt.NDArray[np.uint8], labels: npt.NDArray[np.float32], classes: list[str]
) -> tuple[dict[str, object], npt.NDArray[np.float32]]:
    """Accuracy, in all, on single motifs and per class; confusions; dead channels; and the logits."""
    values, peaks = measure(network, images)
    guesses, truth, alone = values.argmax(1), labels.argmax(1), labels.max(1) == 1
    confused = [(classes[t], classes[g]) for t, g in zip(truth, guesses, strict=True) if t != g]
    times = {pair: confused.count(pair) for pair in confused}
    found = {
        "accuracy": float((guesses == truth).mean()),
        "accuracy alone": float((guesses == truth)[alone].mean()) if alone.any() else 0.0,
        "per class": {c: float((guesses[truth == i] == i).mean()) for i, c in enumerate(classes) if (truth == i).any()},
        "confused": [(*pair, n) for pair, n in sorted(times.items(), key=lambda item: (-item[1], item[0]))[:8]],
        "dead": {name: (int((peak < SILENT).sum()), len(peak)) for name, peak in peaks.items()},
    }
    return found, values


def transfer(
    network: train.Network, images: npt.NDArray[np.uint8], classes: int, count: int | None
) -> dict[str, object]:
    """Linear probes on digits and on patches of photos, of the network and of a random one of its shape."""
    blank = probes.random_network(network, train.to_input(images[:256], torch.device("cpu")), classes)
    return {
        "digits": probes.probed(network, blank, probes.digits(count)),
        "textures": probes.probed(network, blank, probes.textures(60 if count is None else 8)),
    }


def naturalness(images: npt.NDArray[np.uint8]) -> dict[str, object]:
    """Slope of the spectrum and colour variances of motifs, and of the two sample photos for comparison."""
    photos = [nature.crops(load_sample_image(f"{name}.jpg"), images.shape[1]) for name in ("flower", "china")]
    return {
        name: (nature.spectral_slope(part), nature.colour_variances(part))
        for name, part in (("motifs", images[:640]), ("flower.jpg", photos[0]), ("china.jpg", photos[1]))
    }


def report(path: Path, other: Path | None, count: int, workers: int, quick: bool = False) -> dict[str, object]:
    """Everything measured about a weights file on ``count`` fresh motifs; ``quick`` is for trying it out."""
    network, metadata = load(path)
    classes, size, seed = json.loads(metadata["classes"]), int(metadata["size"]), int(metadata["seed"])
    images, labels = train.pictures(count, 2, seed, size, len(classes), workers, None)
    found, values = recognition(network, images, labels, classes)
    judge, judge_accuracy = None, None
    if other is not None and other.exists():
        asked, about = load(other)
        judge = asked, int(about["size"])
        judge_accuracy = float(about["accuracy"])
    alone = labels.max(1) == 1
    real = values[alone], labels.argmax(1)[alone]
    return {
        **found,
        **transfer(network, images, len(classes), 120 if quick else None),
        "nature": naturalness(images),
        "class images": class_images.recognised(network, judge, path, real, 2 if quick else class_images.STEPS),
        "second accuracy": judge_accuracy,
        "metadata": metadata,
        "pictures": count,
        "parameters": sum(p.numel() for p in network.parameters()),
        "operations": operations(network, size),
        "milliseconds": milliseconds(network, size, 3 if quick else 60),
        "bytes": path.stat().st_size,
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
    }


def main(argv: Sequence[str] | None = None) -> dict[str, object]:
    """Measure, print, write the card."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--weights", type=Path, default=train.WEIGHTS)
    parser.add_argument("--second", type=Path, default=second.WEIGHTS, help="weights of the second network")
    parser.add_argument("--card", type=Path, default=None, help="default: MODEL_CARD.md beside the weights")
    parser.add_argument("--pictures", type=int, default=2560)
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--quick", action="store_true", help="two steps for a class image, few digits: a trial")
    settings = parser.parse_args(argv)
    if settings.threads:
        torch.set_num_threads(settings.threads)
    found = report(settings.weights, settings.second, settings.pictures, settings.workers, settings.quick)
    text = card.card(found)
    target = settings.card or settings.weights.with_name("MODEL_CARD.md")
    target.write_text(text, encoding="utf-8")
    print(text[text.index("## Measured") : text.index("## Limits")])
    return found


if __name__ == "__main__":
    main()
