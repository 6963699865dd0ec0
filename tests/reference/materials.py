"""What pictures are made of, as the papers write it, on numpy arrays, one number at a time."""

import math

import numpy as np
from numpy import ndarray

from reference.plain import correlated


def maco_picture(phase: ndarray, magnitude: ndarray, mean: ndarray, height: int, width: int) -> ndarray:
    """Fel et al. 2023: the real picture of given magnitudes and phases, as a sum of cosines; [3,H,W] in [0,1]."""
    planes = []
    for plane in range(len(phase)):
        out = np.full((height, width), mean[plane])
        for u in range(height):
            for v in range(width):
                if (u, v) == (0, 0):
                    continue
                mirrored = v > width / 2 or (v in (0, width / 2) and u > height / 2)
                row, column, sign = ((-u) % height, (-v) % width, -1) if mirrored else (u, v, 1)
                own = v in (0, width / 2) and u in (0, height / 2)  # its own mirror: its phase is 0
                angle = 0.0 if own else sign * phase[plane, row, column]
                for y in range(height):
                    for x in range(width):
                        turn = 2 * math.pi * (u * y / height + v * x / width) + angle
                        out[y, x] += magnitude[plane, row, column] * math.cos(turn) / math.sqrt(height * width)
        planes.append(out)
    return 1 / (1 + np.exp(-correlated(np.stack(planes))))


def cppn_picture(layers: list[tuple[ndarray, ndarray]], height: int, width: int) -> ndarray:
    """Mordvintsev et al. 2018: each point through the layers (weight [out,in], bias [out]); [C,H,W] in [0,1]."""
    out = np.zeros((len(layers[-1][1]), height, width))
    for y in range(height):
        for x in range(width):
            step = 2 * math.sqrt(3) / max(height, width)
            value = [(y + 0.5 - height / 2) * step, (x + 0.5 - width / 2) * step]
            for index, (weight, bias) in enumerate(layers):
                pairs = zip(weight, bias, strict=True)
                total = [sum(w * v for w, v in zip(row, value, strict=True)) + b for row, b in pairs]
                if index < len(layers) - 1:
                    waves = [math.atan(item) for item in total]
                    value = [item / 0.67 for item in waves] + [item * item / 0.60 for item in waves]
                else:
                    out[:, y, x] = [1 / (1 + math.exp(-item)) for item in total]
    return out


def enlarged(coarse: ndarray, height: int, width: int) -> ndarray:
    """Bilinear enlargement of [h,w] with pixels as squares, edges held."""
    out = np.zeros((height, width))
    for y in range(height):
        for x in range(width):
            ends = []
            for at, length, wanted in ((y, coarse.shape[0], height), (x, coarse.shape[1], width)):
                place = max(0.0, (at + 0.5) * length / wanted - 0.5)
                low = min(int(place), length - 1)
                ends.append((low, min(low + 1, length - 1), place - low))
            (top, bottom, down), (left, right, across) = ends
            upper = coarse[top, left] * (1 - across) + coarse[top, right] * across
            lower = coarse[bottom, left] * (1 - across) + coarse[bottom, right] * across
            out[y, x] = upper * (1 - down) + lower * down
    return out


def pyramid_picture(levels: list[ndarray], gain: float) -> ndarray:
    """Burt, Adelson 1983: levels [3,h,w], the finest first, each added to the enlarged sum of the coarser; [3,H,W]."""
    image = levels[-1]
    for level in reversed(levels[:-1]):
        image = np.stack([enlarged(plane, *level.shape[1:]) for plane in image]) + level
    return 1 / (1 + np.exp(-correlated(image * gain)))


def blended_spectra(spectra: ndarray, reach: float, below: float, height: int, width: int) -> ndarray:
    """Half spectra [N,C,H,W//2+1]: low frequencies are weighted means along the batch, weights normal in distance."""
    out = spectra.copy()
    count = len(spectra)
    for u in range(height):
        for v in range(width // 2 + 1):
            cycles = math.hypot(u if u < (height + 1) // 2 else u - height, v)
            if cycles > below:
                continue
            for i in range(count):
                weights = [math.exp(-((i - j) ** 2) / (2 * reach**2)) for j in range(count)]
                out[i, :, u, v] = sum(w * spectra[j, :, u, v] for j, w in enumerate(weights)) / sum(weights)
    return out
