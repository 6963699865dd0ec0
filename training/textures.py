"""Textures: motifs that fill the picture. One motif unit is about one repeat."""

from __future__ import annotations

import numpy as np

from drawing import TAU, Canvas, Field, box, cells, fold, noise, palette, sample, scatter, smooth


def _soft(c: Canvas, value: Field) -> Field:
    """A step at 0, as wide as a pixel."""
    return np.clip(0.5 + value / (1.5 * c.pixel), 0, 1)


def _speckle(c: Canvas, amount: float = 0.12, slope: float = 0.8) -> None:
    """Multiply by natural grain."""
    c.rgb *= (1 + amount * noise(c.rng, c.size, slope))[..., None]


def stripes(c: Canvas) -> None:
    """Parallel bands, sometimes with a thin third colour between."""
    main, second, accent = palette(c.rng, "flower", 0.3)
    local, _ = fold(c.x, 1.0)
    wide = c.rng.uniform(0.18, 0.32)
    c.cover(_soft(c, wide - np.abs(local)), second, main)
    if c.rng.random() < 0.4:
        c.tint(_soft(c, 0.06 - np.abs(np.abs(local) - wide)), accent)
    c.emboss(np.minimum(wide, np.abs(local)), 0.25)


def checks(c: Canvas) -> None:
    """A chessboard."""
    main, second, _ = palette(c.rng, "stone", 0.35)
    u, v = fold(c.x, 1.0)[0], fold(c.y, 1.0)[0]
    edge = np.minimum(0.25 - np.abs(np.abs(u) - 0.25), 0.25 - np.abs(np.abs(v) - 0.25))
    c.cover(_soft(c, np.sign(u * v) * edge), second, main)
    c.emboss(-np.minimum(edge, 0.06), 0.5)


def dots(c: Canvas) -> None:
    """Round dots on a staggered grid."""
    main, second, accent = palette(c.rng, "flower", 0.4)
    c.rgb[:] = second
    v, row = fold(c.y, 0.8)
    u, column = fold(c.x + 0.5 * (row % 2), 1.0)
    shade = np.where(scatter(column, row)[..., None] < 0.25, accent, main)
    c.paint(np.hypot(u, v) - c.rng.uniform(0.24, 0.38), shade.astype(np.float32), 0.5, 0.25, 0.35)


def _hexagon(x: Field, y: Field) -> tuple[Field, Field]:
    """Distance to the border of hexagons one unit wide (positive inside) and a number for each."""
    tall = np.sqrt(3)
    candidates = []
    for shift in (0.0, 0.5):
        u, i = fold(x - shift, 1.0)
        v, j = fold(y - shift * tall, tall)
        inside = 0.5 - np.maximum(np.abs(u), np.abs(u) * 0.5 + np.abs(v) * tall / 2)
        candidates.append((inside, scatter(i, j + 7 * shift)))
    (a, name_a), (b, name_b) = candidates
    return np.maximum(a, b), np.where(a > b, name_a, name_b)


def honeycomb(c: Canvas) -> None:
    """Hexagons with raised walls."""
    main, second, accent = palette(c.rng, "flower", 0.5)
    inside, name = _hexagon(c.x, c.y)
    c.cover(_soft(c, inside - 0.08), second, main)
    c.tint((name < 0.2) * _soft(c, inside - 0.08), accent, 0.8)
    c.emboss(-np.minimum(inside, 0.25), 0.5)


def cells_motif(c: Canvas) -> None:
    """Voronoi cells with walls and kernels, as in plant tissue."""
    main, second, accent = palette(c.rng, "plant", 0.4)
    first, other, name, _, _ = cells(c.rng, c.x, c.y)
    wall = other - first
    c.cover(_soft(c, wall - 0.12), second, main)
    c.rgb *= (0.8 + 0.4 * name)[..., None]
    c.paint(first - 0.14, accent, 0.5, 0.1)
    c.emboss(np.minimum(wall, 0.35), -0.35)


def bricks(c: Canvas) -> None:
    """Rows of bricks in mortar."""
    main, second, _ = palette(c.rng, "stone", 0.65)
    v, row = fold(c.y, 0.5)
    u, column = fold(c.x + 0.5 * (row % 2), 1.0)
    c.rgb[:] = second
    tone = 0.7 + 0.5 * scatter(column, row)
    c.paint(box(u, v, 0, 0, 0.44, 0.19, 0.05), main * tone[..., None], 0.5, 0.08, 0.3)
    _speckle(c)


