"""Formulas as their papers write them, on numpy arrays, one number at a time."""

import cmath
import math

import numpy as np
from numpy import ndarray


def redirected_relu_slope(value: ndarray, gradient: ndarray, ceiling: float) -> ndarray:
    """Redirected rectifier, per image: the true gradient, or where it is zero everywhere the one that wakes."""
    out = np.zeros_like(gradient)
    for n in range(len(value)):
        open_ = (value[n] > 0) & (value[n] < ceiling)
        true = np.where(open_, gradient[n], 0)
        if np.any(true != 0):
            out[n] = true
            continue
        for at in np.ndindex(*value[n].shape):
            v, g = value[n][at], gradient[n][at]
            too_low, too_high = v <= 0 and g < 0, v >= ceiling and g > 0  # the loss falls where the value is let move
            out[n][at] = g if too_low or too_high else 0
    return out


def redirected_gate_slope(value: ndarray, gradient: ndarray, gate) -> ndarray:  # type: ignore[no-untyped-def]
    """The same for a smooth gate, which is closed where it falls; its slope by differences."""
    out = np.zeros_like(gradient)
    for n in range(len(value)):
        slope = np.vectorize(lambda x: (gate(x + 1e-5) - gate(x - 1e-5)) / 2e-5)(value[n])
        shut = not np.any(gradient[n][slope > 0] != 0)
        out[n] = np.where((slope <= 0) & (gradient[n] < 0), gradient[n], 0) if shut else gradient[n] * slope
    return out


