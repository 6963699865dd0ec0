"""More creatures: heads that differ by ears, muzzle and marks alone, and four of another build."""

from __future__ import annotations

import numpy as np

from creatures import BLACK, WHITE, coat, iris
from drawing import TAU, Canvas, Field, around, ellipse, fold, hsv, limb, palette, path, polar, polygon, smooth

PINK = hsv(0.97, 0.45, 0.92)
AMBER = hsv(0.11, 0.9, 0.95)


def _slanted(c: Canvas, cx: float, cy: float, r: float, turn: float, slit: bool) -> None:
    """An almond eye in a dark rim, with a glint."""
    c.paint(ellipse(c.x, c.y, cx, cy, r * 1.25, r * 0.85, turn), BLACK, 0)
    c.paint(ellipse(c.x, c.y, cx, cy, r, r * 0.62, turn), iris(c) * 0.4 + AMBER * 0.6, 0.4, r * 0.4)
    c.paint(ellipse(c.x, c.y, cx, cy, r * (0.22 if slit else 0.42), r * 0.55), BLACK, 0)
    c.paint(ellipse(c.x, c.y, cx - 0.3 * r, cy - 0.25 * r, r * 0.18), np.ones(3, np.float32), 0)


def fox(c: Canvas) -> None:
    """A wedge of a head: tall ears with dark tips, pale cheeks, a fine black nose."""
    main, _, _ = palette(c.rng, "fur", 0.6)
    if c.rng.random() < 0.6:
        main = hsv(c.rng.uniform(0.04, 0.08), 0.85, 0.92)
    cream = hsv(0.1, 0.12, 0.97)
    for s in (-1, 1):
        ear = polygon(c.x, c.y, ((0.12 * s, -0.5), (0.72 * s, -1.25), (1.0 * s, -0.15)))
        c.paint(ear - 0.03, coat(c, main), 0.5, 0.15, 0.4)
        c.paint(np.maximum(ear, c.y + 0.88).astype(np.float32), BLACK * 2, 0.3, 0.1)
        c.paint(polygon(c.x, c.y, ((0.35 * s, -0.5), (0.68 * s, -0.95), (0.82 * s, -0.3))), main * 0.35, 0.3, 0.1)
    head = ((-1.02, -0.05), (-0.55, -0.58), (0.55, -0.58), (1.02, -0.05), (0.16, 0.92), (-0.16, 0.92))
    c.paint(polygon(c.x, c.y, head) - 0.07, coat(c, main), 0.6, 0.3, 0.45)
    for s in (-1, 1):
        cheek = polygon(c.x, c.y, ((1.0 * s, 0.0), (0.1 * s, 0.93), (0.26 * s, 0.2)))
        c.paint(cheek - 0.03, coat(c, cream, 0.2), 0.5, 0.15)
        _slanted(c, 0.4 * s, -0.08, 0.21, 0.45 * s, True)
    c.paint(ellipse(c.x, c.y, 0, 0.88, 0.2, 0.15), BLACK * 1.5, 0.9, 0.12, 0.3)
    c.paint(ellipse(c.x, c.y, -0.06, 0.83, 0.06, 0.035), WHITE, 0)


def rabbit(c: Canvas) -> None:
    """Two long ears, round cheeks, a small nose over two teeth."""
    main, second, accent = palette(c.rng, "fur", 0.8)
    lean = c.rng.uniform(-0.15, 0.25)
    for s in (-1, 1):
        c.paint(ellipse(c.x, c.y, 0.34 * s, -0.72, 0.22, 0.62, (0.15 + lean) * s), coat(c, main), 0.6, 0.15, 0.4)
        c.paint(ellipse(c.x, c.y, 0.34 * s, -0.7, 0.11, 0.48, (0.15 + lean) * s), PINK, 0.4, 0.1)
    c.paint(ellipse(c.x, c.y, 0, 0.35, 0.72, 0.68), coat(c, main), 0.6, 0.35, 0.45)
    for s in (-1, 1):
        c.paint(ellipse(c.x, c.y, 0.22 * s, 0.65, 0.3, 0.25), coat(c, second, 0.2), 0.5, 0.2, 0.2)
        c.eye(0.4 * s, 0.15, 0.19, iris(c) * 0.5 + accent * 0.3, accent * 0.5)
        for k in (-1, 0, 1):
            c.paint(limb(c.x, c.y, (0.3 * s, 0.62), (1.0 * s, 0.6 + 0.18 * k), 0.022), WHITE, 0)
    teeth = np.maximum(np.abs(np.abs(c.x) - 0.08) - 0.075, np.abs(c.y - 0.9) - 0.14)
    c.paint(teeth.astype(np.float32), WHITE, 0.3, 0.04, 0.2)
    c.paint(polygon(c.x, c.y, ((-0.14, 0.46), (0.14, 0.46), (0, 0.62))) - 0.03, PINK * 0.9, 0.5, 0.08)