def weave(c: Canvas) -> None:
    """Ribbons over and under each other."""
    main, second, accent = palette(c.rng, "stone", 0.4)
    u, i = fold(c.x, 0.5)
    v, j = fold(c.y, 0.5)
    over = ((i + j) % 2) == 0
    across, along = np.where(over, u, v), np.where(over, v, u)
    body = 0.21 - np.abs(across)
    c.rgb[:] = accent * 0.4
    c.tint(_soft(c, body), main)
    c.tint(_soft(c, body) * ~over, second)
    bulge = np.cos(along * TAU * 0.9) * 0.5 + 0.5
    c.rgb *= (0.55 + 0.5 * bulge * np.clip(body * 8, 0, 1))[..., None]


def scale_field(x: Field, y: Field) -> tuple[Field, Field, Field, Field]:
    """Overlapping scales that hang down: distance inside, a number, and the place within the scale (u, v)."""
    best = [np.full_like(x, -9.0), np.zeros_like(x), np.zeros_like(x), np.zeros_like(x)]
    row = np.floor(y / 0.5)
    for step in (1, 0, -1, -2):
        line = row + step
        u, column = fold(x + 0.5 * (line % 2), 1.0)
        v = y - line * 0.5
        inside = 0.58 - np.hypot(u, v)
        take = (inside > 0) & (best[0] < 0)
        for slot, value in zip(range(4), (inside, scatter(column, line), u, v), strict=True):
            best[slot] = np.where(take, value, best[slot])
    return best[0], best[1], best[2], best[3]


def scales(c: Canvas) -> None:
    """Fish or dragon scales, each with a rim and its own tone."""
    main, second, accent = palette(c.rng, "water", 0.5)
    inside, name, u, v = scale_field(c.x, c.y)
    c.cover(smooth(inside, 0.01, 0.06), accent * 0.25, second)
    c.tint(smooth(inside, 0.08, 0.16), main)
    c.tint(smooth(inside, 0.25, 0.5), accent, 0.6)
    c.rgb *= ((0.75 + 0.45 * name) * (1.15 - 0.5 * smooth(-v, -0.3, 0.3)))[..., None]
    c.emboss(-inside + 0.3 * np.abs(u), 0.15)


def feathers(c: Canvas) -> None:
    """Overlapping feathers: shaft, barbs and a bright edge."""
    main, second, accent = palette(c.rng, "fur", 0.4)
    inside, name, u, v = scale_field(c.x * 1.1, c.y * 0.75)
    barbs = 0.5 + 0.5 * np.sin((np.abs(u) * 1.2 + v) * 26)
    c.cover(smooth(v, 0.0, 0.55), main, second)
    c.tint(smooth(inside, 0.2, 0.28) * smooth(v, -0.1, 0.1), accent, 0.8)
    c.rgb *= ((0.7 + 0.35 * barbs) * (0.8 + 0.3 * name) * (0.45 + 0.55 * smooth(inside, 0, 0.12)))[..., None]
    c.tint(_soft(c, 0.05 - np.abs(u)) * (inside > 0.03), second * 0.3 + 0.7)


def fur(c: Canvas) -> None:
    """Hair that follows a slowly turning flow, in locks."""
    main, second, accent = palette(c.rng, "fur", 0.7)
    swirl = noise(c.rng, c.size, 2.0, (1, 5))
    streak = noise(c.rng, 128, 0.4)
    u, v = c.x * 0.55 + 0.1 * swirl, c.y * 0.07 + 0.02 * swirl
    hair = sample(streak, u, v) + 0.7 * sample(streak, u * 0.45 + 0.3, v * 0.8)
    locks = sample(noise(c.rng, 128, 1.0, (2, 14)), u * 0.5, v)
    c.cover(smooth(hair + 0.5 * locks, -1.2, 1.4), accent, main)
    c.tint(smooth(hair + locks, 0.6, 2.6), second, 0.9)
    c.rgb *= (1 + 0.12 * locks)[..., None]


def wood(c: Canvas) -> None:
    """Planks' grain around knots."""
    main, second, accent = palette(c.rng, "fur", 0.75)
    bend = noise(c.rng, c.size, 2.0)
    grain = c.y * 1.2 + 0.25 * bend
    for _ in range(c.rng.integers(1, 3)):
        kx, ky = c.rng.uniform(-2, 2, 2)
        radius = np.hypot((c.x - kx) * 0.5, c.y - ky)
        grain = grain + 1.6 * np.exp(-((radius / 0.8) ** 2))
    line = 0.5 + 0.5 * np.sin(grain * TAU)
    c.cover(line**1.5, main, accent)
    fine = sample(noise(c.rng, 128, 0.6), c.x * 0.04, c.y * 0.5)
    c.tint(smooth(fine, 0.3, 2), second, 0.5)
    c.emboss(line, 0.04)


