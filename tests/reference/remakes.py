"""Formulas of inversion, style and fooling as their papers write them, on numpy arrays, one number at a time."""

import math

import numpy as np
from numpy import ndarray


def ssim(left: ndarray, right: ndarray) -> float:
    """Wang et al. 2004, section III-B: Gaussian windows of 11, deviation 1.5, K1 = .01, K2 = .03; [H,W] in [0,1]."""
    at = range(-5, 6)
    weights = np.array([[math.exp(-(y * y + x * x) / (2 * 1.5**2)) for x in at] for y in at])
    weights /= weights.sum()
    found = []
    for y in range(left.shape[0] - 10):
        for x in range(left.shape[1] - 10):
            a, b = left[y : y + 11, x : x + 11], right[y : y + 11, x : x + 11]
            ma, mb = (weights * a).sum(), (weights * b).sum()
            va, vb = (weights * (a - ma) ** 2).sum(), (weights * (b - mb) ** 2).sum()
            cov = (weights * (a - ma) * (b - mb)).sum()
            luminance = (2 * ma * mb + 0.01**2) / (ma**2 + mb**2 + 0.01**2)
            found.append(luminance * (2 * cov + 0.03**2) / (va + vb + 0.03**2))
    return sum(found) / len(found)


def normalised_distance(value: ndarray, target: ndarray) -> float:
    """Mahendran, Vedaldi 2015, equation 3: |a - b|^2 / |b|^2."""
    above = sum((a - b) ** 2 for a, b in zip(value.flat, target.flat, strict=True))
    return above / sum(b**2 for b in target.flat)


def quadratic_variation(image: ndarray) -> float:
    """The same, equation 5 with beta = 2, of [C,H,W] without the last row and column's outer differences, by pixel."""
    total = 0.0
    for plane in image:
        for y in range(plane.shape[0]):
            for x in range(plane.shape[1]):
                total += (plane[y + 1, x] - plane[y, x]) ** 2 if y + 1 < plane.shape[0] else 0
                total += (plane[y, x + 1] - plane[y, x]) ** 2 if x + 1 < plane.shape[1] else 0
    return total / image.size


def gram(value: ndarray, mask: ndarray | None = None) -> ndarray:
    """Gatys et al. 2016, equation 3, of [C,h,w], by the number of positions, or by the sum of a mask [h,w]."""
    channels, height, width = value.shape
    out, total = np.zeros((channels, channels)), 0.0
    for y in range(height):
        for x in range(width):
            weight = 1.0 if mask is None else mask[y, x]
            total += weight
            for i in range(channels):
                for j in range(channels):
                    out[i, j] += weight * value[i, y, x] * value[j, y, x]
    return out / total


def soft_pixel(latent: float) -> float:
    """v / (1 + |v|^8)^(1/8) around grey."""
    doubled = 2 * latent
    return 0.5 + doubled / (1 + abs(doubled) ** 8) ** (1 / 8) / 2


def pgd_step(image: ndarray, slope: ndarray, photo: ndarray, rate: float, radius: float, norm: str) -> ndarray:
    """Madry et al. 2018, equation 1 for the largest change; likewise with the unit gradient for L2; then [0,1]."""
    if norm == "linf":
        moved = image + rate * np.sign(slope)
        change = np.clip(moved - photo, -radius, radius)
    else:
        change = image + rate * slope / math.sqrt((slope**2).sum()) - photo
        length = math.sqrt((change**2).sum())
        change = change * min(1, radius / length)
    return np.clip(photo + change, 0, 1)


def deepfool_step(logits: ndarray, slopes: ndarray, own: int, rival: int) -> ndarray:
    """Moosavi-Dezfooli et al. 2016, algorithm 2: the least step to the border between two classes, linearised."""
    gap, slope = logits[rival] - logits[own], slopes[rival] - slopes[own]
    return abs(gap) / (slope**2).sum() * slope
