"""Canvas, noise, colours and distance fields: what the procedural motifs are drawn with.

Fields are float32 [size, size] arrays over the picture; a distance field is
negative inside a shape. Motif coordinates ``x`` (right) and ``y`` (down) are
already turned, moved, scaled and gently warped, so every drawing inherits that.
"""

from __future__ import annotations

import colorsys
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy import fft, ndimage

Field = npt.NDArray[np.float32]
Colour = npt.NDArray[np.float32]
TAU = 2 * np.pi

# Hue (turns), saturation, value of main, second and accent colours found together in nature.
NATURAL: dict[str, tuple[tuple[tuple[float, float, float], ...], ...]] = {
    "fur": (
        ((0.08, 0.65, 0.62), (0.09, 0.35, 0.92), (0.05, 0.7, 0.28)),
        ((0.07, 0.75, 0.85), (0.11, 0.25, 0.97), (0.04, 0.8, 0.35)),
        ((0.6, 0.1, 0.55), (0.1, 0.08, 0.93), (0.65, 0.2, 0.22)),
        ((0.1, 0.45, 0.8), (0.1, 0.15, 0.97), (0.06, 0.6, 0.4)),
    ),
    "plant": (
        ((0.3, 0.75, 0.6), (0.22, 0.7, 0.88), (0.36, 0.8, 0.28)),
        ((0.25, 0.8, 0.7), (0.16, 0.75, 0.95), (0.33, 0.9, 0.3)),
        ((0.42, 0.7, 0.5), (0.3, 0.5, 0.85), (0.45, 0.8, 0.22)),
        ((0.06, 0.85, 0.8), (0.12, 0.85, 0.95), (0.01, 0.85, 0.45)),
    ),
    "flower": (
        ((0.93, 0.7, 0.95), (0.14, 0.85, 0.98), (0.88, 0.8, 0.5)),
        ((0.06, 0.85, 0.98), (0.02, 0.9, 0.6), (0.13, 0.8, 1.0)),
        ((0.0, 0.02, 0.98), (0.13, 0.9, 0.97), (0.75, 0.3, 0.6)),
        ((0.76, 0.65, 0.85), (0.15, 0.7, 0.98), (0.72, 0.8, 0.4)),
        ((0.98, 0.88, 0.88), (0.12, 0.6, 0.9), (0.97, 0.9, 0.4)),
        ((0.14, 0.85, 0.98), (0.07, 0.9, 0.55), (0.1, 0.95, 0.85)),
    ),
    "stone": (
        ((0.08, 0.3, 0.7), (0.1, 0.15, 0.92), (0.07, 0.45, 0.32)),
        ((0.04, 0.6, 0.66), (0.09, 0.25, 0.9), (0.02, 0.6, 0.3)),
        ((0.6, 0.2, 0.6), (0.58, 0.1, 0.9), (0.62, 0.35, 0.25)),
        ((0.11, 0.45, 0.82), (0.12, 0.2, 0.98), (0.06, 0.6, 0.38)),
    ),
    "water": (
        ((0.54, 0.7, 0.75), (0.5, 0.25, 0.97), (0.6, 0.85, 0.35)),
        ((0.48, 0.65, 0.7), (0.08, 0.7, 0.98), (0.58, 0.8, 0.3)),
        ((0.62, 0.7, 0.75), (0.53, 0.35, 0.95), (0.66, 0.8, 0.3)),
        ((0.05, 0.8, 0.95), (0.1, 0.2, 0.98), (0.58, 0.7, 0.35)),
    ),
}


def hsv(hue: float, saturation: float, value: float) -> Colour:
    """RGB colour [3] of 0..1."""
    return np.array(colorsys.hsv_to_rgb(hue % 1, min(max(saturation, 0), 1), min(max(value, 0), 1)), np.float32)