def lion(c: Canvas) -> None:
    """A broad face in a mane of radiating locks."""
    main, second, accent = palette(c.rng, "fur", 0.7)
    mane = hsv(c.rng.uniform(0.02, 0.09), 0.8, c.rng.uniform(0.35, 0.7)) if c.rng.random() < 0.7 else accent
    radius, angle = polar(c.x, c.y - 0.05)
    for reach, locks, dim in ((1.08, 21, 0.75), (0.9, 17, 1.0)):
        ragged = radius - reach - 0.09 * np.abs(((angle * locks / TAU) % 1) - 0.5) * 2
        streak = dim * (0.7 + 0.4 * np.sin(angle * locks * 2 + 3 * np.sin(radius * 6)))
        c.paint(ragged.astype(np.float32), (mane * streak[..., None]).astype(np.float32), 0.6, 0.25, 0.4)
    for s in (-1, 1):
        c.paint(ellipse(c.x, c.y, 0.55 * s, -0.55, 0.2), coat(c, main), 0.7, 0.12, 0.4)
        c.paint(ellipse(c.x, c.y, 0.55 * s, -0.53, 0.1), main * 0.4, 0.3, 0.1)
    face = np.minimum(ellipse(c.x, c.y, 0, -0.08, 0.58, 0.55), ellipse(c.x, c.y, 0, 0.35, 0.45, 0.45))
    c.paint(face, coat(c, main), 0.6, 0.3, 0.4)
    c.paint(ellipse(c.x, c.y, 0, 0.72, 0.22, 0.16), coat(c, second, 0.2), 0.6, 0.12, 0.3)
    for s in (-1, 1):
        c.paint(ellipse(c.x, c.y, 0.19 * s, 0.48, 0.26, 0.2), coat(c, second, 0.2), 0.6, 0.15, 0.3)
        _slanted(c, 0.29 * s, -0.12, 0.17, -0.25 * s, False)
    c.paint(np.maximum(np.abs(c.x) - 0.13 + 0.1 * c.y, np.abs(c.y - 0.06) - 0.26), main * 0.8, 0.4, 0.1)
    c.paint(polygon(c.x, c.y, ((-0.2, 0.24), (0.2, 0.24), (0, 0.44))) - 0.03, BLACK * 3, 0.7, 0.1, 0.3)
    c.paint(limb(c.x, c.y, (0, 0.44), (0, 0.6), 0.03), BLACK, 0)


def panda(c: Canvas) -> None:
    """A round head with round dark ears and dark patches about the eyes."""
    pale, dark = WHITE, BLACK * 2.5
    if c.rng.random() < 0.4:
        pale, _, dark = palette(c.rng, "fur", 0.6)
        pale, dark = pale * 0.5 + 0.45, dark * 0.4
    for s in (-1, 1):
        c.paint(ellipse(c.x, c.y, 0.72 * s, -0.72, 0.33), coat(c, dark), 0.7, 0.15, 0.4)
        c.paint(ellipse(c.x, c.y, 0.95 * s, 0.95, 0.5, 0.4), coat(c, dark), 0.6, 0.2, 0.4)
    c.paint(ellipse(c.x, c.y, 0, 0.05, 1.0, 0.88), coat(c, pale, 0.25), 0.6, 0.4, 0.45)
    for s in (-1, 1):
        c.paint(ellipse(c.x, c.y, 0.42 * s, 0.0, 0.24, 0.34, 0.6 * s), coat(c, dark), 0.4, 0.15)
        c.eye(0.37 * s, -0.03, 0.14, hsv(0.07, 0.7, 0.4))
    c.paint(ellipse(c.x, c.y, 0, 0.5, 0.38, 0.3), coat(c, pale * 0.95, 0.15), 0.7, 0.2, 0.25)
    c.paint(ellipse(c.x, c.y, 0, 0.38, 0.19, 0.13), dark, 0.9, 0.1, 0.3)
    c.paint(ellipse(c.x, c.y, -0.06, 0.34, 0.05, 0.03), WHITE, 0)
    mouth = np.abs(np.hypot(np.abs(c.x) - 0.13, c.y - 0.52) - 0.13) - 0.025
    c.paint(np.maximum(mouth, 0.52 - c.y).astype(np.float32), dark, 0)


