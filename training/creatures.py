"""Creatures and built things: big simple parts, filled bodies, eyes that look back."""

from __future__ import annotations

import numpy as np

from drawing import (
    TAU,
    Canvas,
    Colour,
    around,
    box,
    ellipse,
    fold,
    hsv,
    limb,
    noise,
    palette,
    path,
    polar,
    polygon,
    sample,
    scatter,
    smooth,
)
from figures import whorl
from textures import scale_field

BLACK = np.array([0.04, 0.03, 0.04], np.float32)
WHITE = np.array([0.97, 0.96, 0.93], np.float32)


def iris(c: Canvas) -> Colour:
    """A vivid colour for an eye."""
    return hsv(c.rng.random(), c.rng.uniform(0.55, 0.95), c.rng.uniform(0.65, 1.0))


def coat(c: Canvas, colour: Colour, amount: float = 0.35) -> Colour:
    """A colour field [size, size, 3] broken up like short fur or skin."""
    hair = sample(noise(c.rng, 128, 0.5), c.x * 0.5, c.y * 0.14)
    return (colour * (1 + amount * np.clip(hair, -1.5, 1.5) * 0.5)[..., None]).astype(np.float32)


def eye(c: Canvas) -> None:
    """One large eye between lids with lashes."""
    skin, second, _ = palette(c.rng, "fur", 0.5)
    colour = iris(c)
    lid = np.hypot(c.x, np.abs(c.y) + 0.55) - 1.12
    along = c.x + 0.25 * c.y
    lash = np.maximum(np.abs(fold(along, 0.2)[0]) - 0.035, np.maximum(lid - 0.24, c.y))
    c.paint(lid - 0.2, skin, 0.6, 0.25, 0.4)
    c.paint(lash.astype(np.float32), BLACK, 0)
    c.paint(lid - 0.06, second * 0.25, 0.2, 0.05)
    c.paint(lid, WHITE, 0.5, 0.25)
    x, y = c.x - c.rng.uniform(-0.15, 0.15), c.y
    radius, angle = polar(x, y)
    rays = 0.75 + 0.3 * np.sin(angle * 22) * smooth(radius, 0.2, 0.35) + 0.25 * smooth(radius, 0.3, 0.2)
    for r, tone in ((0.5, BLACK), (0.46, (colour * rays[..., None]).astype(np.float32)), (0.22, BLACK)):
        c.paint(np.maximum(radius - r, lid), tone, 0.3, 0.15)
    c.paint(ellipse(x, y, -0.16, -0.17, 0.1), np.ones(3, np.float32), 0)


def owl(c: Canvas) -> None:
    """Round body of feathers, ear tufts, two huge eyes, a beak."""
    main, second, accent = palette(c.rng, "fur", 0.7)
    body = np.minimum(ellipse(c.x, c.y, 0, 0.3, 0.72, 0.82), ellipse(c.x, c.y, 0, -0.42, 0.74, 0.58))
    for side in (-1, 1):
        ear = polygon(c.x, c.y, ((side * 0.25, -0.85), (side * 0.72, -1.2), (side * 0.72, -0.5)))
        body = np.minimum(body, ear)
    c.paint(body, coat(c, main), 0.6, 0.3, 0.45)
    inside, name, _, v = scale_field(c.x * 4.2, c.y * 4.2)
    shade = second * ((0.5 + 0.5 * smooth(inside, 0.02, 0.2)) * (0.8 + 0.3 * name))[..., None]
    c.paint(ellipse(c.x, c.y, 0, 0.52, 0.46, 0.55), (shade + 0.2 * accent * (v < 0.1)[..., None]).astype(np.float32))
    for side in (-1, 1):
        c.paint(ellipse(c.x, c.y, 0.66 * side, 0.4, 0.2, 0.55, 0.2 * side), coat(c, accent), 0.7, 0.15, 0.3)
        c.paint(ellipse(c.x, c.y, 0.33 * side, -0.4, 0.41), second, 0.4, 0.1)
    colour = iris(c) * 0.5 + np.array([0.5, 0.35, 0], np.float32)
    c.eye(-0.33, -0.4, 0.3, colour, colour)
    c.eye(0.33, -0.4, 0.3, colour, colour)
    beak = polygon(c.x, c.y, ((-0.14, -0.22), (0.14, -0.22), (0, 0.14)))
    c.paint(beak, hsv(0.1, 0.9, 0.95), 0.6, 0.1, 0.4)