def inverse_dft(spectrum: ndarray, height: int, width: int) -> ndarray:
    """A real picture from its half spectrum [H,W//2+1], by the explicit sum, scaled by 1/sqrt(HW)."""
    full = np.zeros((height, width), dtype=complex)
    for u in range(height):
        for v in range(width // 2 + 1):
            full[u, v] = spectrum[u, v]
            if v not in (0, width / 2):
                full[-u % height, -v % width] = np.conj(spectrum[u, v])
    out = np.zeros((height, width))
    for y in range(height):
        for x in range(width):
            total = sum(
                full[u, v] * cmath.exp(2j * math.pi * (u * y / height + v * x / width))
                for u in range(height)
                for v in range(width)
            )
            out[y, x] = total.real / math.sqrt(height * width)
    return out


def fourier_picture(latents: ndarray, height: int, width: int) -> ndarray:
    """Olah et al. 2017: spectrum over frequency, inverse transform, over 4, correlated colours, sigmoid; [3,H,W]."""
    planes = []
    for plane in latents:
        spectrum = np.zeros((height, width // 2 + 1), dtype=complex)
        for u in range(height):
            for v in range(width // 2 + 1):
                fy = u / height if u < (height + 1) // 2 else u / height - 1
                frequency = max(math.hypot(fy, v / width), 1 / max(height, width))
                spectrum[u, v] = complex(plane[u, v, 0], plane[u, v, 1]) / frequency
        planes.append(inverse_dft(spectrum, height, width) / 4)
    return 1 / (1 + np.exp(-correlated(np.stack(planes))))


def correlated(planes: ndarray) -> ndarray:
    """Olah et al. 2017: from decorrelated axes [3,H,W] to RGB, by the root of natural images' colour covariance."""
    root = np.array([[0.26, 0.09, 0.02], [0.27, 0.00, -0.05], [0.27, -0.09, 0.03]])
    root = root / max(math.sqrt(sum(root[i, j] ** 2 for i in range(3))) for j in range(3))
    return np.einsum("ij,jhw->ihw", root, planes)


def gaussian_blur(image: ndarray, sigma: float) -> ndarray:
    """[H,W] convolved with a Gaussian of radius ceil(3 sigma), mirrored at the edges without repeating them."""
    reach = min(max(1, math.ceil(3 * sigma)), min(image.shape) - 1)
    weights = [math.exp(-(d * d) / (2 * sigma * sigma)) for d in range(-reach, reach + 1)]
    height, width = image.shape

    def mirrored(i: int, length: int) -> int:
        i = abs(i)
        return i if i < length else 2 * (length - 1) - i

    out = np.zeros_like(image)
    for y in range(height):
        for x in range(width):
            out[y, x] = sum(
                weights[dy + reach] * weights[dx + reach] * image[mirrored(y + dy, height), mirrored(x + dx, width)]
                for dy in range(-reach, reach + 1)
                for dx in range(-reach, reach + 1)
            )
    return out / sum(weights) ** 2


def total_variation(image: ndarray) -> float:
    """Sum of absolute differences of neighbours of [C,H,W], by the number of values."""
    channels, height, width = image.shape
    total = 0.0
    for c in range(channels):
        for y in range(height):
            for x in range(width):
                total += abs(image[c, y, x] - image[c, y + 1, x]) if y + 1 < height else 0
                total += abs(image[c, y, x] - image[c, y, x + 1]) if x + 1 < width else 0
    return total / image.size


def adam(start: ndarray, gradients: list[ndarray], rates: list[float], betas: tuple[float, float]) -> ndarray:
    """Kingma, Ba 2015, algorithm 1, epsilon 1e-8."""
    value, mean, square = start.astype(float).copy(), np.zeros(start.shape), np.zeros(start.shape)
    for t, (gradient, rate) in enumerate(zip(gradients, rates, strict=True), 1):
        mean = betas[0] * mean + (1 - betas[0]) * gradient
        square = betas[1] * square + (1 - betas[1]) * gradient**2
        value -= rate * (mean / (1 - betas[0] ** t)) / (np.sqrt(square / (1 - betas[1] ** t)) + 1e-8)
    return value


def convolution(image: ndarray, weight: ndarray, bias: ndarray) -> ndarray:
    """[C,H,W] with a kernel [F,C,k,k], zeros round the edges."""
    reach, (_, height, width) = weight.shape[-1] // 2, image.shape
    padded = np.pad(image, ((0, 0), (reach, reach), (reach, reach)))
    out = np.zeros((len(weight), height, width))
    for f in range(len(weight)):
        for y in range(height):
            for x in range(width):
                out[f, y, x] = (padded[:, y : y + 2 * reach + 1, x : x + 2 * reach + 1] * weight[f]).sum() + bias[f]
    return out


def convolution_slope(slope: ndarray, weight: ndarray) -> ndarray:
    """The gradient at a convolution's input [C,H,W] from that at its output [F,H,W]."""
    reach, (_, height, width) = weight.shape[-1] // 2, slope.shape
    padded = np.zeros((weight.shape[1], height + 2 * reach, width + 2 * reach))
    for f in range(len(weight)):
        for y in range(height):
            for x in range(width):
                padded[:, y : y + 2 * reach + 1, x : x + 2 * reach + 1] += slope[f, y, x] * weight[f]
    return padded[:, reach : reach + height, reach : reach + width]


def make_step(
    image: ndarray, rolls: tuple[int, int], rate: float, weight: ndarray, bias: ndarray, std: ndarray
) -> ndarray:
    """Google's deepdream notebook (2015), `make_step`, on a network of one convolution and a rectifier.

    Roll by the jitter, the layer's activation as its own gradient (`objective_L2`), a step of rate / mean |g|, roll
    back, clip. The image is [3,H,W] in [0,1], so the clip is at 0 and 1.
    """
    image = np.roll(np.roll(image, rolls[0], 1), rolls[1], 2)
    activation = np.maximum(convolution((image - 0.5) / std[:, None, None], weight, bias), 0)
    slope = convolution_slope(activation * (activation > 0), weight) / std[:, None, None]
    image = image + rate / np.abs(slope).mean() * slope
    image = np.roll(np.roll(image, -rolls[0], 1), -rolls[1], 2)
    return np.clip(image, 0, 1)


def along(value: ndarray, target: ndarray, cosine: float) -> float:
    """lucid's dot product times the floored cosine to a power, of two vectors."""
    dot = float(sum(a * b for a, b in zip(value, target, strict=True)))
    lengths = math.sqrt(sum(a * a for a in value)) * math.sqrt(sum(b * b for b in target))
    return dot * max(0.1, dot / lengths) ** cosine


def direction(value: ndarray, vector: ndarray, cosine: float) -> float:
    """Olah et al. 2018: the mean over the positions of [C,H,W] of what points along a vector of unit length."""
    unit = vector / math.sqrt(sum(a * a for a in vector))
    _, height, width = value.shape
    return sum(along(value[:, y, x], unit, cosine) for y in range(height) for x in range(width)) / (height * width)


def direction_map(value: ndarray, target: ndarray, cosine: float) -> float:
    """The same with a vector for each position, whose mean length is 1."""
    _, height, width = value.shape
    places = [(y, x) for y in range(height) for x in range(width)]
    length = sum(math.sqrt(sum(a * a for a in target[:, y, x])) for y, x in places) / len(places)
    return sum(along(value[:, y, x], target[:, y, x] / length, cosine) for y, x in places) / len(places)


def objective_guide(value: ndarray, guide: ndarray) -> ndarray:
    """Google's deepdream notebook (2015): the gradient at each position is the guide's feature that matches it best."""
    channels = len(value)
    x, y = value.reshape(channels, -1), guide.reshape(channels, -1)
    scores = x.T.dot(y)
    return y[:, scores.argmax(1)].reshape(value.shape)


def diversity(values: ndarray) -> list[float]:
    """Olah et al. 2017: minus the mean cosine of each picture's Gram matrix [C,C] with those of the others."""
    grams = []
    for value in values:
        flat = value.reshape(len(value), -1)
        gram = np.array([[float(np.dot(a, b)) for b in flat] for a in flat])
        grams.append(gram / math.sqrt(float((gram**2).sum())))
    return [
        -sum(float((own * other).sum()) for other in grams if other is not own) / (len(grams) - 1) for own in grams
    ]


def alignment(values: ndarray, decay: float) -> list[float]:
    """lucid's alignment: squared differences of neighbours up to three apart; each of two bears half."""
    out = [0.0] * len(values)
    for apart in (1, 2, 3):
        for i in range(len(values) - apart):
            part = float(((values[i] - values[i + apart]) ** 2).mean()) / decay**apart
            out[i] -= part / 2
            out[i + apart] -= part / 2
    return out


def relative_distance(value: ndarray, wanted: ndarray) -> float:
    """Squared distance of two maps over the square of the second, one number at a time."""
    apart = sum((float(value[at]) - float(wanted[at])) ** 2 for at in np.ndindex(*value.shape))
    return apart / sum(float(wanted[at]) ** 2 for at in np.ndindex(*wanted.shape))
