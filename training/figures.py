"""Shapes and plants: motifs that fill about the unit disc of the motif coordinates."""

from __future__ import annotations

import numpy as np

from drawing import (
    TAU,
    Canvas,
    Colour,
    Field,
    around,
    box,
    ellipse,
    fold,
    hsv,
    limb,
    palette,
    path,
    polar,
    scatter,
    smooth,
)

WHITE = np.ones(3, np.float32)
GREEN = hsv(0.3, 0.75, 0.5)


def petals(
    c: Canvas, count: int, length: float, width: float, colour: Colour, start: float, inner: float = 0.1
) -> None:
    """A ring of petals, each with a middle line, darker towards the heart."""
    along, across, number = around(c.x, c.y, count, start)
    middle, half = (inner + length) / 2, (length - inner) / 2
    shade = 0.6 + 0.55 * smooth(along, inner, length) + 0.12 * (scatter(number) - 0.5)
    shade = shade * (0.85 + 0.15 * smooth(np.abs(across), 0.0, 0.25 * width))
    tone = (colour * shade[..., None]).astype(np.float32)
    c.paint(ellipse(along, across, middle, 0, half, width), tone, 0.5, width, 0.4)


def rings(c: Canvas) -> None:
    """Concentric rings in two colours."""
    main, second, accent = palette(c.rng, "flower", 0.4)
    count = c.rng.integers(3, 7)
    for i in range(count):
        r = 1.0 - i / count
        c.paint(ellipse(c.x, c.y, 0, 0, r), (main, second)[i % 2], 0.5, 0.5 / count, 0.3 * (i == 0))
    c.paint(ellipse(c.x, c.y, 0, 0, 0.5 / count), accent, 0.4)


def spiral(c: Canvas) -> None:
    """A bold spiral with one to three arms."""
    main, second, _ = palette(c.rng, "flower", 0.4)
    radius, angle = polar(c.x, c.y)
    arms, turns = c.rng.integers(1, 4), c.rng.uniform(1.6, 3.2) * (1 if c.rng.random() < 0.5 else -1)
    phase = np.sin(arms * angle + TAU * turns * np.sqrt(radius + 0.01) * 1.2)
    disc = radius - 1
    c.paint(disc, second, 0.3, 0.2, 0.4)
    c.paint(np.maximum(-phase * 0.12, disc), main, 0.5, 0.1)


def star(c: Canvas) -> None:
    """A star of five to eight facetted points."""
    main, second, _ = palette(c.rng, "flower", 0.5)
    count, waist = int(c.rng.integers(5, 9)), c.rng.uniform(0.4, 0.55)
    along, across, _ = around(c.x, c.y, count, -TAU / 4)
    half = np.pi / count
    tip, valley = np.array([1.05, 0.0]), waist * np.array([np.cos(half), np.sin(half)])
    normal = np.array([valley[1], tip[0] - valley[0]])
    distance = ((along - tip[0]) * normal[0] + np.abs(across) * normal[1]) / np.hypot(*normal)
    facet = np.where((across > 0)[..., None], main, main * 0.6 + second * 0.3)
    c.paint(distance.astype(np.float32), facet.astype(np.float32), 0.4, 0.15, 0.5)
    c.paint(ellipse(c.x, c.y, 0, 0, 0.2), second, 0.6, 0.2)


def snowflake(c: Canvas) -> None:
    """Six thick arms with side branches."""
    main, _, accent = palette(c.rng, "water", 0.5)
    colour = main * 0.4 + 0.6
    along, across, _ = around(c.x, c.y, 6)
    side = np.abs(across)
    arm = np.maximum(side - 0.1, along - 1.0)
    for at, length in ((0.32, 0.3), (0.62, 0.26)):
        arm = np.minimum(arm, limb(along, side, (at, 0), (at + 0.6 * length, length), 0.09, 0.07))
    c.paint(ellipse(c.x, c.y, 0, 0, 1.12), accent * 0.55, 0.2, 0.3)
    c.paint(np.minimum(arm, ellipse(c.x, c.y, 0, 0, 0.2)), colour, 0.5, 0.08, 0.4)
    c.paint(ellipse(c.x, c.y, 0, 0, 0.1), accent, 0.3)