def cat(c: Canvas) -> None:
    """A striped head with pointed ears, slit pupils, nose and whiskers."""
    main, second, accent = palette(c.rng, "fur", 0.75)
    head = ellipse(c.x, c.y, 0, 0.15, 0.92, 0.78)
    for side in (-1, 1):
        ear = ((side * 0.1, -0.45), (side * 0.85, -1.15), (side * 0.9, -0.05))
        inner = ((side * 0.33, -0.5), (side * 0.74, -0.92), (side * 0.77, -0.3))
        c.paint(polygon(c.x, c.y, ear) - 0.03, coat(c, main), 0.5, 0.15, 0.4)
        c.paint(polygon(c.x, c.y, inner), hsv(0.98, 0.35, 0.9), 0.4, 0.1)
    stripe = np.sin(np.abs(c.x) * 13 - 2.0 * c.y) * (np.abs(c.x) > 0.45) + (c.y < -0.28) * np.cos(c.x * 16)
    tone = coat(c, main) * (1 - 0.55 * smooth(stripe, 0.2, 0.6))[..., None]
    c.paint(head, tone.astype(np.float32), 0.6, 0.35, 0.4)
    c.paint(np.minimum(ellipse(c.x, c.y, -0.2, 0.52, 0.28, 0.22), ellipse(c.x, c.y, 0.2, 0.52, 0.28, 0.22)), second)
    colour = hsv(c.rng.uniform(0.12, 0.55), 0.8, 0.95)
    for side in (-1, 1):
        c.paint(ellipse(c.x, c.y, 0.4 * side, 0.03, 0.29, 0.25, 0.25 * side), BLACK, 0)
        c.paint(ellipse(c.x, c.y, 0.4 * side, 0.03, 0.26, 0.22, 0.25 * side), colour, 0.4, 0.15)
        c.paint(ellipse(c.x, c.y, 0.4 * side, 0.03, 0.08, 0.21), BLACK, 0)
        c.paint(ellipse(c.x, c.y, 0.4 * side - 0.08, -0.06, 0.055), np.ones(3, np.float32), 0)
        for k in (-1, 0, 1):
            c.paint(limb(c.x, c.y, (0.3 * side, 0.52), (1.1 * side, 0.5 + 0.17 * k), 0.035), accent * 0.3 + 0.7, 0)
    c.paint(polygon(c.x, c.y, ((-0.13, 0.3), (0.13, 0.3), (0, 0.45))) - 0.02, hsv(0.97, 0.5, 0.75), 0.5, 0.08)
    c.paint(limb(c.x, c.y, (0, 0.42), (0, 0.6), 0.035), BLACK, 0)


def dog(c: Canvas) -> None:
    """A long head with hanging ears, a muzzle, a big nose and a tongue."""
    main, second, accent = palette(c.rng, "fur", 0.8)
    c.paint(ellipse(c.x, c.y, 0, -0.05, 0.72, 0.85), coat(c, main), 0.6, 0.35, 0.4)
    c.paint(ellipse(c.x, c.y, 0, -0.5, 0.16, 0.45), second, 0.2, 0.1)
    c.paint(ellipse(c.x, c.y, 0, 0.78, 0.2, 0.3), hsv(0.97, 0.6, 0.9), 0.5, 0.12, 0.3)
    muzzle = np.minimum(ellipse(c.x, c.y, -0.22, 0.48, 0.34, 0.3), ellipse(c.x, c.y, 0.22, 0.48, 0.34, 0.3))
    c.paint(np.minimum(muzzle, ellipse(c.x, c.y, 0, 0.3, 0.35, 0.35)), coat(c, second, 0.2), 0.6, 0.2, 0.3)
    for side in (-1, 1):
        c.paint(ellipse(c.x, c.y, 0.78 * side, 0.0, 0.27, 0.68, -0.25 * side), coat(c, accent), 0.7, 0.2, 0.5)
    colour = hsv(0.07, 0.8, 0.5) if c.rng.random() < 0.6 else iris(c)
    c.eye(-0.32, -0.18, 0.19, colour)
    c.eye(0.32, -0.18, 0.19, colour)
    c.paint(ellipse(c.x, c.y, 0, 0.25, 0.22, 0.16), BLACK * 2, 0.9, 0.12, 0.3)
    c.paint(ellipse(c.x, c.y, -0.07, 0.19, 0.06, 0.035), WHITE, 0)
    c.paint(limb(c.x, c.y, (0, 0.35), (0, 0.58), 0.04), BLACK, 0)


def fish(c: Canvas) -> None:
    """A scaled body with striped fins and a round eye."""
    main, second, accent = palette(c.rng, "water", 0.6)
    fins = polygon(c.x, c.y, ((0.5, 0.0), (1.15, -0.55), (1.0, 0.0), (1.15, 0.55)))
    fins = np.minimum(fins, polygon(c.x, c.y, ((-0.35, -0.35), (0.1, -0.85), (0.6, -0.7), (0.45, -0.2))))
    fins = np.minimum(fins, polygon(c.x, c.y, ((-0.15, 0.4), (0.15, 0.85), (0.5, 0.65), (0.35, 0.25))))
    rays = (0.75 + 0.3 * np.sin(np.arctan2(c.y, c.x + 0.3) * 38))[..., None]
    c.paint(fins - 0.04, (accent * rays).astype(np.float32), 0.4, 0.1, 0.4)
    inside, name, _, _ = scale_field(c.y * 5 + 40, -c.x * 5 + 40)
    belly = main + smooth(c.y, -0.1, 0.5)[..., None] * (second - main)
    tone = belly * ((0.5 + 0.55 * smooth(inside, 0.02, 0.25)) * (0.85 + 0.3 * name))[..., None]
    body = ellipse(c.x, c.y, -0.1, 0, 0.85, 0.52)
    c.paint(body, tone.astype(np.float32), 0.7, 0.3, 0.4)
    c.paint(np.maximum(body, ellipse(c.x, c.y, -0.95, 0, 0.52, 0.7)), belly.astype(np.float32), 0.5, 0.15)
    c.paint(np.maximum(np.abs(np.hypot(c.x + 0.95, c.y) - 0.5) - 0.03, body), accent * 0.5, 0)
    c.paint(ellipse(c.x, c.y, 0.05, 0.15, 0.24, 0.12, 0.4), (accent * rays).astype(np.float32), 0.5, 0.1, 0.4)
    c.eye(-0.62, -0.12, 0.2, iris(c))
    c.paint(limb(c.x, c.y, (-0.97, 0.12), (-0.75, 0.2), 0.035), accent * 0.3, 0)