def elephant(c: Canvas) -> None:
    """Two sails of ears, a wrinkled trunk between tusks, small eyes."""
    main, second, _ = palette(c.rng, "stone", 0.8)
    skin = main * c.rng.uniform(0.7, 1.0)
    for s in (-1, 1):
        c.paint(ellipse(c.x, c.y, 0.78 * s, -0.2, 0.52, 0.66, 0.2 * s), coat(c, skin, 0.2), 0.6, 0.25, 0.45)
        c.paint(ellipse(c.x, c.y, 0.8 * s, -0.16, 0.36, 0.48, 0.2 * s), skin * 0.5 + PINK * 0.35, 0.4, 0.2)
    c.paint(ellipse(c.x, c.y, 0, -0.25, 0.55, 0.66), coat(c, skin, 0.2), 0.7, 0.3, 0.45)
    curl = float(c.rng.choice([-1, 1]))
    for s in (-1, 1):
        tusk = path(c.x, c.y, ((0.3 * s, 0.2), (0.42 * s, 0.55), (0.62 * s, 0.72)), 0.11, 0.03)
        c.paint(tusk, hsv(0.12, 0.15, 0.97), 0.7, 0.1, 0.35)
        c.eye(0.33 * s, -0.22, 0.11, second * 0.5)
    points = ((0, -0.1), (0, 0.35), (0.02 * curl, 0.75), (0.16 * curl, 1.05), (0.42 * curl, 1.08))
    trunk = path(c.x, c.y, points, 0.25, 0.11)
    wrinkle = (0.78 + 0.3 * smooth(np.abs(fold(c.y + 0.08 * np.cos(c.x * 9), 0.15)[0]), 0.015, 0.06))[..., None]
    c.paint(trunk, (coat(c, skin, 0.2) * wrinkle).astype(np.float32), 0.8, 0.2, 0.45)


def bee(c: Canvas) -> None:
    """From above: a banded abdomen, a furry chest, four clear wings, big eyes."""
    yellow = hsv(c.rng.uniform(0.09, 0.15), 0.9, 1.0)
    if c.rng.random() < 0.3:
        yellow = palette(c.rng, "flower", 0.3)[0]
    x = np.abs(c.x)
    for cy, length, turn in ((-0.32, 0.62, -0.35), (0.02, 0.45, 0.35)):
        wing = ellipse(x, c.y, 0.62, cy, length, 0.24, turn)
        veins = (0.8 + 0.2 * np.cos(np.arctan2(c.y - cy + 0.3, x) * 14))[..., None]
        tone = 0.45 * c.rgb + 0.5 * np.array([0.85, 0.95, 1.0], np.float32) * veins
        c.paint(wing - 0.03, BLACK * 3, 0.2, 0.05, 0.25)
        c.paint(wing, tone.astype(np.float32), 0.5, 0.1)
    abdomen = ellipse(c.x, c.y, 0, 0.52, 0.44, 0.62)
    band = smooth(np.sin((c.y + 0.15 * c.x**2) * 13), -0.25, 0.25)[..., None]
    c.paint(abdomen, (yellow * band + BLACK * (1 - band)).astype(np.float32), 0.9, 0.3, 0.45)
    c.paint(ellipse(c.x, c.y, 0, -0.18, 0.4, 0.36), coat(c, yellow * 0.75, 0.6), 0.8, 0.25, 0.4)
    c.paint(path(x, c.y, ((0.1, -0.75), (0.26, -1.0), (0.46, -1.08)), 0.05), BLACK, 0.3)
    c.paint(ellipse(c.x, c.y, 0, -0.66, 0.3, 0.24), BLACK * 2, 0.8, 0.15, 0.3)
    c.eye(-0.23, -0.68, 0.14, iris(c) * 0.6, BLACK * 4)
    c.eye(0.23, -0.68, 0.14, iris(c) * 0.6, BLACK * 4)


