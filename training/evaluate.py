"""Measure the bundled network on freshly drawn motifs and write its model card.

``python training/evaluate.py`` prints a table and rewrites ``MODEL_CARD.md``
beside the weights; every number in it is measured here or read from the file.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import platform
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from safetensors import safe_open
from torch import Tensor

HERE = Path(__file__).resolve().parent
if str(HERE) not in sys.path:
    sys.path.insert(0, str(HERE))

import train  # noqa: E402 (its folder had to be put on the path first)

LAYERS, MotifNet = train.LAYERS, train.MotifNet
SILENT = 0.1
"""A SiLU or ReLU channel that nowhere reaches this has never fired: its rectifier stayed shut."""


def load(path: Path) -> tuple[train.MotifNet, dict[str, str]]:
    """The network of a weights file, in evaluation mode, and the file's metadata."""
    with safe_open(path, "pt") as file:
        metadata = dict(file.metadata())
        tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118 (not a dict)
    network = MotifNet(len(json.loads(metadata["classes"])), metadata["activation"])
    weights = {k: v.float() if v.is_floating_point() else v for k, v in tensors.items() if "statistics/" not in k}
    network.load_state_dict(weights)
    return network.eval(), metadata


@torch.no_grad()
def measure(
    network: train.MotifNet, images: npt.NDArray[np.uint8], batch: int = 64
) -> tuple[npt.NDArray[np.int64], dict[str, Tensor]]:
    """Predicted classes [N], and per layer the highest activation of every channel over all pictures."""
    peaks: dict[str, Tensor] = {}

    def watch(name: str) -> torch.utils.hooks.RemovableHandle:
        def keep(_module: torch.nn.Module, _inputs: object, output: Tensor) -> None:
            high = output.amax((0, 2, 3))
            peaks[name] = torch.maximum(peaks[name], high) if name in peaks else high

        handle: torch.utils.hooks.RemovableHandle = network.get_submodule(name).register_forward_hook(keep)
        return handle

    handles = [watch(name) for name in LAYERS]
    device = next(network.parameters()).device
    guesses = [
        network(train.normalise(train.to_input(images[i : i + batch], device))).argmax(1).cpu().numpy()
        for i in range(0, len(images), batch)
    ]
    for handle in handles:
        handle.remove()
    return np.concatenate(guesses), peaks


def milliseconds(network: train.MotifNet, size: int, repeats: int = 60) -> float:
    """Shortest time of a forward pass and its input gradient for one picture: the machine may be busy."""
    pixels, spent = torch.rand(1, 3, size, size), []
    for _ in range(repeats):
        start = time.perf_counter()
        network(pixels.requires_grad_(True)).square().mean().backward()
        spent.append(time.perf_counter() - start)
    return min(spent) * 1000


def operations(network: train.MotifNet, size: int) -> int:
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


def report(path: Path, count: int, workers: int) -> dict[str, object]:
    """Everything measured about a weights file on ``count`` fresh motifs."""
    network, metadata = load(path)
    classes, size, seed = json.loads(metadata["classes"]), int(metadata["size"]), int(metadata["seed"])
    images, labels = train.pictures(count, 2, seed, size, len(classes), workers, None)
    guesses, peaks = measure(network, images)
    truth = labels.argmax(1)
    alone = labels.max(1) == 1
    rate = {c: float((guesses[truth == i] == i).mean()) for i, c in enumerate(classes) if (truth == i).any()}
    confused = [(classes[t], classes[g]) for t, g in zip(truth, guesses, strict=True) if t != g]
    times = {pair: confused.count(pair) for pair in confused}
    return {
        "metadata": metadata,
        "pictures": count,
        "accuracy": float((guesses == truth).mean()),
        "accuracy alone": float((guesses == truth)[alone].mean()) if alone.any() else 0.0,
        "per class": rate,
        "confused": [(*pair, n) for pair, n in sorted(times.items(), key=lambda item: (-item[1], item[0]))[:8]],
        "dead": {name: (int((peak < SILENT).sum()), len(peak)) for name, peak in peaks.items()},
        "parameters": sum(p.numel() for p in network.parameters()),
        "operations": operations(network, size),
        "milliseconds": milliseconds(network, size),
        "bytes": path.stat().st_size,
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
    }


def dead_table(dead: dict[str, tuple[int, int]]) -> str:
    """Channels that never fire, per layer."""
    rows = [f"| `{name}` | {total} | {silent} |" for name, (silent, total) in dead.items()]
    silent, total = (sum(pair[i] for pair in dead.values()) for i in (0, 1))
    head = ["| layer | channels | never fire |", "| --- | --- | --- |"]
    return "\n".join([*head, *rows, f"| all | {total} | {silent} |"])