def bird(c: Canvas) -> None:
    """A perching bird: feathered wing, long tail, beak, round eye."""
    main, second, accent = palette(c.rng, "flower", 0.5)
    c.paint(limb(c.x, c.y, (-1.2, 0.8), (1.2, 0.72), 0.09), hsv(0.07, 0.6, 0.4), 0.6, 0.09, 0.3)
    for k in range(3):
        c.paint(limb(c.x, c.y, (0.3, 0.25), (1.0 + 0.08 * k, 0.35 + 0.2 * k), 0.12, 0.08), accent, 0.6, 0.1, 0.3)
    c.paint(polygon(c.x, c.y, ((-0.75, -0.62), (-1.2, -0.42), (-0.72, -0.32))), hsv(0.1, 0.9, 0.95), 0.5, 0.1, 0.3)
    body = np.minimum(ellipse(c.x, c.y, 0, 0.15, 0.68, 0.5, 0.45), ellipse(c.x, c.y, -0.45, -0.45, 0.42))
    c.paint(body, coat(c, main), 0.7, 0.3, 0.4)
    c.paint(ellipse(c.x, c.y, -0.3, 0.25, 0.3, 0.42, -0.4), coat(c, second), 0.5, 0.2)
    inside, name, _, _ = scale_field(c.x * 4.5 - 2.5 * c.y, c.y * 4.5)
    feather = accent * ((0.5 + 0.6 * smooth(inside, 0.02, 0.25)) * (0.8 + 0.4 * name))[..., None]
    c.paint(ellipse(c.x, c.y, 0.2, 0.12, 0.56, 0.3, 0.45), feather.astype(np.float32), 0.6, 0.15, 0.4)
    for foot in (-0.15, 0.12):
        c.paint(limb(c.x, c.y, (foot, 0.6), (foot, 0.82), 0.07), hsv(0.08, 0.8, 0.7), 0.4, 0.05)
    c.eye(-0.53, -0.5, 0.16, iris(c))


def butterfly(c: Canvas) -> None:
    """Four mirrored wings with eye spots and veins round a slim body."""
    main, second, accent = palette(c.rng, "flower", 0.5)
    x, y = np.abs(c.x), c.y
    upper, lower = ellipse(x, y, 0.58, -0.38, 0.6, 0.42, -0.6), ellipse(x, y, 0.46, 0.48, 0.42, 0.46, 0.5)
    veins = (0.8 + 0.28 * np.cos(np.arctan2(y + 0.05, x) * 15))[..., None]
    for wing, tone in ((lower, second), (upper, main)):
        c.paint(wing - 0.06, BLACK * 2, 0.3, 0.08, 0.4)
        c.paint(wing + 0.03, (tone * veins).astype(np.float32), 0.5, 0.15)
    for cx, cy, r in ((0.72, -0.5, 0.22), (0.52, 0.55, 0.19)):
        for share, tone in ((1.0, accent), (0.72, BLACK), (0.45, WHITE), (0.25, accent)):
            c.paint(ellipse(x, y, cx, cy, r * share), tone, 0.3, 0.1)
    c.paint(path(x, y, ((0.03, -0.5), (0.2, -0.85), (0.36, -1.0)), 0.055), BLACK, 0)
    c.paint(limb(c.x, y, (0, -0.5), (0, 0.7), 0.13, 0.07), accent * 0.3, 0.9, 0.12, 0.4)


def snail(c: Canvas) -> None:
    """A spiral shell on a soft body with eyes on stalks."""
    main, second, accent = palette(c.rng, "fur", 0.5)
    skin = palette(c.rng, "stone", 0.7)[0]
    foot = path(c.x, c.y, ((1.1, 0.85), (0.2, 0.72), (-0.6, 0.72), (-0.85, 0.2)), 0.12, 0.24)
    for tip in ((-1.1, -0.35), (-0.68, -0.42)):
        c.paint(limb(c.x, c.y, (-0.82, 0.15), tip, 0.075), skin, 0.5, 0.07)
    c.paint(foot, coat(c, skin, 0.25), 0.7, 0.2, 0.4)
    x, y = c.x - 0.25, c.y + 0.02
    local, along = whorl(x, y, 2.1)
    tone = main + smooth(np.cos(along * TAU * 6 - 3 * local), 0.0, 0.5)[..., None] * (second - main) * 0.8
    dome = np.sqrt(np.clip(1.05 - (2 * local) ** 2, 0.05, 1))
    c.paint(ellipse(x, y, 0, 0, 0.78), (tone * (0.25 + 0.85 * dome)[..., None]).astype(np.float32), 0.4, 0.2, 0.5)
    c.paint(ellipse(x, y, 0, 0, 0.08), accent * 0.5, 0)
    c.eye(-1.1, -0.38, 0.15, iris(c))
    c.eye(-0.66, -0.45, 0.15, iris(c))


