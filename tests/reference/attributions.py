"""Attributions as their papers write them, on numpy arrays, slowly."""

import math
from collections.abc import Callable

import numpy as np
from numpy import ndarray

from reference.plain import convolution, convolution_slope


def rectifier_slope(value: ndarray, gradient: ndarray, rule: str, ceiling: float = math.inf) -> ndarray:
    """Springenberg et al. 2015, figure 1 b: how a gradient goes back through a rectifier."""
    out = np.zeros_like(gradient)
    for at in np.ndindex(*value.shape):
        is_open, positive = 0 < value[at] < ceiling, gradient[at] > 0
        passes = {"gradient": is_open, "deconvnet": positive, "guided-backprop": is_open and positive}[rule]
        out[at] = gradient[at] if passes else 0
    return out


def two_layers(
    image: ndarray, weights: list[ndarray], biases: list[ndarray], channel: int, rule: str, ceiling: float = math.inf
) -> ndarray:
    """The gradient of a channel's mean behind two convolutions with rectifiers, under a rule; [C,H,W]."""
    first = convolution(image, weights[0], biases[0])
    second = convolution(np.clip(first, 0, ceiling), weights[1], biases[1])
    slope = np.zeros_like(second)
    slope[channel] = 1 / second[channel].size
    slope = convolution_slope(rectifier_slope(second, slope, rule, ceiling), weights[1])
    return convolution_slope(rectifier_slope(first, slope, rule, ceiling), weights[0])


def grad_cam(value: ndarray, gradient: ndarray) -> ndarray:
    """Selvaraju et al. 2017, equations 1 and 2, without the rectifier; [K,h,w] to [h,w]."""
    out = np.zeros(value.shape[1:])
    for k in range(len(value)):
        alpha = sum(gradient[k, i, j] for i, j in np.ndindex(*value.shape[1:])) / value[k].size
        out += alpha * value[k]
    return out


def grad_cam_plus(value: ndarray, gradient: ndarray) -> ndarray:
    """Chattopadhay et al. 2018, equations 10 and 19, without exp(S) and the rectifier."""
    out = np.zeros(value.shape[1:])
    for k in range(len(value)):
        total, weight = value[k].sum(), 0.0
        for i, j in np.ndindex(*value.shape[1:]):
            g = gradient[k, i, j]
            below = 2 * g**2 + total * g**3
            weight += (g**2 / below if below != 0 else 0) * max(g, 0)
        out += weight * value[k]
    return out


def layer_cam(value: ndarray, gradient: ndarray) -> ndarray:
    """Jiang et al. 2021, equations 4 to 6, without the last rectifier."""
    out = np.zeros(value.shape[1:])
    for k in range(len(value)):
        for i, j in np.ndindex(*value.shape[1:]):
            out[i, j] += max(gradient[k, i, j], 0) * value[k, i, j]
    return out


def occlusion(
    score: Callable[[ndarray], float], image: ndarray, cover: ndarray, window: int, stride: int
) -> tuple[ndarray, dict[tuple[int, int], float]]:
    """Each position's mean loss over the windows that cover it, and each window's; images are [C,H,W]."""
    _, height, width = image.shape
    total, count, losses = np.zeros((height, width)), np.zeros((height, width)), {}
    before = score(image)
    top = 0
    while True:
        left = 0
        while True:
            covered = image.copy()
            covered[:, top : top + window, left : left + window] = cover[:, top : top + window, left : left + window]
            loss = before - score(covered)
            losses[top, left] = loss
            total[top : top + window, left : left + window] += loss
            count[top : top + window, left : left + window] += 1
            if left + window >= width:
                break
            left += stride
        if top + window >= height:
            break
        top += stride
    return total / count, losses


def rank_correlation(a: ndarray, b: ndarray) -> float:
    """Spearman 1904: the correlation of ranks, equal values sharing their mean rank."""

    def ranks(values: ndarray) -> list[float]:
        return [(np.sum(values < value) + np.sum(values <= value)) / 2 for value in values]

    first, second = np.array(ranks(a.ravel())), np.array(ranks(b.ravel()))
    first, second = first - first.mean(), second - second.mean()
    return float((first * second).sum() / math.sqrt((first**2).sum() * (second**2).sum()))