def crab(c: Canvas) -> None:
    """A wide shell between two open claws, bent legs, eyes on stalks."""
    main, second, accent = palette(c.rng, "flower", 0.6)
    if c.rng.random() < 0.4:
        main = hsv(c.rng.uniform(0.0, 0.05), 0.88, 0.92)
    x = np.abs(c.x)
    for ky, ty in ((0.25, 0.35), (0.45, 0.72), (0.62, 1.05)):
        c.paint(path(x, c.y, ((0.45, ky), (0.85, ky - 0.05), (1.08, ty)), 0.1, 0.05), main * 0.75, 0.7, 0.08, 0.35)
    c.paint(path(x, c.y, ((0.5, 0.1), (0.88, -0.05), (0.82, -0.4)), 0.13), main * 0.85, 0.7, 0.12, 0.35)
    gap = polygon(x, c.y, ((0.68, -0.6), (0.5, -1.3), (0.86, -1.3)))
    claw = np.maximum(ellipse(x, c.y, 0.72, -0.72, 0.36, 0.4), -gap)
    c.paint(claw.astype(np.float32), main, 0.8, 0.2, 0.45)
    for s in (-1, 1):
        c.paint(limb(c.x, c.y, (0.2 * s, 0.0), (0.22 * s, -0.35), 0.07), main * 0.8, 0.5, 0.06)
    shell = np.maximum(ellipse(c.x, c.y, 0, 0.32, 0.72, 0.5), -0.18 - c.y + 0.12 * c.x**2)
    c.paint(shell.astype(np.float32), coat(c, main, 0.25), 0.9, 0.35, 0.45)
    for cx, cy, r in ((0.0, 0.1, 0.09), (0.3, 0.2, 0.11), (0.15, 0.45, 0.08), (0.42, 0.45, 0.07)):
        c.paint(ellipse(x, c.y, cx, cy, r), second * 0.6 + accent * 0.4, 0.5, 0.06)
    c.eye(-0.22, -0.42, 0.15, iris(c))
    c.eye(0.22, -0.42, 0.15, iris(c))


def jellyfish(c: Canvas) -> None:
    """A glowing bell with a scalloped rim over waving ribbons."""
    main, second, accent = palette(c.rng, "water", 0.5)
    glow = main * 0.7 + 0.3
    p = c.rng.uniform(0, TAU)
    for k in range(7):
        at = (k - 3) * 0.2
        sway = at * 1.25 + 0.12 * np.sin(c.y * 5 + p + k) * smooth(c.y, -0.1, 0.5)
        ribbon: Field = np.maximum(np.abs(c.x - sway) - 0.075 + 0.03 * c.y, np.abs(c.y - 0.5) - 0.65 + 0.1 * (k % 2))
        tone = (glow, accent * 0.6 + 0.35, second * 0.7 + 0.2)[k % 3]
        c.paint(ribbon.astype(np.float32), (0.25 * c.rgb + 0.75 * tone).astype(np.float32), 0.7, 0.07, 0.25)
    rim = 0.05 * np.abs(np.sin(c.x * 9))
    bell = np.maximum(ellipse(c.x, c.y, 0, -0.15, 0.92, 0.95), c.y - 0.02 - rim).astype(np.float32)
    lines = 0.8 + 0.25 * np.cos(np.arctan2(c.x, -(c.y - 0.7)) * 22)
    tone = (0.2 * c.rgb + 0.8 * glow * lines[..., None]).astype(np.float32)
    c.paint(bell, tone, 0.8, 0.35, 0.4)
    along, across, _ = around(c.x, c.y + 0.42, 4, TAU / 8)
    c.paint(ellipse(along, across, 0.2, 0, 0.16, 0.13), accent * 0.8, 0.5, 0.08)
    c.paint(np.maximum(np.abs(c.y - 0.0 - rim) - 0.05, bell).astype(np.float32), second, 0.5, 0.05)


ANIMALS = {
    "fox": fox,
    "rabbit": rabbit,
    "lion": lion,
    "panda": panda,
    "elephant": elephant,
    "bee": bee,
    "crab": crab,
    "jellyfish": jellyfish,
}