def spider(c: Canvas) -> None:
    """Eight bent legs, a marked abdomen and a cluster of eyes."""
    main, second, accent = palette(c.rng, "fur", 0.4)
    legs = ((-0.95, -0.75, -0.75, -1.1), (-0.85, -0.35, -1.15, -0.6), (-0.85, 0.1, -1.15, 0.4), (-0.7, 0.4, -0.9, 1))
    x = -np.abs(c.x)
    for kx, ky, tx, ty in legs:
        c.paint(path(x, c.y, ((-0.15, -0.15), (kx * 0.75, ky), (tx, ty)), 0.1, 0.05), main * 0.6, 0.7, 0.08, 0.35)
    c.paint(ellipse(c.x, c.y, 0, 0.5, 0.5, 0.58), coat(c, main), 0.8, 0.3, 0.4)
    for k in range(3):
        at = 0.2 + 0.25 * k
        c.paint(polygon(x, c.y, ((0.0, at), (-0.26 + 0.05 * k, at + 0.16), (0.0, at + 0.14))), second)
    c.paint(ellipse(c.x, c.y, 0, -0.25, 0.38, 0.36), coat(c, main), 0.8, 0.25, 0.4)
    c.eye(-0.14, -0.35, 0.13, accent)
    c.eye(0.14, -0.35, 0.13, accent)
    for cx in (-0.28, 0.28):
        c.paint(ellipse(c.x, c.y, cx, -0.22, 0.06), BLACK, 0)
        c.paint(limb(c.x, c.y, (cx * 0.4, -0.5), (cx * 0.5, -0.7), 0.06, 0.03), accent * 0.4, 0.5)


def octopus(c: Canvas) -> None:
    """A domed head with two eyes over curling arms with suckers."""
    main, second, accent = palette(c.rng, "flower", 0.5)
    for k in range(8):
        s, lean = (-1 if k < 4 else 1), (k % 4)
        x0 = s * (0.08 + 0.13 * lean)
        bend = s * (0.13 + 0.32 * lean)
        tip = (bend + s * 0.3, 0.95 - 0.22 * lean)
        points = ((x0, 0.1), (bend * 0.9, 0.55 - 0.05 * lean), (bend, 0.98 - 0.17 * lean), tip, (tip[0], tip[1] - 0.18))
        arm = path(c.x, c.y, points, 0.14, 0.05)
        c.paint(arm, main * (0.8 + 0.1 * lean), 0.7, 0.12, 0.35)
        spots = np.hypot(fold(c.x, 0.16)[0], fold(c.y, 0.16)[0]) - 0.045
        c.paint(np.maximum(spots, arm + 0.05), second, 0.3, 0.04)
    head = np.minimum(ellipse(c.x, c.y, 0, -0.5, 0.62, 0.62), ellipse(c.x, c.y, 0, 0.0, 0.45, 0.38))
    c.paint(head, coat(c, main, 0.2), 0.8, 0.4, 0.4)
    marks = ((-0.2, -0.85, 0.1), (0.22, -0.78, 0.12), (0.0, -0.6, 0.08), (-0.42, -0.6, 0.07), (0.45, -0.5, 0.06))
    for cx, cy, r in marks:
        c.paint(ellipse(c.x, c.y, cx, cy, r), accent, 0.3, 0.06)
    c.eye(-0.25, -0.12, 0.2, iris(c))
    c.eye(0.25, -0.12, 0.2, iris(c))


def frog(c: Canvas) -> None:
    """A wide face with bulging eyes, a long mouth and spots."""
    main, second, accent = palette(c.rng, "plant", 0.7)
    for side in (-1, 1):
        c.paint(ellipse(c.x, c.y, 0.85 * side, 0.75, 0.3, 0.35), main * 0.8, 0.7, 0.2, 0.4)
    c.paint(ellipse(c.x, c.y, 0, 0.65, 0.75, 0.5), main * 0.9, 0.6, 0.3, 0.3)
    head = np.minimum(ellipse(c.x, c.y, 0, 0.1, 1.0, 0.6), ellipse(np.abs(c.x), c.y, 0.5, -0.42, 0.38))
    c.paint(head, coat(c, main, 0.2), 0.7, 0.3, 0.4)
    chin = np.maximum(ellipse(c.x, c.y, 0, 0.2, 0.85, 0.5), 0.22 - 0.1 * np.abs(c.x) - c.y)
    c.paint(chin, second, 0.4, 0.2)
    mouth = np.maximum(np.abs(c.y - 0.22 + 0.12 * c.x**2) - 0.035, np.abs(c.x) - 0.82)
    c.paint(mouth.astype(np.float32), accent * 0.3, 0)
    for cx, cy, r in ((-0.15, -0.25, 0.09), (0.12, -0.12, 0.07), (-0.75, 0.0, 0.08), (0.78, -0.02, 0.09)):
        c.paint(ellipse(c.x, c.y, cx, cy, r), accent, 0.3, 0.06)
    colour = iris(c)
    c.eye(-0.5, -0.46, 0.27, colour)
    c.eye(0.5, -0.46, 0.27, colour)