def marble(c: Canvas) -> None:
    """Cloudy stone with branching veins."""
    main, second, accent = palette(c.rng, "stone", 0.5)
    cloud, other = noise(c.rng, c.size, 2.1), noise(c.rng, c.size, 2.0)
    c.cover(smooth(other, -1.5, 1.5), main, main * 0.55 + second * 0.45)
    vein = np.abs(np.sin(c.x * 1.6 + 1.5 * cloud))
    fine = np.abs(np.sin(c.y * 1.9 + 1.7 * other + cloud))
    c.tint(np.exp(-vein * 7), accent * 0.7, 0.95)
    c.tint(np.exp(-fine * 11), second * 0.4 + 0.6 * accent, 0.8)


def waves(c: Canvas) -> None:
    """Rolling sea waves: crests with foam over shaded hollows."""
    main, second, accent = palette(c.rng, "water", 0.6)
    swell = c.y + 0.22 * np.sin(c.x * TAU * 0.55) + 0.05 * np.sin(c.x * TAU * 1.3 + 1)
    phase = swell - np.floor(swell)
    c.cover(smooth(phase, 0.1, 1.0), accent, main)
    c.tint(_soft(c, 0.17 - phase) * smooth(phase, 0.0, 0.02), second)
    ripple = np.sin(phase * TAU * 4)
    c.rgb *= (1 + 0.12 * ripple * (phase > 0.2))[..., None]


def cracks(c: Canvas) -> None:
    """Dry mud: plates that curl up, parted by dark cracks."""
    main, second, accent = palette(c.rng, "stone", 0.7)
    jag = 0.14 * noise(c.rng, c.size, 1.2, (2, 18))
    first, other, name, _, _ = cells(c.rng, c.x * 0.8 + jag, c.y * 0.8 - jag, 1.0)
    gap = other - first
    c.cover(smooth(noise(c.rng, c.size, 1.2), -2, 2), main, main * 0.6 + second * 0.4)
    c.rgb *= (0.8 + 0.35 * name)[..., None]
    c.emboss(np.minimum(gap, 0.2), -0.4)
    c.tint(1 - smooth(gap, 0.03, 0.1), accent * 0.35)


def maze(c: Canvas) -> None:
    """Reaction-diffusion labyrinth, like brain coral."""
    main, second, accent = palette(c.rng, "water", 0.4)
    field = sample(noise(c.rng, 128, 0, (13, 17)), c.x / 9, c.y / 9)
    c.cover(_soft(c, 0.12 * field), second, main)
    c.tint(np.exp(-((field / 0.35) ** 2)), accent, 0.5)
    c.emboss(np.tanh(field), 0.09)


def bubbles(c: Canvas) -> None:
    """Soap bubbles of many sizes with bright rims and glints."""
    main, second, accent = palette(c.rng, "water", 0.5)
    c.rgb[:] = second * 0.35 + 0.5 * accent * (0.5 + 0.1 * noise(c.rng, c.size, 1.4)[..., None])
    for scale in (1.0, 0.6):
        first, _, name, right, down = cells(c.rng, c.x * scale, c.y * scale, 0.55)
        r = 0.26 + 0.2 * name
        film = main * (0.45 + 0.75 * smooth(first / r, 0.45, 1.0))[..., None]
        c.paint(first - r, film, 0.7, 0.25)
        glint = np.hypot(right - 0.35 * r, down - 0.35 * r)
        c.paint(np.maximum(glint - 0.2 * r, first - r), np.ones(3, np.float32), 0)


def leopard(c: Canvas) -> None:
    """Rosettes: broken dark rings around a warmer middle."""
    main, second, accent = palette(c.rng, "fur", 0.7)
    wobble = 0.1 * noise(c.rng, c.size, 1.5, (2, 10))
    first, _, name, _, _ = cells(c.rng, c.x + wobble, c.y - wobble, 0.7)
    c.cover(smooth(noise(c.rng, c.size, 1.2), -2, 2), main, main * 0.5 + second * 0.5)
    ring = 0.12 - np.abs(first - 0.28 - 0.05 * name)
    broken = ring - 0.14 * smooth(noise(c.rng, c.size, 0.5, (5, 14)), 0.6, 0.9)
    c.tint(_soft(c, 0.25 - first), main * 0.7 + accent * 0.25, 0.9)
    c.tint(_soft(c, broken), accent * 0.4)