def palette(rng: np.random.Generator, kind: str, natural: float = 0.6) -> list[Colour]:
    """Main, second and accent colour: natural ones of a kind, or hues far apart, light against dark.

    ``natural`` is how far colour belongs to the motif; half of what is left is natural too, since a network that
    may not trust colours dreams in rainbows.
    """
    if rng.random() < 0.5 + 0.5 * natural:
        sets = NATURAL[kind]
        chosen = sets[rng.integers(len(sets))]
        shift = rng.normal(0, 0.02)
        return [hsv(h + shift, s * rng.uniform(0.8, 1.15), v * rng.uniform(0.85, 1.1)) for h, s, v in chosen]
    hue, apart = rng.random(), rng.uniform(0.28, 0.72)
    light = hsv(hue, rng.uniform(0.25, 0.75), rng.uniform(0.8, 1.0))
    dark = hsv(hue + apart, rng.uniform(0.6, 1.0), rng.uniform(0.3, 0.6))
    accent = hsv(hue + apart / 2 + 0.5 * rng.integers(2), rng.uniform(0.6, 0.95), rng.uniform(0.5, 1.0))
    return [light, dark, accent] if rng.random() < 0.6 else [dark, light, accent]


def noise(rng: np.random.Generator, size: int, slope: float = 1.0, band: tuple[float, float] = (0, 1e9)) -> Field:
    """Periodic noise of zero mean and unit deviation: amplitude 1 / f**slope within a band of cycles per picture."""
    frequency = np.hypot(fft.fftfreq(size, 1 / size)[:, None], fft.rfftfreq(size, 1 / size)[None])
    frequency[0, 0] = 1e9
    gain = np.where((frequency >= band[0]) & (frequency <= band[1]), frequency**-slope, 0)
    white = fft.rfft2(rng.standard_normal((size, size), dtype=np.float32))
    field = fft.irfft2(white * gain.astype(np.float32), s=(size, size)).astype(np.float32)
    return (field - field.mean()) / (field.std() + 1e-6)


def sample(field: Field, x: Field, y: Field) -> Field:
    """A periodic field read at coordinates in periods, bilinearly."""
    size = field.shape[0]
    return ndimage.map_coordinates(field, [y * size, x * size], order=1, mode="grid-wrap")


def smooth(value: Field | float, low: float, high: float) -> Field:
    """0 below low, 1 above high, a cubic between."""
    t = np.clip((value - low) / (high - low), 0, 1).astype(np.float32)
    return t * t * (3 - 2 * t)


def fold(value: Field, period: float) -> tuple[Field, Field]:
    """Position within the nearest repeat (about 0) and that repeat's number."""
    number = np.round(value / period)
    return value - number * period, number


def scatter(number: Field, other: Field | float = 0.0) -> Field:
    """A fixed pseudo-random 0..1 of whole numbers."""
    value = np.sin(number * 12.9898 + other * 78.233 + 1.7) * 43758.547
    return (value - np.floor(value)).astype(np.float32)


def ellipse(x: Field, y: Field, cx: float, cy: float, rx: float, ry: float | None = None, turn: float = 0.0) -> Field:
    """Distance to an ellipse (approximate away from its edge)."""
    ry = rx if ry is None else ry
    dx, dy = x - cx, y - cy
    if turn:
        dx, dy = np.cos(turn) * dx + np.sin(turn) * dy, np.cos(turn) * dy - np.sin(turn) * dx
    return (np.sqrt((dx / rx) ** 2 + (dy / ry) ** 2) - 1) * min(rx, ry)


def box(x: Field, y: Field, cx: float, cy: float, w: float, h: float, corner: float = 0.0) -> Field:
    """Distance to a box of half width w and half height h with rounded corners."""
    dx, dy = np.abs(x - cx) - w + corner, np.abs(y - cy) - h + corner
    return np.hypot(np.maximum(dx, 0), np.maximum(dy, 0)) + np.minimum(np.maximum(dx, dy), 0) - corner


def limb(x: Field, y: Field, start: Sequence[float], end: Sequence[float], r0: float, r1: float | None = None) -> Field:
    """Distance to a capsule whose radius goes from r0 to r1."""
    r1 = r0 if r1 is None else r1
    ax, ay = end[0] - start[0], end[1] - start[1]
    t = np.clip(((x - start[0]) * ax + (y - start[1]) * ay) / (ax * ax + ay * ay + 1e-9), 0, 1)
    return np.hypot(x - start[0] - t * ax, y - start[1] - t * ay) - (r0 + (r1 - r0) * t)