def face(c: Canvas) -> None:
    """A human-like face: hair, brows, eyes, nose, lips."""
    skin = hsv(c.rng.uniform(0.04, 0.09), c.rng.uniform(0.3, 0.65), c.rng.uniform(0.45, 1.0))
    hair, _, lips = palette(c.rng, "fur", 0.5)
    locks = (0.75 + 0.35 * np.sin(np.arctan2(c.y - 0.3, c.x) * 34 + 4 * np.hypot(c.x, c.y)))[..., None]
    c.paint(ellipse(c.x, c.y, 0, -0.15, 0.95, 1.02), (hair * 0.7 * locks).astype(np.float32), 0.6, 0.3, 0.4)
    c.paint(limb(c.x, c.y, (0, 0.6), (0, 1.25), 0.3), skin * 0.75, 0.5, 0.2)
    c.paint(ellipse(c.x, c.y, 0, 0.1, 0.7, 0.88), skin, 0.6, 0.35, 0.35)
    fringe = np.maximum(ellipse(c.x, c.y, 0, -0.35, 0.85, 0.72), 0.05 - (0.3 - c.y - 0.5 * c.x**2 - 0.62))
    c.paint(fringe.astype(np.float32), (hair * 0.8 * locks).astype(np.float32), 0.5, 0.15, 0.3)
    colour = iris(c) * 0.8
    for side in (-1, 1):
        x, y = c.x - 0.29 * side, c.y - 0.05
        c.paint(path(x, y, ((-0.2, -0.2), (0, -0.27), (0.2, -0.2)), 0.05), hair * 0.4, 0)
        lid = np.hypot(x, np.abs(y) + 0.14) - 0.27
        c.paint(lid - 0.03, BLACK * 3, 0)
        c.paint(lid, WHITE, 0.3, 0.1)
        for r, tone in ((0.125, colour), (0.065, BLACK)):
            c.paint(np.maximum(np.hypot(x, y) - r, lid), tone, 0)
        c.paint(ellipse(x, y, -0.04, -0.04, 0.03), WHITE, 0)
    c.paint(ellipse(c.x, c.y, 0.0, 0.25, 0.1, 0.24), skin * 1.08, 0.8, 0.12)
    c.paint(ellipse(np.abs(c.x), c.y, 0.07, 0.42, 0.045, 0.03), skin * 0.4, 0)
    red = hsv(0.98, 0.65, 0.8) if c.rng.random() < 0.7 else lips
    c.paint(ellipse(c.x, c.y, 0, 0.65, 0.27, 0.11), red, 0.7, 0.1)
    c.paint(path(c.x, c.y, ((-0.25, 0.63), (0, 0.67), (0.25, 0.63)), 0.025), red * 0.3, 0)


def turtle(c: Canvas) -> None:
    """A domed shell of plates from above, with head and flippers."""
    main, second, accent = palette(c.rng, "plant", 0.6)
    skin = coat(c, second, 0.25)
    for x, y, turn in ((0.72, -0.5, -0.7), (-0.72, -0.5, 0.7), (0.62, 0.65, 0.9), (-0.62, 0.65, -0.9)):
        c.paint(ellipse(c.x, c.y, x, y, 0.42, 0.19, turn), skin, 0.6, 0.15, 0.4)
    c.paint(ellipse(c.x, c.y, 0, -0.92, 0.24, 0.3), skin, 0.7, 0.2, 0.3)
    shell = ellipse(c.x, c.y, 0, 0.1, 0.72, 0.8)
    c.paint(shell - 0.04, accent * 0.6, 0.5, 0.1, 0.4)
    along, _, _ = around(c.x, c.y - 0.1, 6)
    radius = np.hypot(c.x, c.y - 0.1)
    gap = np.minimum(np.abs(along - 0.34), np.where(along > 0.34, np.abs(around(c.x, c.y - 0.1, 6, np.pi / 6)[1]), 9))
    plate = smooth(gap, 0.015, 0.06)
    ridge = (1.15 - 0.5 * np.abs(np.sin(radius * 9)))[..., None]
    tone = accent * 0.4 + plate[..., None] * (main * ridge - accent * 0.4)
    c.paint(shell, tone.astype(np.float32), 0.8, 0.4)
    c.eye(-0.12, -1.02, 0.075, accent)
    c.eye(0.12, -1.02, 0.075, accent)