def gear(c: Canvas) -> None:
    """A toothed wheel with spokes and a hub."""
    main, second, accent = palette(c.rng, "stone", 0.5)
    radius, _ = polar(c.x, c.y)
    count = int(c.rng.integers(7, 11))
    along, across, _ = around(c.x, c.y, count)
    tooth = np.maximum(np.abs(across) - 0.16 * 9 / count + 0.07 * (along - 0.8), along - 1.05)
    wheel = np.maximum(np.minimum(radius - 0.82, tooth), 0.5 - radius)
    spoke = np.maximum(np.abs(around(c.x, c.y, 5)[1]) - 0.09, radius - 0.6)
    c.paint(radius - 0.6, second * 0.35, 0)
    c.paint(np.minimum(wheel, spoke), main, 0.7, 0.12, 0.5)
    c.paint(np.abs(radius - 0.66) - 0.04, accent, 0.5, 0.05)
    c.paint(radius - 0.25, accent, 0.6, 0.15, 0.4)
    c.paint(radius - 0.1, second * 0.3, 0)


def whorl(x: Field, y: Field, growth: float) -> tuple[Field, Field]:
    """Logarithmic spiral: position within the whorl (-.5..5 across it) and the way along it in turns."""
    radius, angle = polar(x, y)
    turns = np.log(radius + 1e-4) / np.log(growth) - angle / TAU
    local, number = fold(turns - 0.5, 1.0)
    return local, number + angle / TAU


def nautilus(c: Canvas) -> None:
    """A coiled shell with chambers and tiger stripes."""
    main, second, accent = palette(c.rng, "fur", 0.6)
    growth = c.rng.uniform(2.0, 2.6)
    radius, angle = polar(c.x, c.y)
    edge = growth ** (angle / TAU - 0.5)
    body = (radius - 1.05 * edge).astype(np.float32)
    local, along = whorl(c.x / 1.05, c.y / 1.05, growth)
    c.paint(body, second, 0.3, 0.3, 0.5)
    chamber = 0.5 + 0.5 * np.sin(along * TAU * c.rng.integers(7, 12) - 3.5 * local)
    dome = np.sqrt(np.clip(1.05 - (2 * local) ** 2, 0.03, 1))
    c.tint((body < 0) * smooth(chamber, 0.45, 0.7) * smooth(local, -0.42, -0.25), main)
    c.rgb *= np.where(body < 0, 0.35 + 0.75 * dome, 1)[..., None]
    c.paint(ellipse(c.x, c.y, 0, 0, 0.08), accent, 0.4)


def knot(c: Canvas) -> None:
    """A ribbon that weaves over and under itself round a ring."""
    main, second, accent = palette(c.rng, "flower", 0.4)
    radius, angle = polar(c.x, c.y)
    count = int(c.rng.integers(3, 6))
    wave = 0.26 * np.sin(count * angle)
    over = np.cos(count * angle) > 0
    first, other = np.abs(radius - 0.68 - wave) * 0.75 - 0.13, np.abs(radius - 0.68 + wave) * 0.75 - 0.13
    for swap in (False, True):
        lower, upper = (first, other) if not swap else (other, first)
        part = over if not swap else ~over
        hidden = np.where(part, 0.0, 9.0).astype(np.float32)
        low_colour, high_colour = (main, second) if not swap else (second, main)
        c.paint(lower + hidden, low_colour, 0.6, 0.12)
        c.paint(upper - 0.04 + hidden, accent * 0.25, 0)
        c.paint(upper + hidden, high_colour, 0.6, 0.12)


def mandala(c: Canvas) -> None:
    """Rings of petals, dots and points about a centre."""
    main, second, accent = palette(c.rng, "flower", 0.4)
    colours = [main, second, accent]
    count = int(c.rng.integers(6, 11))
    c.paint(ellipse(c.x, c.y, 0, 0, 1.08), colours[1] * 0.5, 0.2, 0.2, 0.3)
    for i, (length, width) in enumerate(((1.05, 0.24), (0.78, 0.18), (0.5, 0.14))):
        petals(c, count, length, width * 8 / count, colours[i % 3], i * np.pi / count, length - 0.45)
    along, across, _ = around(c.x, c.y, count, np.pi / count)
    c.paint(np.hypot(along - 0.92, across) - 0.09, colours[0] * 0.4 + 0.6, 0.4, 0.08)
    c.paint(ellipse(c.x, c.y, 0, 0, 0.2), colours[0], 0.6, 0.2)
    c.paint(ellipse(c.x, c.y, 0, 0, 0.09), colours[1], 0.3)


