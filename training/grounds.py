"""What stands behind, before and upon a motif: grounds, things in front, light and shadow, the camera."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from drawing import NATURAL, TAU, Canvas, Colour, Field, box, ellipse, hsv, noise, palette, sample, smooth


def _colours(rng: np.random.Generator) -> list[Colour]:
    return palette(rng, list(NATURAL)[rng.integers(len(NATURAL))], 0.7)


def _grained(rng: np.random.Generator, picture: Field, low: float = 0.02, high: float = 0.09) -> Field:
    """With 1/f grain whose channels go together, as natural colours do."""
    grain = noise(rng, picture.shape[0], rng.uniform(0.9, 1.4))[..., None]
    colour = np.ones(3, np.float32) + rng.normal(0, 0.2, 3).astype(np.float32)
    return (picture + rng.uniform(low, high) * grain * colour).astype(np.float32)


def cloud(rng: np.random.Generator, size: int) -> Field:
    """Two colours in 1/f noise on a ramp."""
    first, second, _ = _colours(rng)
    line = np.linspace(-0.5, 0.5, size, dtype=np.float32)
    angle = rng.uniform(0, TAU)
    ramp = np.cos(angle) * line[None] + np.sin(angle) * line[:, None]
    mix = np.clip(0.4 + 0.5 * ramp + rng.uniform(0.08, 0.3) * noise(rng, size, rng.uniform(1.0, 1.6)), 0, 1)
    return first + mix[..., None] * (second - first)


def litter(rng: np.random.Generator, size: int) -> Field:
    """Dead leaves: discs and slabs of all sizes that hide each other, which gives edges and spectra of nature.

    Source: Lee, Mumford, Huang 2001, "Occlusion models for natural images": radii of density 1 / r^3.
    """
    colours = _colours(rng)
    small = size // 2
    canvas = Canvas(rng, cloud(rng, small))
    light = rng.uniform(0, TAU)
    for _ in range(rng.integers(14, 36)):
        r = 0.09 / np.sqrt(1 - rng.random() * (1 - (0.09 / 0.8) ** 2))
        cx, cy = rng.uniform(-1.1, 1.1, 2)
        x, y = canvas.x - cx, canvas.y - cy
        turn, ratio = rng.uniform(0, np.pi), rng.uniform(0.45, 1)
        if rng.random() < 0.7:
            distance = ellipse(x, y, 0, 0, r, r * ratio, turn)
        else:
            u, v = np.cos(turn) * x + np.sin(turn) * y, np.cos(turn) * y - np.sin(turn) * x
            distance = box(u, v, 0, 0, r, r * ratio, 0.2 * r)
        tone = colours[0] + rng.random() * (colours[1] - colours[0])
        tone = (tone + rng.uniform(0, 0.3) * (colours[2] - tone)) * rng.uniform(0.6, 1.15)
        ramp = 1 + 0.3 * (np.cos(light) * x + np.sin(light) * y) / r
        canvas.paint(distance.astype(np.float32), (tone * ramp[..., None]).astype(np.float32), 0.3, 0.5 * r, 0.35)
    far = ndimage.zoom(canvas.rgb, (2, 2, 1), order=1, mode="nearest", grid_mode=True)
    return far[:size, :size] if size % 2 == 0 else np.pad(far, ((0, 1), (0, 1), (0, 0)), mode="edge")


def horizon(rng: np.random.Generator, size: int) -> Field:
    """A sky over a plain that recedes."""
    sky = hsv(rng.uniform(0.52, 0.64), rng.uniform(0.1, 0.6), rng.uniform(0.6, 1.0))
    glow = hsv(rng.uniform(0.03, 0.16), rng.uniform(0.05, 0.6), 0.98)
    first, second, _ = _colours(rng)
    line = np.linspace(-1, 1, size, dtype=np.float32)
    x, y = np.meshgrid(line, line)
    edge = rng.uniform(-0.2, 0.5) + 0.05 * noise(rng, size, 1.6)[0][None]
    veil = noise(rng, size, 1.5)
    above = sky + np.clip(1 + 0.8 * (y - edge) + 0.25 * veil, 0, 1)[..., None] * (glow - sky)
    depth = np.maximum(y - edge, 0.02)
    plain = sample(noise(rng, 128, 0.9), 0.25 * x / (depth + 0.2) + 0.5, 0.12 / (depth + 0.12))
    below = first + np.clip(0.45 + 0.3 * plain, 0, 1)[..., None] * (second - first)
    below = below + 0.5 * np.exp(-5 * depth)[..., None] * (glow - below)
    return (above + smooth(y - edge, -0.02, 0.02)[..., None] * (below - above)).astype(np.float32)


def ground(rng: np.random.Generator, size: int) -> Field:
    """A quiet ground [size, size, 3]: clouds of colour, litter or a horizon, paler than a motif and out of focus."""
    chance = rng.random()
    picture = (cloud if chance < 0.4 else litter if chance < 0.8 else horizon)(rng, size)
    middle = picture.mean((0, 1))
    picture = middle + rng.uniform(0.35, 0.9) * (picture - middle)
    if rng.random() < 0.5:
        blur = rng.uniform(0.004, 0.03) * size
        picture = ndimage.gaussian_filter(picture, (blur, blur, 0), mode="nearest")
    return _grained(rng, (picture * rng.uniform(0.5, 1.0)).astype(np.float32))


def shade(rng: np.random.Generator, rgb: Field, before: Field) -> None:
    """Light what was drawn since ``before`` from one side, as if it bulged, and let it cast a soft shadow."""
    size = rgb.shape[0]
    drawn = (np.abs(rgb - before).max(2) > 0.04).astype(np.float32)
    angle = rng.uniform(-np.pi, 0)
    right, down = np.cos(angle), np.sin(angle)
    if rng.random() < 0.7:
        bulge = ndimage.gaussian_filter(drawn, 0.07 * size, mode="nearest")
        rise = ndimage.sobel(bulge, 1) * right + ndimage.sobel(bulge, 0) * down
        rise *= 0.09 * size / 8 * rng.uniform(0.3, 1.3)
        rgb *= (1 - drawn * np.clip(rise, -0.45, 0.45))[..., None]
    if rng.random() < 0.6:
        far = rng.uniform(0.03, 0.12) * size
        cast = ndimage.gaussian_filter(drawn, rng.uniform(0.01, 0.04) * size, mode="nearest")
        cast = ndimage.shift(cast, (-down * far, -right * far), order=1, mode="nearest")
        rgb *= (1 - rng.uniform(0.3, 0.65) * cast * (1 - drawn))[..., None]


def front(rng: np.random.Generator, rgb: Field) -> None:
    """Blades and leaves near the camera, out of focus, that hide some of the rim."""
    line = np.linspace(-1, 1, rgb.shape[0], dtype=np.float32)
    x, y = np.meshgrid(line, line)
    colours = _colours(rng)
    for k in range(rng.integers(1, 4)):
        angle, reach = rng.uniform(0, TAU), rng.uniform(0.95, 1.2)
        turn = angle + rng.uniform(-0.9, 0.9)
        blade = ellipse(
            x, y, reach * np.cos(angle), reach * np.sin(angle), rng.uniform(0.3, 0.6), rng.uniform(0.08, 0.2), turn
        )
        soft = rng.uniform(0.03, 0.12)
        mask = (rng.uniform(0.75, 1.0) * (1 - smooth(blade, -soft, soft)))[..., None]
        rgb += mask * (colours[k % 3] * rng.uniform(0.3, 0.9) - rgb)


def finish(rng: np.random.Generator, rgb: Field) -> npt.NDArray[np.uint8]:
    """Light from one side, vignette, a common 1/f grain and tone; to bytes."""
    size = rgb.shape[0]
    line = np.linspace(-1, 1, size, dtype=np.float32)
    angle, strength = rng.uniform(0, TAU), rng.uniform(0, 0.35)
    light = 1 + strength * (np.cos(angle) * line[None] + np.sin(angle) * line[:, None])
    light *= 1 - rng.uniform(0, 0.3) * np.clip(line[None] ** 2 + line[:, None] ** 2 - 0.3, 0, 1.5)
    light *= 1 + rng.uniform(0, 0.12) * noise(rng, size, 1.2)
    tone = rng.normal(1, 0.05, 3).astype(np.float32) * rng.uniform(0.8, 1.1)
    picture = np.clip(rgb * light[..., None] * tone, 0, 1) ** rng.uniform(0.85, 1.2)
    return (picture * 255 + 0.5).astype(np.uint8)