def ladybird(c: Canvas) -> None:
    """A domed beetle: spotted wing cases, dark head, feelers, six legs."""
    main = palette(c.rng, "flower", 0.4)[0]
    if c.rng.random() < 0.45:
        main = hsv(0.01, 0.9, 0.9)
    x = np.abs(c.x)
    for ky, ty in ((-0.35, -0.6), (0.1, 0.15), (0.5, 0.85)):
        c.paint(path(x, c.y, ((0.5, ky * 0.8), (0.85, ky), (1.0, ty)), 0.08, 0.05), BLACK * 2, 0.5, 0.06, 0.3)
    c.paint(path(x, c.y, ((0.12, -0.75), (0.3, -1.0), (0.42, -1.02)), 0.05), BLACK * 2, 0.3)
    c.paint(ellipse(c.x, c.y, 0, -0.62, 0.44, 0.34), BLACK * 3, 0.9, 0.2, 0.3)
    c.paint(ellipse(x, c.y, 0.24, -0.72, 0.12), WHITE, 0.4, 0.1)
    c.paint(ellipse(x, c.y, 0.25, -0.73, 0.06), BLACK, 0)
    shell = ellipse(c.x, c.y, 0, 0.12, 0.8, 0.78)
    shell = np.maximum(shell, -0.42 - c.y + 0.15 * c.x**2)
    c.paint(shell.astype(np.float32), main, 0.9, 0.45, 0.4)
    for cx, cy, r in ((0.34, -0.12, 0.16), (0.52, 0.3, 0.14), (0.22, 0.45, 0.14), (0.0, -0.38, 0.14)):
        c.paint(np.maximum(ellipse(x, c.y, cx, cy, r), shell).astype(np.float32), BLACK, 0.3, 0.05)
    c.paint(np.maximum(x - 0.025, shell).astype(np.float32), BLACK, 0)
    c.paint(ellipse(c.x, c.y, -0.35, -0.28, 0.14, 0.07, -0.6), main * 0.3 + 0.7, 0)


def peacock(c: Canvas) -> None:
    """A fan of feathers with eyes behind a small blue bird."""
    main, second, accent = palette(c.rng, "water", 0.5)
    y = c.y - 0.55
    for ring, count in ((1.42, 9), (0.98, 7), (0.6, 5)):
        for k in range(count):
            angle = (k / (count - 1) - 0.5) * 2.5
            cx, cy = ring * np.sin(angle), 0.55 - ring * np.cos(angle)
            r = 0.27 * ring**0.3
            if ring > 1.2 or k % 2 == 0:
                c.paint(limb(c.x, c.y, (0, 0.55), (cx, cy), 0.05, 0.16), hsv(0.35, 0.7, 0.45), 0.5, 0.1, 0.2)
            for share, tone in ((1.0, main), (0.7, accent), (0.45, second * 0.4), (0.2, WHITE)):
                c.paint(ellipse(c.x, c.y, cx, cy, r * share), tone, 0.3, 0.08)
    blue = hsv(c.rng.uniform(0.55, 0.68), 0.85, 0.8)
    c.paint(ellipse(c.x, y, 0, 0.22, 0.3, 0.42), coat(c, blue), 0.8, 0.25, 0.4)
    c.paint(path(c.x, y, ((0, 0.0), (-0.05, -0.3), (-0.03, -0.48)), 0.16, 0.13), blue, 0.7, 0.12, 0.4)
    c.paint(polygon(c.x, y, ((-0.12, -0.55), (-0.36, -0.46), (-0.12, -0.4))), hsv(0.11, 0.8, 0.95), 0.4, 0.08)
    c.eye(-0.05, -0.0 + 0.05, 0.08, accent)


def arches(c: Canvas) -> None:
    """A round arch on columns, arches within arches of two-coloured stones."""
    main, second, accent = palette(c.rng, "stone", 0.6)
    wall = scatter(np.floor(c.y / 0.22), np.floor(c.x / 0.4 + 0.5 * (np.floor(c.y / 0.22) % 2)))
    c.paint(box(c.x, c.y, 0, 0, 1.1, 1.1), (main * (0.8 + 0.3 * wall)[..., None]).astype(np.float32), 0.3, 0.1, 0.4)
    columns = int(c.rng.integers(1, 3))
    x = c.x if columns == 1 else np.abs(c.x) - 0.53
    r = 0.75 if columns == 1 else 0.4
    y = c.y + 0.1
    angle = np.arctan2(y, x)
    stones = np.where((np.cos(angle * 16) > 0)[..., None], second, accent).astype(np.float32)
    for i, share in enumerate((1.0, 0.8, 0.6)):
        opening = np.maximum(np.where(y < 0, np.hypot(x, y), np.abs(x)) - r * share, c.y - 1.1)
        tone = stones if i == 0 else second * (0.8 if i == 1 else 1.1) if i < 2 else accent * 0.2
        c.paint(opening.astype(np.float32), tone, 0.6, 0.08, 0.4)
    for side in (-1, 1):
        c.paint(box(x, c.y, side * r * 0.9, 0.0, r * 0.2, 0.09, 0.02), second * 1.1, 0.6, 0.06, 0.3)