def heart(c: Canvas) -> None:
    """A glossy heart."""
    main, second, _ = palette(c.rng, "flower", 0.5)
    x, y = np.abs(c.x), -c.y + 0.1
    lobe = np.hypot(x - 0.48, y - 0.35) - 0.56
    wedge = np.maximum((x * 0.78 + -y * 0.63) - 0.62, y - 0.35)
    wedge = np.maximum(wedge, x - 1.0)
    distance = np.minimum(lobe, wedge).astype(np.float32)
    c.paint(distance - 0.08, second * 0.6, 0.2, 0.1, 0.4)
    c.paint(distance, main, 0.7, 0.2)
    c.paint(ellipse(c.x, c.y, -0.5, -0.45, 0.2, 0.11, -0.7), main * 0.3 + 0.7, 0)


def scallop(c: Canvas) -> None:
    """A fan-shaped shell with ribs and growth bands."""
    main, second, accent = palette(c.rng, "flower", 0.5)
    x, y = c.x, c.y - 0.75
    radius, angle = np.hypot(x, y), np.arctan2(x, -y)
    ribs = int(c.rng.integers(4, 7)) * 2 + 1
    rib = np.cos(angle * ribs * 1.6)
    rim = 1.65 + 0.06 * rib - 0.12 * angle**2
    fan = np.maximum(radius - rim, (np.abs(angle) - 1.05) * np.maximum(radius, 0.1)).astype(np.float32)
    c.paint(np.minimum(box(c.x, c.y, 0, 0.72, 0.34, 0.14, 0.05), fan), accent, 0.4, 0.1, 0.4)
    band = 0.5 + 0.5 * np.sin(radius * c.rng.uniform(9, 16))
    tone = main + smooth(band, 0.2, 0.8)[..., None] * (second - main) * 0.8
    c.paint(fan, (tone * (0.75 + 0.3 * rib)[..., None]).astype(np.float32), 0.4, 0.15)


def daisy(c: Canvas) -> None:
    """Long petals round a dotted yellow heart."""
    main, second, _ = palette(c.rng, "flower", 0.7)
    count = int(c.rng.integers(9, 15))
    start = c.rng.uniform(0, TAU)
    petals(c, count, 1.0, 1.7 / count, main * 0.8, start + np.pi / count, 0.15)
    petals(c, count, 1.08, 1.7 / count, main, start, 0.15)
    bumps = 0.85 + 0.25 * np.sin(c.x * 40) * np.sin(c.y * 40)
    c.paint(ellipse(c.x, c.y, 0, 0, 0.3), (second * bumps[..., None]).astype(np.float32), 0.7, 0.3, 0.4)


def rose(c: Canvas) -> None:
    """Rounded petals that wind into the heart."""
    main, _, accent = palette(c.rng, "flower", 0.6)
    start = c.rng.uniform(0, TAU)
    for i in range(6):
        size = 1.05 * 0.78**i
        along, across, number = around(c.x, c.y, 5 if i < 4 else 3, start + i * 2.4)
        tone = (main * (1.1 - 0.1 * i)) + (accent - main) * (0.12 * i)
        shade = 0.85 + 0.3 * (scatter(number, i) - 0.5)
        petal = ellipse(along, across, 0.45 * size, 0, 0.56 * size, 0.58 * size)
        c.paint(petal, (tone * shade[..., None]).astype(np.float32), 0.75, 0.22 * size, 0.5)
    c.paint(ellipse(c.x, c.y, 0, 0, 0.12), accent * 0.6, 0.5, 0.1)


def sunflower(c: Canvas) -> None:
    """Pointed petals round a large head of seeds in spirals."""
    yellow, brown = hsv(c.rng.uniform(0.09, 0.15), 0.9, 1), hsv(0.07, 0.7, 0.35)
    if c.rng.random() < 0.35:
        yellow, brown, _ = palette(c.rng, "flower", 0.3)
    count = int(c.rng.integers(14, 20))
    petals(c, count, 1.12, 0.13, yellow * 0.75, np.pi / count, 0.3)
    petals(c, count, 1.05, 0.13, yellow, 0.0, 0.3)
    radius, angle = polar(c.x, c.y)
    seed = np.sin(angle * 13 + radius * 22) * np.sin(angle * 13 - radius * 22)
    tone = brown * (0.85 + 0.6 * seed)[..., None]
    c.paint(radius - 0.55, tone.astype(np.float32), 0.6, 0.25, 0.5)
    c.paint(radius - 0.2, (tone * 0.6).astype(np.float32), 0.2, 0.2)