def path(x: Field, y: Field, points: Sequence[Sequence[float]], r0: float, r1: float | None = None) -> Field:
    """Distance to a thick line through points that tapers from r0 to r1."""
    radii = np.linspace(r0, r0 if r1 is None else r1, len(points))
    pieces = [limb(x, y, points[i], points[i + 1], radii[i], radii[i + 1]) for i in range(len(points) - 1)]
    return np.minimum.reduce(pieces)


def polygon(x: Field, y: Field, points: Sequence[Sequence[float]]) -> Field:
    """Distance to a simple polygon."""
    nearest = np.full_like(x, 1e9)
    sign = np.ones_like(x)
    for (ax, ay), (bx, by) in zip(points, [*points[-1:], *points[:-1]], strict=True):
        ex, ey = bx - ax, by - ay
        wx, wy = x - ax, y - ay
        t = np.clip((wx * ex + wy * ey) / (ex * ex + ey * ey + 1e-9), 0, 1)
        nearest = np.minimum(nearest, (wx - ex * t) ** 2 + (wy - ey * t) ** 2)
        crosses = ((y >= ay) != (y >= by)) & (wx * ey * np.sign(ey) < ex * wy * np.sign(ey))
        sign = np.where(crosses, -sign, sign)
    return (sign * np.sqrt(nearest)).astype(np.float32)


def polar(x: Field, y: Field) -> tuple[Field, Field]:
    """Radius, and angle in radians (0 to the right, growing downwards)."""
    return np.hypot(x, y), np.arctan2(y, x)


def around(x: Field, y: Field, count: int, start: float = 0.0) -> tuple[Field, Field, Field]:
    """Coordinates folded into one of ``count`` equal sectors (along it, across it) and the sector's number."""
    radius, angle = polar(x, y)
    local, number = fold(angle - start, TAU / count)
    return radius * np.cos(local), radius * np.sin(local), number % count


def cells(
    rng: np.random.Generator, x: Field, y: Field, jitter: float = 0.8
) -> tuple[Field, Field, Field, Field, Field]:
    """Voronoi cells of a jittered unit grid: nearest and second distance, a random id, the way to the seed (x, y)."""
    table = rng.random((3, 24, 24), dtype=np.float32)
    cx, cy = np.floor(x).astype(np.int32), np.floor(y).astype(np.int32)
    first, second = np.full_like(x, 9.0), np.full_like(x, 9.0)
    name, right, down = np.zeros_like(x), np.zeros_like(x), np.zeros_like(x)
    for oy in (-1, 0, 1):
        for ox in (-1, 0, 1):
            entry = table[:, (cy + oy) % 24, (cx + ox) % 24]
            dx = cx + ox + 0.5 + jitter * (entry[0] - 0.5) - x
            dy = cy + oy + 0.5 + jitter * (entry[1] - 0.5) - y
            distance = np.hypot(dx, dy)
            nearer = distance < first
            second = np.where(nearer, first, np.minimum(second, distance))
            first = np.where(nearer, distance, first)
            name = np.where(nearer, entry[2], name)
            right, down = np.where(nearer, dx, right), np.where(nearer, dy, down)
    return first, second, name, right, down