def zebra(c: Canvas) -> None:
    """Flowing stripes that fork."""
    main, second, _ = palette(c.rng, "stone", 0.3)
    pale, dark = (main, second) if main.sum() > second.sum() else (second, main)
    bend = noise(c.rng, c.size, 2.2, (1, 8))
    fork = noise(c.rng, c.size, 1.5, (2, 14))
    value = np.sin(c.x * TAU * 0.8 + 1.6 * bend) + 0.35 * fork
    c.cover(_soft(c, 0.2 * value), dark * 0.35, pale * 0.6 + 0.4)
    c.emboss(np.tanh(value), 0.03)


def tiles(c: Canvas) -> None:
    """Eight-pointed stars and crosses, as on a glazed wall."""
    main, second, accent = palette(c.rng, "water", 0.5)
    u, v = fold(c.x * 0.8, 1.0)[0], fold(c.y * 0.8, 1.0)[0]
    square, turned = np.maximum(np.abs(u), np.abs(v)), (np.abs(u) + np.abs(v)) / np.sqrt(2)
    star = np.minimum(square, turned) - 0.33
    c.rgb[:] = second
    c.paint(star, main, 0.4, 0.1, 0.3)
    c.paint(star + 0.12, accent, 0.3, 0.05)
    c.paint(np.hypot(u, v) - 0.12, second, 0.4, 0.1)
    c.tint(_soft(c, 0.025 - np.abs(star)), np.full(3, 0.95, np.float32))
    c.tint(_soft(c, square - 0.475), accent * 0.4)


def pebbles(c: Canvas) -> None:
    """Rounded stones of several colours in dark gaps."""
    main, second, accent = palette(c.rng, "stone", 0.7)
    first, other, name, _, _ = cells(c.rng, c.x, c.y, 0.75)
    gap = other - first
    stone = np.where(name[..., None] < 0.4, main, np.where(name[..., None] < 0.75, second, accent))
    c.rgb[:] = accent * 0.2
    c.paint(0.12 - gap, (stone * (0.75 + 0.5 * ((name * 7) % 1))[..., None]).astype(np.float32), 0.75, 0.4)
    _speckle(c, 0.08)


def knit(c: Canvas) -> None:
    """Stockinette stitches: columns of Vs."""
    main, second, accent = palette(c.rng, "flower", 0.4)
    u, _ = fold(c.x, 0.8)
    v = c.y - 0.9 * np.abs(u)
    local, _ = fold(v, 0.42)
    band = np.floor(c.y / 2.1) % 3
    yarn = np.where((band == 0)[..., None], second, np.where((band == 1)[..., None], main, accent))
    c.rgb[:] = main * 0.2
    stitch = np.maximum(np.abs(local) - 0.18, np.abs(np.abs(u) - 0.2) - 0.18)
    twist = 0.85 + 0.2 * np.sin((u * 3 + c.y) * 22)
    c.paint(stitch, (yarn * twist[..., None]).astype(np.float32), 0.7, 0.15)


def tartan(c: Canvas) -> None:
    """Crossed translucent bands of a plaid."""
    main, second, accent = palette(c.rng, "flower", 0.3)
    c.rgb[:] = main
    for field in (c.x, c.y):
        local, _ = fold(field * 0.6, 1.0)
        c.tint(_soft(c, 0.17 - np.abs(local)), second, 0.55)
        c.tint(_soft(c, 0.035 - np.abs(np.abs(local) - 0.28)), accent, 0.75)
        c.tint(_soft(c, 0.025 - np.abs(local)), accent, 0.75)
    c.rgb *= (1 + 0.1 * np.sin((c.x + c.y) * TAU * 6))[..., None]


TEXTURES = {
    "stripes": stripes,
    "checks": checks,
    "dots": dots,
    "honeycomb": honeycomb,
    "cells": cells_motif,
    "bricks": bricks,
    "weave": weave,
    "scales": scales,
    "fur": fur,
    "feathers": feathers,
    "wood": wood,
    "marble": marble,
    "waves": waves,
    "cracks": cracks,
    "maze": maze,
    "bubbles": bubbles,
    "leopard": leopard,
    "zebra": zebra,
    "tiles": tiles,
    "pebbles": pebbles,
    "knit": knit,
    "tartan": tartan,
}