def pagoda(c: Canvas) -> None:
    """Stacked storeys with roofs that curve up at the corners."""
    wall, _, trim = palette(c.rng, "stone", 0.5)
    roof = palette(c.rng, "flower", 0.4)[0]
    storeys = int(c.rng.integers(3, 5))
    tall = 1.9 / storeys
    c.paint(box(c.x, c.y, 0, 1.08, 0.95, 0.08), wall * 0.7, 0.5, 0.06, 0.3)
    for i in range(storeys):
        wide = 0.62 - 0.42 * i / storeys
        base = 1.0 - i * tall
        c.paint(box(c.x, c.y, 0, base - 0.25 * tall, wide, 0.3 * tall), wall, 0.5, 0.1)
        window = np.maximum(np.abs(fold(c.x + 0.12, 0.24)[0]) - 0.07, np.abs(c.y - base + 0.2 * tall) - 0.17 * tall)
        c.paint(np.maximum(window, np.abs(c.x) - wide + 0.04).astype(np.float32), trim * 0.25, 0)
        reach = wide + 0.42
        t = np.clip(np.abs(c.x) / reach, 0, 1)
        eave, ridge = base - 0.4 * tall - 0.2 * tall * t**3, base - 0.95 * tall + 0.55 * tall * t**0.8
        shape = np.maximum(np.maximum(c.y - eave, ridge - c.y), np.abs(c.x) - reach).astype(np.float32)
        tiles = (0.8 + 0.3 * np.cos(c.x * 40))[..., None]
        c.paint(shape, (roof * tiles).astype(np.float32), 0.8, 0.1, 0.45)
    c.paint(limb(c.x, c.y, (0, -0.8), (0, -1.2), 0.07, 0.02), trim, 0.6, 0.05)
    c.paint(ellipse(c.x, c.y, 0, -0.95, 0.1), trim, 0.7, 0.1)


def tower(c: Canvas) -> None:
    """A round stone tower with windows, battlements or a pointed roof."""
    main, second, accent = palette(c.rng, "stone", 0.65)
    roof = palette(c.rng, "flower", 0.4)[0]
    v, row = fold(c.y, 0.17)
    u, column = fold(np.arcsin(np.clip(c.x / 0.62, -1, 1)) + 0.2 * (row % 2), 0.4)
    joint = smooth(np.minimum(0.2 - np.abs(u), 0.085 - np.abs(v)), 0.0, 0.03)
    round_ = np.sqrt(np.clip(1 - (c.x / 0.75) ** 2, 0.1, 1))
    shade = (0.55 + 0.45 * joint) * (0.8 + 0.35 * scatter(row, column)) * round_
    stone = (main * shade[..., None]).astype(np.float32)
    wide = 0.5 + 0.06 * c.y
    c.paint(np.maximum(np.abs(c.x) - wide, np.abs(c.y - 0.35) - 0.85).astype(np.float32), stone, 0.3, 0.1, 0.4)
    c.paint(box(c.x, c.y, 0, -0.5, 0.6, 0.1, 0.02), second * round_[..., None], 0.6, 0.08, 0.4)
    if c.rng.random() < 0.6:
        cone = polygon(c.x, c.y, ((-0.72, -0.5), (0.72, -0.5), (0, -1.3)))
        shade = (0.8 + 0.25 * np.cos((c.y + 1.3) * 34))[..., None]
        c.paint(cone, (roof * shade).astype(np.float32), 0.8, 0.3, 0.4)
    else:
        merlon = np.maximum(np.abs(fold(c.x, 0.34)[0]) - 0.11, np.maximum(np.abs(c.y + 0.7) - 0.14, np.abs(c.x) - 0.6))
        c.paint(merlon.astype(np.float32), stone, 0.5, 0.06, 0.3)
    for cx, cy, r in ((0, -0.12, 0.14), (-0.2, 0.4, 0.11), (0.22, 0.4, 0.11), (0, 1.0, 0.2)):
        x, y = c.x - cx, c.y - cy
        hole = np.maximum(np.where(y < 0, np.hypot(x, y), np.abs(x)) - r, y - 1.5 * r).astype(np.float32)
        c.paint(hole - 0.04, second, 0.5, 0.05)
        c.paint(hole, accent * 0.2, 0)


def windows(c: Canvas) -> None:
    """A house front: rows of framed windows with lit panes."""
    wall, frame, _ = palette(c.rng, "stone", 0.6)
    glow = hsv(c.rng.uniform(0.08, 0.16), 0.6, 1) if c.rng.random() < 0.5 else palette(c.rng, "water", 0.8)[0]
    count = int(c.rng.integers(2, 4))
    pitch = 2.2 / count
    c.paint(box(c.x, c.y, 0, 0, 1.15, 1.15), coat(c, wall, 0.15), 0.3, 0.1, 0.4)
    shift = 0.0 if count % 2 else pitch / 2
    u, i = fold(c.x + shift, pitch)
    v, j = fold(c.y + shift, pitch)
    w, h = 0.3 * pitch, 0.36 * pitch
    inside = box(c.x, c.y, 0, 0, 1.05, 1.05)
    lit = (glow * (0.35 + 0.75 * scatter(i, j))[..., None] * (1 - 0.6 * v / pitch)[..., None]).astype(np.float32)
    c.paint(np.maximum(box(u, v, 0, 0, w + 0.08, h + 0.08), inside), frame, 0.7, 0.07, 0.4)
    c.paint(np.maximum(box(u, v, 0, 0, w, h), inside), lit, 0.3, 0.05)
    bars = np.minimum(np.abs(u), np.abs(v + 0.1 * pitch)) - 0.03
    c.paint(np.maximum(np.maximum(bars, box(u, v, 0, 0, w, h)), inside).astype(np.float32), frame, 0.3, 0.03)
    c.paint(np.maximum(box(u, v, 0, h + 0.08, w + 0.14, 0.04), inside), frame * 1.1, 0.5, 0.04, 0.4)