def tulip(c: Canvas) -> None:
    """A cup of three petals on a stem with two leaves."""
    main, _, accent = palette(c.rng, "flower", 0.6)
    green = GREEN * c.rng.uniform(0.7, 1.3)
    c.paint(limb(c.x, c.y, (0, 0), (0.05, 1.2), 0.1), green, 0.5, 0.07, 0.3)
    for side in (-1, 1):
        c.paint(ellipse(c.x, c.y, 0.3 * side, 0.75, 0.15, 0.55, 0.45 * side), green * 1.2, 0.6, 0.12, 0.3)
        c.paint(ellipse(c.x, c.y, 0.3 * side, -0.42, 0.28, 0.6, 0.18 * side), main * 0.8, 0.5, 0.2, 0.4)
    tall = (0.75 + 0.35 * smooth(c.y, 0.1, -0.9) + 0.08 * np.sin(c.x * 30))[..., None]
    body = np.maximum(ellipse(c.x, c.y, 0, -0.3, 0.36, 0.68), -9)
    c.paint(body, (main * tall).astype(np.float32), 0.6, 0.25, 0.5)
    c.paint(ellipse(c.x, c.y, 0, 0.2, 0.14, 0.1), accent, 0.3)


def leaf(c: Canvas) -> None:
    """A broad leaf with a midrib and side veins."""
    main, second, accent = palette(c.rng, "plant", 0.75)
    half = 0.62 * np.clip(1 - c.y**2 / 1.15, 0, 1) * (1 - 0.25 * c.y)
    teeth = 0.03 * np.sin(c.y * 26)
    blade = (np.abs(c.x) - half - teeth * (half > 0.1)) * 0.8
    vein = fold(c.y + 0.75 * np.abs(c.x), 0.26)[0]
    tone = main + smooth(np.abs(vein), 0.1, 0.13)[..., None] * (accent - main) * 0.25
    c.paint(limb(c.x, c.y, (0, 0.9), (0.05, 1.3), 0.06), second, 0.4)
    c.paint(blade.astype(np.float32), tone.astype(np.float32), 0.5, 0.3, 0.4)
    rib = np.minimum(np.abs(vein) - 0.032, np.abs(c.x) - 0.06)
    c.paint(np.maximum(rib, blade + 0.03).astype(np.float32), second, 0.3, 0.04)


def fern(c: Canvas) -> None:
    """A frond with leaflets in pairs that shrink to the tip."""
    main, second, accent = palette(c.rng, "plant", 0.75)
    curve = c.x - 0.18 * np.sin(c.y * 1.5)
    side = np.abs(curve)
    lean = c.y + 0.45 * side
    local, number = fold(lean, 0.23)
    reach = np.clip(0.38 + 0.48 * number * 0.23, 0.08, 0.8)
    leaflet = np.maximum(ellipse(side, local, reach * 0.5, 0, 0.5, 0.1), side - reach)
    leaflet = np.maximum(leaflet * 0.8, np.abs(c.y) - 1.1)
    shade = (0.8 + 0.4 * scatter(number, np.sign(curve)))[..., None]
    c.paint(leaflet.astype(np.float32), (main * shade).astype(np.float32), 0.7, 0.08, 0.35)
    c.paint(np.maximum(side - 0.06, np.abs(c.y) - 1.15).astype(np.float32), second, 0.5, 0.05)
    c.paint(np.maximum(np.abs(local) - 0.015, leaflet + 0.02).astype(np.float32), accent * 0.7, 0)


def tree(c: Canvas) -> None:
    """A trunk with boughs under a crown of leaf clumps."""
    main, second, _ = palette(c.rng, "plant", 0.75)
    bark = hsv(0.07, 0.55, c.rng.uniform(0.25, 0.5))
    for end, r in (((-0.45, -0.2), 0.07), ((0.45, -0.25), 0.07), ((0, -0.5), 0.08)):
        c.paint(limb(c.x, c.y, (0, 0.45), end, 0.13, r), bark, 0.5, 0.1)
    c.paint(path(c.x, c.y, ((0.05, 1.15), (-0.02, 0.6), (0, 0.2)), 0.24, 0.12), bark, 0.6, 0.15, 0.3)
    for i in range(11):
        angle, reach = i * 2.4, 0.62 * np.sqrt(i / 11)
        cx, cy = reach * np.cos(angle) * 1.2, -0.42 + 0.75 * reach * np.sin(angle)
        tone = main + (second - main) * c.rng.uniform(0, 0.7)
        c.paint(ellipse(c.x, c.y, cx, cy, c.rng.uniform(0.25, 0.36)), tone, 0.7, 0.2, 0.45)