class Canvas:
    """A picture being drawn: colours ``rgb`` [size, size, 3], motif coordinates and a light from one side."""

    def __init__(
        self,
        rng: np.random.Generator,
        rgb: Field,
        scale: float = 1.0,
        tilt: float = np.pi,
        centre: tuple[float, float] = (0.0, 0.0),
        repeat: bool = False,
    ) -> None:
        size = rgb.shape[0]
        self.rng, self.rgb, self.size = rng, rgb, size
        self.pixel = 2 / size / scale
        line = np.linspace(-1, 1, size, dtype=np.float32)
        u, v = np.meshgrid((line - centre[0]) / scale, (line - centre[1]) / scale)
        turn = rng.uniform(-tilt, tilt)
        x, y = np.cos(turn) * u + np.sin(turn) * v, np.cos(turn) * v - np.sin(turn) * u
        self.x, self.y = self._warp(x.astype(np.float32), y.astype(np.float32), scale)
        if repeat:
            self.x, self.y = self._lattice()
        side = rng.uniform(-0.8, 0.8)
        self.light = (float(np.sin(side)), float(-np.cos(side)))

    def _warp(self, x: Field, y: Field, scale: float) -> tuple[Field, Field]:
        amount, waves = self.rng.uniform(0, 0.06, 2) / scale, self.rng.uniform(1.5, 3.5, 2) * scale
        p, q = self.rng.uniform(0, TAU, 2)
        return x + amount[0] * np.sin(waves[0] * y + p), y + amount[1] * np.sin(waves[1] * x + q)

    def _lattice(self) -> tuple[Field, Field]:
        """Many small copies side by side, every other row shifted by half."""
        y, row = fold(self.y, 2.3)
        x, _ = fold(self.x + 1.15 * (row % 2), 2.3)
        return x, y

    def slope(self, field: Field) -> Field:
        """Rise towards the light per motif unit."""
        rise = np.zeros_like(field)
        rise[:, 1:-1] += (field[:, 2:] - field[:, :-2]) * self.light[0]
        rise[1:-1] += (field[2:] - field[:-2]) * self.light[1]
        return rise / (2 * self.pixel)

    def cover(self, mix: Field, low: Colour, high: Colour) -> None:
        """Fill the whole picture: colour low where mix is 0, high where it is 1."""
        self.rgb[:] = low + mix[..., None] * (high - low)

    def tint(self, mask: Field, colour: Colour, amount: float = 1.0) -> None:
        """Blend a colour in where the mask is 1."""
        self.rgb += (amount * mask)[..., None] * (colour - self.rgb)

    def emboss(self, height: Field, strength: float) -> None:
        """Light a height field from the canvas's side: slopes that face the light brighten."""
        self.rgb *= np.clip(1 - strength * self.slope(height), 0.35, 1.7)[..., None]

    def paint(
        self, distance: Field, colour: Colour, relief: float = 0.4, depth: float = 0.2, shadow: float = 0.0
    ) -> None:
        """Fill a shape, rounded by light within ``depth`` of its edge, with a soft shadow around it."""
        reach = depth if shadow else self.pixel
        rows, columns = np.flatnonzero((distance < reach).any(1)), np.flatnonzero((distance < reach).any(0))
        if not len(rows):
            return
        part = (slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1))
        near, target = distance[part], self.rgb[part]
        if shadow:
            target *= (1 - shadow * np.exp(-np.maximum(near, 0) * 3 / depth))[..., None]
        alpha = np.clip(0.5 - near / self.pixel, 0, 1)[..., None]
        rim = np.clip(1 + near / depth, 0, 1)
        lit = 1 + relief * (np.clip(self.slope(near), -1.5, 1.5) * rim - 0.25 * rim + 0.1)
        paint = colour[part] if colour.ndim == 3 else colour
        target += alpha * (paint * lit[..., None] - target)

    def eye(self, cx: float, cy: float, r: float, iris: Colour, white: Colour | None = None) -> None:
        """A round eye: white, iris with rays, big pupil, a bright glint."""
        x, y = self.x - cx, self.y - cy
        self.paint(ellipse(x, y, 0, 0, r * 1.12), np.array([0.05, 0.04, 0.05], np.float32), 0)
        self.paint(ellipse(x, y, 0, 0, r), np.array([0.97, 0.96, 0.92], np.float32) if white is None else white, 0.3, r)
        radius, angle = polar(x, y)
        rays = 0.8 + 0.25 * np.sin(angle * 14) * smooth(radius, 0.3 * r, 0.6 * r)
        self.paint(radius - 0.74 * r, iris * rays[..., None].astype(np.float32), 0.3, 0.3 * r)
        self.paint(radius - 0.42 * r, np.array([0.02, 0.02, 0.03], np.float32), 0)
        self.paint(ellipse(x, y, -0.28 * r, -0.3 * r, 0.2 * r), np.ones(3, np.float32), 0)