def class_table(rates: dict[str, float]) -> str:
    """Accuracy per class, four classes to a row, the weakest first."""
    ranked = sorted(rates.items(), key=lambda item: (item[1], item[0]))
    cells = [f"{name} | {rate * 100:.0f} %" for name, rate in ranked]
    cells += ["|"] * (-len(cells) % 4)
    rows = ["| " + " | ".join(cells[i : i + 4]) + " |" for i in range(0, len(cells), 4)]
    return "\n".join(["| class | accuracy " * 4 + "|", "| --- | --- " * 4 + "|", *rows])


def card(found: dict[str, object]) -> str:
    """The model card in Markdown."""
    metadata = found["metadata"]
    rates, dead, confused = found["per class"], found["dead"], found["confused"]
    assert isinstance(metadata, dict)
    assert isinstance(rates, dict)
    assert isinstance(dead, dict)
    assert isinstance(confused, list)
    settings = json.loads(metadata["settings"])
    settings["pictures_trained"] = settings.pop("pictures")
    values = {key: found[key] for key in ("pictures", "parameters", "operations", "milliseconds", "bytes", "sha256")}
    return CARD.format(
        **values,
        **settings,
        command=metadata["command"],
        epochs_done=metadata["epochs"],
        accuracy=100 * float(str(found["accuracy"])),
        alone=100 * float(str(found["accuracy alone"])),
        gigaflops=float(str(found["operations"])) / 1e9,
        threads=torch.get_num_threads(),
        machine=platform.machine(),
        dead=dead_table(dead),
        names=", ".join(json.loads(metadata["classes"])),
        table=class_table(rates),
        confused=", ".join(f"{truth} taken for {guess} ({n})" for truth, guess, n in confused) or "none",
    )


CARD = """# Model card: MotifNet on procedural motifs

A small Inception-like image classifier whose layers are made to be looked at:
for feature visualization and Deep Dream without a download. Licence: Apache-2.0,
weights included. The file is `motifs.safetensors`.

| | |
| --- | --- |
| SHA-256 | `{sha256}` |
| size | {bytes} bytes (float16; computed in float32) |
| parameters | {parameters} |
| cost at {size} px | {gigaflops:.3f} GFLOP forward; forward and input gradient {milliseconds:.1f} ms at best \
({threads} threads, {machine}) |
| input | RGB, {size} px (any size from 32 px up), normalised by mean 0.5 and deviation 0.25 |
| activation | {activation} |

## Data

Only pictures drawn by the code in `training/` from seeds: no photograph, no
downloaded file, so what the network was taught is known to the last pixel.
Each shows one motif (texture, shape, plant, creature or built thing) in varied
colour, scale, pose, light and ground; three in ten hold a second motif at a
share of .15 to .35, which the soft label states. {classes} classes: {names}.

## Training

`{command}`: seed {seed}, {pictures_trained} pictures of {size} px, {epochs_done} of {epochs} epochs, batches of
{batch}, an epoch of {epoch_pictures} pictures, AdamW (rate {rate:g}, linear decay over the last four tenths of
the epochs, {coarse} px before that), weight decay {decay:g}, label smoothing {smoothing:g},
flips, shifts, changes of light, noise to deviation {noise:g}, blur to {blur:g} px on a third of
the batches, and a one-step L2 adversary of radius {radius:g} (pixels 0..1) on half of every batch.
Noise, blur and adversary make the input gradients smooth: they are there for the
pictures, not for the accuracy.

## Measured on {pictures} fresh motifs

Drawn from seeds that training never used (`python training/evaluate.py`).

Accuracy {accuracy:.2f} % (the label is the dominating motif); {alone:.2f} % on pictures that hold one motif only.
Most frequent confusions: {confused}.

Per class, the weakest first:

{table}

Channels that never fire (highest activation on all these pictures below 0.1):

{dead}

The file also holds the mean and deviation of every channel of these layers over
{held_out} held-out motifs (`statistics/<layer>/mean`, `statistics/<layer>/std`).

## Limits

It knows these motifs and nothing else: on a photograph it finds the most similar
motif, not what the photograph shows. Its answers are no measure of anything
outside of drawings of this kind. Accuracy says little about how well a network
dreams; judge that by the pictures. Trained once, from one seed.
"""


def main(argv: Sequence[str] | None = None) -> dict[str, object]:
    """Measure, print, write the card."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--weights", type=Path, default=train.WEIGHTS)
    parser.add_argument("--card", type=Path, default=None, help="default: MODEL_CARD.md beside the weights")
    parser.add_argument("--pictures", type=int, default=2560)
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    settings = parser.parse_args(argv)
    if settings.threads:
        torch.set_num_threads(settings.threads)
    found = report(settings.weights, settings.pictures, settings.workers)
    text = card(found)
    target = settings.card or settings.weights.with_name("MODEL_CARD.md")
    target.write_text(text, encoding="utf-8")
    print(text[text.index("## Measured") : text.index("## Limits")])
    return found


if __name__ == "__main__":
    main()