def mushroom(c: Canvas) -> None:
    """A spotted cap over gills and a thick stem."""
    main, _, accent = palette(c.rng, "flower", 0.4)
    if c.rng.random() < 0.4:
        main = hsv(0.0, 0.85, 0.85)
    cream = hsv(0.11, 0.2, 0.95)
    c.paint(path(c.x, c.y, ((0, 0.0), (0.02, 0.6), (0, 1.0)), 0.22, 0.34), cream, 0.6, 0.25, 0.4)
    c.paint(ellipse(c.x, c.y, 0, 0.08, 0.85, 0.2), cream * 0.65, 0.3, 0.1)
    gills = np.maximum(np.abs(fold(c.x / (1.2 + 0.3 * c.y), 0.13)[0]) - 0.02, ellipse(c.x, c.y, 0, 0.08, 0.8, 0.17))
    c.paint(gills.astype(np.float32), accent * 0.35, 0)
    cap = np.maximum(ellipse(c.x, c.y, 0, 0.05, 1.0, 0.95), c.y - 0.06 + 0.1 * c.x**2)
    c.paint(cap, main, 0.8, 0.4, 0.4)
    spots = ((-0.1, -0.5, 0.19), (0.42, -0.3, 0.15), (-0.55, -0.2, 0.14), (0.1, -0.12, 0.1), (0.75, -0.08, 0.08))
    for cx, cy, r in spots:
        c.paint(ellipse(c.x, c.y, cx, cy, r * 1.1, r * 0.9), cream, 0.5, 0.08, 0.3)


def cactus(c: Canvas) -> None:
    """A ribbed column with two arms and a flower on top."""
    main, second, accent = palette(c.rng, "plant", 0.75)
    flower = palette(c.rng, "flower", 0.9)[0]
    arms = (((-0.3, 0.35), (-0.72, 0.3), (-0.72, -0.25)), ((0.3, 0.1), (0.7, 0.05), (0.7, -0.5)))
    for points in arms:
        c.paint(path(c.x, c.y, points, 0.19), main, 0.7, 0.18, 0.3)
    trunk = limb(c.x, c.y, (0, -0.6), (0, 1.1), 0.36)
    rib = (0.85 + 0.25 * np.cos(c.x * 24))[..., None]
    c.paint(trunk, (main * rib).astype(np.float32), 0.6, 0.3, 0.4)
    u, v = fold(c.x, 0.26)[0], fold(c.y + 0.5 * fold(c.x, 0.52)[0], 0.2)[0]
    c.paint(np.maximum(np.hypot(u, v) - 0.035, trunk + 0.03), second * 0.4 + 0.6, 0)
    x, y = c.x, c.y + 1.0
    for k in range(5):
        turn = (k - 2) * 0.55
        c.paint(ellipse(x, y, 0.18 * np.sin(turn), -0.14 * np.cos(turn), 0.09, 0.2, turn), flower, 0.5, 0.08)
    c.paint(ellipse(x, y, 0, 0, 0.1), accent, 0.3)


def berries(c: Canvas) -> None:
    """A bunch of glossy berries under a leaf."""
    main, _, accent = palette(c.rng, "flower", 0.5)
    green = GREEN * c.rng.uniform(0.8, 1.4)
    c.paint(path(c.x, c.y, ((0, -1.15), (0.06, -0.8), (0, -0.5)), 0.07), hsv(0.08, 0.6, 0.4), 0.5)
    for row, wide in enumerate((3, 4, 3, 2, 1)):
        for k in range(wide):
            cx, cy = (k - (wide - 1) / 2) * 0.46 + c.rng.normal(0, 0.02), -0.45 + 0.37 * row
            tone = main + (accent - main) * c.rng.uniform(0, 0.35)
            c.paint(ellipse(c.x, c.y, cx, cy, 0.26), tone, 0.9, 0.24, 0.4)
            c.paint(ellipse(c.x, c.y, cx - 0.09, cy - 0.1, 0.06), tone * 0.2 + 0.8, 0)
    for side in (-1, 1):
        c.paint(ellipse(c.x, c.y, 0.38 * side, -0.85, 0.42, 0.2, -0.35 * side), green, 0.6, 0.15, 0.4)


FIGURES = {
    "rings": rings,
    "spiral": spiral,
    "star": star,
    "snowflake": snowflake,
    "gear": gear,
    "nautilus": nautilus,
    "knot": knot,
    "mandala": mandala,
    "heart": heart,
    "scallop": scallop,
    "daisy": daisy,
    "rose": rose,
    "sunflower": sunflower,
    "tulip": tulip,
    "leaf": leaf,
    "fern": fern,
    "tree": tree,
    "mushroom": mushroom,
    "cactus": cactus,
    "berries": berries,
}