def bridge(c: Canvas) -> None:
    """Stone arches over water with their mirror image."""
    main, second, accent = palette(c.rng, "stone", 0.65)
    water = palette(c.rng, "water", 0.8)[0]
    ripple = 0.05 * np.sin(c.y * 40) * (c.y > 0.55)
    c.tint(smooth(c.y, 0.53, 0.57), water, 0.9)
    x = c.x + ripple
    y = np.where(c.y > 0.55, 1.1 - c.y, c.y)
    deck = -0.45 + 0.28 * c.x**2
    brick = 0.8 + 0.3 * scatter(np.floor(y / 0.13), np.floor(x / 0.25 + 0.5 * (np.floor(y / 0.13) % 2)))
    u, _ = fold(x, 0.72)
    arch = np.hypot(u, (y - 0.55) * 0.62) - 0.3
    wall = np.maximum(np.maximum(deck - y, y - 0.56), -arch).astype(np.float32)
    wall = np.maximum(wall, np.abs(c.x) - 1.3)
    dim = np.where(c.y > 0.55, 0.55, 1.0)
    c.paint(wall, (main * (brick * dim)[..., None]).astype(np.float32), 0.5, 0.08, 0.3)
    ring = np.maximum(np.abs(arch) - 0.045, wall - 0.05)
    c.paint(ring.astype(np.float32), (second * dim[..., None]).astype(np.float32))
    rail = np.maximum(np.abs(y - deck) - 0.06, np.abs(c.x) - 1.3)
    c.paint(rail.astype(np.float32), (accent * dim[..., None]).astype(np.float32), 0.7, 0.06, 0.3)


def wheel(c: Canvas) -> None:
    """A cart wheel: thick rim, spokes and hub."""
    main, second, accent = palette(c.rng, "fur", 0.5)
    radius, _ = polar(c.x, c.y)
    count = int(c.rng.integers(6, 13))
    _, across, _ = around(c.x, c.y, count)
    c.paint(radius - 1.04, accent * 0.3, 0.2, 0.1, 0.4)
    c.paint(radius - 0.72, c.rgb * 0 + second * 0.25, 0)
    c.paint(np.abs(radius - 0.86) - 0.14, coat(c, main), 0.9, 0.14)
    c.paint(np.maximum(np.abs(across) - 0.07 - 0.03 * radius, radius - 0.75), main, 0.9, 0.09, 0.4)
    c.paint(np.abs(radius - 1.0) - 0.05, accent, 0.7, 0.05)
    c.paint(radius - 0.26, second, 0.9, 0.2, 0.5)
    c.paint(radius - 0.1, accent * 0.5, 0.5, 0.1)


def clock(c: Canvas) -> None:
    """A dial with twelve marks and two hands in a thick rim."""
    main, second, accent = palette(c.rng, "stone", 0.45)
    radius, _ = polar(c.x, c.y)
    pale = main * 0.3 + 0.7
    c.paint(radius - 1.05, second, 0.9, 0.16, 0.5)
    c.paint(radius - 0.85, pale, 0.3, 0.2)
    along, across, number = around(c.x, c.y, 12)
    long_ = np.where(number % 3 == 0, 0.13, 0.07)
    c.paint(np.maximum(np.abs(across) - 0.055, np.abs(along - 0.7) - long_), accent * 0.25, 0)
    for length, r in ((0.44, 0.11), (0.68, 0.075)):
        turn = c.rng.uniform(0, TAU)
        c.paint(limb(c.x, c.y, (0, 0), (length * np.cos(turn), length * np.sin(turn)), r, 0.03), BLACK, 0.3, 0.05, 0.3)
    c.paint(radius - 0.11, accent, 0.7, 0.1)


CREATURES = {
    "eye": eye,
    "owl": owl,
    "cat": cat,
    "dog": dog,
    "fish": fish,
    "bird": bird,
    "butterfly": butterfly,
    "snail": snail,
    "spider": spider,
    "octopus": octopus,
    "frog": frog,
    "face": face,
    "turtle": turtle,
    "ladybird": ladybird,
    "peacock": peacock,
}
BUILT = {
    "arches": arches,
    "pagoda": pagoda,
    "tower": tower,
    "windows": windows,
    "bridge": bridge,
    "wheel": wheel,
    "clock": clock,
}
