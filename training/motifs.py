"""Procedural motifs: pictures of 72 classes drawn by code from a seed, a few milliseconds each.

``draw`` gives one motif, ``picture`` one with a soft label that may hold a
second, smaller motif. Run as a script to write a contact sheet:
``python training/motifs.py sheet.png``.
"""

from __future__ import annotations

import sys

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

from animals import ANIMALS
from creatures import BUILT, CREATURES
from drawing import TAU, Canvas, Field
from figures import FIGURES
from grounds import finish, front, ground, shade
from textures import TEXTURES

Picture = npt.NDArray[np.uint8]

SHAPES = {**FIGURES, **CREATURES, **BUILT, **ANIMALS}
CLASSES: tuple[str, ...] = (*TEXTURES, *SHAPES)
# Seen from above or symmetric about their centre: these may lie at any angle.
_SPUN = "rings spiral star snowflake gear nautilus knot mandala daisy rose sunflower leaf fern wheel turtle ladybird"
SPUN = frozenset([*_SPUN.split(), "spider", "bee"])


def _texture(name: str, rng: np.random.Generator, rgb: Field) -> None:
    """Cover the picture with a texture of about 3 to 9 repeats across."""
    repeats = float(np.exp(rng.uniform(np.log(1.5), np.log(4.6))))
    TEXTURES[name](Canvas(rng, rgb, 1 / repeats, centre=(rng.uniform(-1, 1), rng.uniform(-1, 1))))


def _shape(name: str, rng: np.random.Generator, rgb: Field, scale: float, shift: float, repeat: bool) -> None:
    """Draw a shape upon what is there, in its light."""
    tilt = np.pi if name in SPUN else 0.4
    centre = (rng.uniform(-shift, shift), rng.uniform(-shift, shift))
    before = rgb.copy()
    SHAPES[name](Canvas(rng, rgb, scale, tilt, centre, repeat))
    shade(rng, rgb, before)


def _place(name: str, rng: np.random.Generator, rgb: Field) -> None:
    """Draw the main motif: a texture, one large shape, or many small ones side by side."""
    if name in TEXTURES:
        before = rgb.copy()
        _texture(name, rng, rgb)
        if rng.random() < 0.3:
            _cut_out(rng, rgb, before)
    elif rng.random() < 0.15:
        _shape(name, rng, rgb, rng.uniform(0.27, 0.42), 0.5, True)
    else:
        scale = float(np.exp(rng.uniform(np.log(0.5), np.log(1.25))))
        _shape(name, rng, rgb, scale, 0.12 + 0.35 * max(0.0, 0.8 - scale), False)


def _cut_out(rng: np.random.Generator, rgb: Field, before: Field) -> None:
    """Leave the texture on a large rounded body only, lit as one, before what was there."""
    line = np.linspace(-1, 1, rgb.shape[0], dtype=np.float32)
    x, y = np.meshgrid(line, line)
    cx, cy = rng.uniform(-0.35, 0.35, 2)
    radius, angle = np.hypot(x - cx, y - cy), np.arctan2(y - cy, x - cx)
    p, q = rng.uniform(0, TAU, 2)
    rim = rng.uniform(0.65, 0.95) * (1 + 0.12 * np.sin(2 * angle + p) + 0.08 * np.sin(3 * angle + q))
    inside = np.clip(0.5 + (rim - radius) * rgb.shape[0] / 2, 0, 1)[..., None]
    rgb[:] = before + inside * (rgb - before)
    shade(rng, rgb, before)


def draw(name: str, rng: np.random.Generator, size: int = 128) -> Picture:
    """One motif of a class on a quiet ground: uint8 [size, size, 3]."""
    rgb = ground(rng, size)
    _place(name, rng, rgb)
    return _finish(rng, rgb)


def _finish(rng: np.random.Generator, rgb: Field) -> Picture:
    """The camera; before a quarter of the pictures something stands in the way."""
    if rng.random() < 0.25:
        front(rng, rgb)
    return finish(rng, rgb)


def picture(
    rng: np.random.Generator, size: int = 128, classes: int = len(CLASSES)
) -> tuple[Picture, npt.NDArray[np.float32]]:
    """A motif of one of the first classes, uint8 [size, size, 3], and its soft label, float32 [classes].

    Three pictures in ten hold a second motif with a share of .15 to .35: a
    texture behind a shape, or a small shape before a texture or beside a shape.
    """
    known = CLASSES[:classes]
    main = known[rng.integers(classes)]
    label = np.zeros(classes, np.float32)
    rgb = ground(rng, size)
    share = 0.0
    if rng.random() < 0.3 and classes > len(TEXTURES):
        share = float(rng.uniform(0.15, 0.35))
        label[known.index(_pair(main, share, known, rng, rgb))] += share
    else:
        _place(main, rng, rgb)
    label[known.index(main)] += 1 - share
    return _finish(rng, rgb), label


def _pair(main: str, share: float, known: tuple[str, ...], rng: np.random.Generator, rgb: Field) -> str:
    """Draw the main motif with a second one of a given share; the second's name."""
    behind = main not in TEXTURES and rng.random() < 0.5
    names = [name for name in known if (name in TEXTURES) == behind]
    second = names[rng.integers(len(names))]
    if second in TEXTURES:
        _texture(second, rng, rgb)
        rgb *= rng.uniform(0.45, 0.75)
        _shape(main, rng, rgb, rng.uniform(0.75, 1.05), 0.1, False)
    elif main in TEXTURES:
        _texture(main, rng, rgb)
        _shape(second, rng, rgb, 0.75 * np.sqrt(share), 0.6, False)
    else:
        _shape(second, rng, rgb, 0.75 * np.sqrt(share), 0.7, False)
        _shape(main, rng, rgb, rng.uniform(0.7, 0.95), 0.2, False)
    return second


def seeded(seed: int, part: int, index: int) -> np.random.Generator:
    """The generator of one picture: part 0 is for training, 1 for validation, 2 for evaluation."""
    return np.random.default_rng([seed, part, index])


def sheet(columns: int = 4, size: int = 96, seed: int = 0, wide: int = 4) -> Image.Image:
    """Contact sheet: ``columns`` pictures of every class, ``wide`` classes side by side, with their names."""
    rows = -(-len(CLASSES) // wide)
    step = columns * size + 8
    image = Image.new("RGB", (wide * step, rows * (size + 14)), "white")
    pen = ImageDraw.Draw(image)
    for i, name in enumerate(CLASSES):
        left, top = (i // rows) * step, (i % rows) * (size + 14)
        pen.text((left + 2, top + 1), name, fill="black")
        for k in range(columns):
            tile = Image.fromarray(draw(name, seeded(seed, i, k), size))
            image.paste(tile, (left + k * size, top + 13))
    return image


if __name__ == "__main__":
    sheet().save(sys.argv[1] if len(sys.argv) > 1 else "motifs.png")
