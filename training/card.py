"""The model card: what evaluate.py found, as Markdown."""

from __future__ import annotations

import json
import platform
from typing import Any

import numpy as np
import torch

from class_images import Recognised


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


def probe_table(**tasks: dict[str, tuple[float, float]]) -> str:
    """Accuracy of linear probes, trained and random side by side."""
    rows = [
        f"| {task} | `{layer}` | {100 * own:.1f} % | {100 * random:.1f} % |"
        for task, found in tasks.items()
        for layer, (own, random) in found.items()
    ]
    return "\n".join(["| task | layer | this network | a random one |", "| --- | --- | --- | --- |", *rows])


def nature_table(found: dict[str, tuple[float, tuple[float, float, float]]]) -> str:
    """Statistics of motifs beside photographs."""
    rows = [
        f"| {name} | {slope:.2f} | {', '.join(f'{100 * share:.0f} %' for share in shares)} |"
        for name, (slope, shares) in found.items()
    ]
    return "\n".join(["| pictures | a of 1/f^a | colour variances |", "| --- | --- | --- |", *rows])


def recognition_text(found: Recognised, names: list[str], second: float | None) -> str:
    """Who recognises the class images, and how strong they are."""
    count = len(names)
    missed = found.missed(found.own, names)
    lines = [
        f"`{found.command}`: one picture for each of the {count} classes.",
        "",
        f"- The network itself recognises {100 * found.share(found.own):.1f} % of them"
        + (f" (not: {', '.join(missed)})." if missed else "."),
    ]
    if found.other is None:
        lines.append("- No second network was asked (`python training/train_second.py` trains it).")
    else:
        also = found.missed(found.other, names)
        lines.append(
            "- A second network of another architecture (residual, ReLU) and another seed, "
            f"{100 * (second or 0):.1f} % accurate on motifs, recognises {100 * found.share(found.other):.1f} %"
            + (f" (not: {', '.join(also)})." if also else ".")
        )
    at = found.percentiles[~np.isnan(found.percentiles)]
    lines.append(
        f"- Their logits stand at percentile {np.median(at):.0f} (median; lowest {at.min():.0f}) "
        "of those of fresh real motifs of their class that stand alone."
    )
    return "\n".join(lines)


def card(found: dict[str, Any]) -> str:
    """The whole card."""
    metadata, confused = found["metadata"], found["confused"]
    names = json.loads(metadata["classes"])
    settings = json.loads(metadata["settings"])
    settings["pictures_trained"] = settings.pop("pictures")
    values = {key: found[key] for key in ("pictures", "parameters", "operations", "milliseconds", "bytes", "sha256")}
    return CARD.format(
        **values,
        **settings,
        command=metadata["command"],
        epochs_done=metadata["epochs"],
        accuracy=100 * found["accuracy"],
        alone=100 * found["accuracy alone"],
        gigaflops=found["operations"] / 1e9,
        threads=torch.get_num_threads(),
        machine=platform.machine(),
        dead=dead_table(found["dead"]),
        names=", ".join(names),
        table=class_table(found["per class"]),
        confused=", ".join(f"{truth} taken for {guess} ({n})" for truth, guess, n in confused) or "none",
        recognition=recognition_text(found["class images"], names, found["second accuracy"]),
        probes=probe_table(digits=found["digits"], **{"photo textures": found["textures"]}),
        nature=nature_table(found["nature"]),
    )


CARD = """# Model card: MotifNet on procedural motifs

A small Inception-like image classifier whose layers are made to be looked at:
for feature visualization and Deep Dream without a download. Licence: Apache-2.0,
weights included. The file is `motifs.safetensors`; a file of another hash is refused when the network is loaded.

| | |
| --- | --- |
| SHA-256 | `{sha256}` |
| size | {bytes} bytes (float16; computed in float32) |
| parameters | {parameters} |
| cost at {size} px | {gigaflops:.3f} GFLOP forward (GoogLeNet at 224 px: 3.0); forward and input gradient \
{milliseconds:.1f} ms at best ({threads} threads, {machine}) |
| input | RGB, {size} px (any size from 32 px up), normalised by mean 0.5 and deviation 0.25 |
| activation | {activation} |

## Data

Only pictures drawn by the code in `training/` from seeds: no photograph, no
downloaded file, so what the network was taught is known to the last pixel.
Each shows one motif (texture, shape, plant, creature or built thing) in varied
colour, scale, pose, light and ground, shaded and with its shadow, sometimes partly hidden; three in ten hold a second
motif at a share of .15 to .35, which the soft label states. {classes} classes: {names}.

How natural the pictures are, beside the sample photos (spectrum 1/f^a; shares of the variance on the three principal
axes of colour):

{nature}

## Training

`{command}`: seed {seed}, {pictures_trained} pictures of {size} px, {epochs_done} of {epochs} epochs, batches of
{batch}, an epoch of {epoch_pictures} pictures, AdamW (rate {rate:g}, linear decay over the last four tenths of
the epochs; {coarse} px until the last quarter), weight decay {decay:g}, label smoothing {smoothing:g},
flips, shifts, changes of light, noise to deviation {noise:g}, blur to {blur:g} px on a third of
the batches, and a one-step L2 adversary of radius {radius:g} times U(.2, 1) (pixels 0..1) on half of every batch.
Noise, blur and adversary make the input gradients smooth: they are there for the
pictures, not for the accuracy.

The run that made these weights was stopped once, after epoch 10, where its plan was changed from 20 epochs to 22 and
from full size at the decay to full size in the last quarter; neither acts on the epochs before. It took 447 s
to draw the pictures and 3,583 s on one core to train, on a busy machine.

### What was tried, and what it did

On a prototype (0.42 M parameters, 96 px, about 10 minutes each, one seed, judged by eye and by the share of high
frequencies in dreams), one change at a time:

| change | dreams' high frequencies | what it did |
| --- | --- | --- |
| wider motifs: scales, colours, two in a picture | .20 to .17 | the biggest jump in variety |
| average pooling instead of maximum | .13 to .10 | smoother, learns slower |
| heads at middle layers | .13 to .13 | nothing |
| SiLU for ReLU | .13 to .14 | the most varied channels |
| noise to .2 and blur to 1.5 px | .13 to .06 | eyes and ripples at middle layers |
| one-step L2 adversary, radius 1 | .13 to .04 | smooth, painted, most coherent; learns slowest |

The weights shipped before these had 64 classes, flat grounds, an adversary of radius .5 and 98.5 % accuracy. These
have three times the radius, colours that belong to the motif, lit bodies on grounds of dead leaves, and eight more
creatures; these changes were made together, so that none can be credited alone. With the same default dream the old
weights draw ripples and rows of dots, these draw smooth bodies, eyes and faces.

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

## Class images

{recognition}

## What it knows of other pictures

Logistic regression on a layer's means over the four quarters of the picture: scikit-learn's digits (half to fit,
half to test), and patches of surfaces in the sample photos (a surface's left part to fit, its right part to test).
The random network has the same shape, and batch norms set to the moments of motifs.

{probes}

## Limits

It knows these motifs and nothing else: on a photograph it finds the most similar
motif, not what the photograph shows. Its answers are no measure of anything
outside of drawings of this kind. Accuracy says little about how well a network
dreams; judge that by the pictures. Trained once, from one seed.
"""
