"""The generator's model card, from what was measured."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

CARD = """# Model card: MotifGenerator

A small decoder that paints motifs of 64 px from {latent} numbers: what `--parameterization generator` makes
pictures of. Licence: Apache-2.0, weights included. The file is `{name}`; a file of another hash is refused when
it is loaded.

| | |
| --- | --- |
| SHA-256 | `{digest}` |
| size | {size} bytes (float16; computed in float32) |
| parameters | {parameters} |
| input | {latent} latents, about standard normal |
| output | RGB in [0,1], 64 px, enlarged to what is asked for |

## Data

The motifs that the bundled network was trained on are drawn by the same code, from other seeds: {pictures} of
them at 64 px and their mirror images. No photograph, no downloaded file.

## Training

`{command}`: {steps} steps of {batch} motifs and {chance} chance latents, Adam {rate:g} falling linearly over
the last four tenths, the weights averaged over the last steps.

The run that made the weights which ship was stopped twice: after step 1000, till when the adversary weighed .1, the
network's shallow layers twice what they do now, and steps up repeated pixels, so that all came back under a
grid; and after step 1800, where the end was set to step 3000. It took about 20 minutes of one core's time.

The latents of a motif are what the bundled network's `mixed5b` returns for it and its colours at 8x8, reduced
to {latent} whitened principal components. The decoder learns to give the motif back (mean absolute difference
of colours, and of what the network sees at `stem`, `mixed3b`, `mixed4c` and `mixed5b`) before an adversary that
looks through the same network's layers. The training is a mixture of Dosovitskiy and Brox 2016 (decoding a
network's features), Nguyen et al. 2016 (such a decoder as a prior for pictures of units) and Sauer et al. 2021
(an adversary on a trained network's features).

## Measured on {fresh} fresh motifs

| | |
| --- | --- |
| mean absolute error of the colours | {error:.3f} |
| motifs recognised by the bundled network, at 64 px | {motifs_recognised:.1%} |
| of what was painted from their latents | {copies_recognised:.1%} |
| motif and painting named alike | {named_alike:.1%} |
| pictures of the 72 classes, climbed in the latents, that it recognises | {classes_found:.1%} |

## Limits

The network that measures is the network that it was trained through: these shares say that a picture holds what
the network looks for, not that a person would name it. Thin and rare parts come out blurred, and a latent far
from all motifs is painted as a mixture of some. It paints nothing but motifs: a photo that is fitted comes back
as shapes of its colours.
"""


def write(weights: Path, about: Mapping[str, object]) -> Path:
    """The card beside the weights."""
    content = weights.read_bytes()
    path = weights.with_name("GENERATOR_CARD.md")
    text = CARD.format(name=weights.name, digest=sha256(content).hexdigest(), size=len(content), **about)
    path.write_text(text, encoding="utf-8")
    return path
