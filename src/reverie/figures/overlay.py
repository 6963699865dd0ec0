"""Attributions made into pictures: colours for numbers, laid over the photo or alone."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import torch
from torch import Tensor

from reverie.image import grey
from reverie.settings.fields import SHOWN

HEAT = (
    (0.0, 0.0, 0.02),
    (0.26, 0.04, 0.41),
    (0.62, 0.16, 0.39),
    (0.9, 0.36, 0.19),
    (0.98, 0.65, 0.1),
    (1.0, 0.97, 0.72),
)
COLD = ((0.02, 0.19, 0.38), (0.26, 0.58, 0.76), (0.97, 0.97, 0.97), (0.84, 0.38, 0.3), (0.4, 0.0, 0.12))
FRAME, RIM = (1.0, 0.82, 0.1), (0.1, 0.1, 0.1)  # of a frame: its line, and the thin ones along it
CLIP = 0.995  # of a gradient's positions stay below full strength, so that single pixels do not darken all others
LARGEST = 16_000_000  # values of which torch finds a quantile


def coloured(values: Tensor, anchors: Sequence[Sequence[float]] = HEAT) -> Tensor:
    """Numbers [H,W] in [0,1] as colours [3,H,W], even steps between the anchors."""
    table = torch.tensor(anchors)
    place = values.clamp(0, 1) * (len(table) - 1)
    low = place.floor().long().clamp_max(len(table) - 2)
    share = (place - low)[..., None]
    return (table[low] * (1 - share) + table[low + 1] * share).permute(2, 0, 1)


def strength(raw: Tensor, top: float | None = None) -> Tensor:
    """How much speaks for the unit, [H,W] in [0,1].

    Of a gradient [C,H,W] the largest magnitude over the channels (Simonyan et al. 2014); of a map [H,W] what is
    positive, or, where all is, what is above the least. With `top` a map's values are shares of it.
    """
    if top is not None:
        return (raw / max(top, 1e-20)).clamp(0, 1)
    if raw.ndim == 3:
        value = raw.abs().amax(0)
        end = torch.quantile(value.flatten(), CLIP) if value.numel() < LARGEST else value.max()
    else:
        value = (raw - raw.min().clamp_min(0)).clamp_min(0)
        end = value.max()
    return (value / end.clamp_min(1e-20)).clamp(0, 1)


def positive_share(raw: Tensor) -> float | None:
    """The share of a map's weight [H,W] that is positive, 0 to 1; None of gradients, and where nothing is negative."""
    if raw.ndim != 2 or float(raw.min()) >= 0:
        return None
    return float(raw.clamp_min(0).sum() / raw.abs().sum().clamp_min(1e-20))


def _over(image: Tensor, raw: Tensor, opacity: float, top: float | None) -> Tensor:
    photo = (grey(image[None])[0] if len(image) == 3 else image).expand(3, -1, -1)
    value = strength(raw, top)
    return torch.lerp(photo, coloured(0.25 + 0.75 * value), opacity * value)


def _alone(image: Tensor, raw: Tensor, opacity: float, top: float | None) -> Tensor:
    del image, opacity
    return coloured(strength(raw, top))


def _signed(image: Tensor, raw: Tensor, opacity: float, top: float | None) -> Tensor:
    del image, opacity
    if raw.ndim == 3 and raw.numel() < LARGEST:
        end = torch.quantile(raw.abs().flatten(), CLIP)
    else:
        end = raw.abs().max() if top is None else torch.tensor(top)
    value = (0.5 + 0.5 * raw / end.clamp_min(1e-20)).clamp(0, 1)
    return value.expand(3, -1, -1).clone() if raw.ndim == 3 else coloured(value, COLD)


SHOW: Mapping[str, Callable[[Tensor, Tensor, float, float | None], Tensor]] = {
    "overlay": _over,  # what speaks for the unit, in warm colours over the grey photo
    "map": _alone,  # the same on black
    "signed": _signed,  # gradients in their colours round grey; maps blue where they are negative, red where positive
}


def overlay(
    image: Tensor, raw: Tensor, show: str = "overlay", *, opacity: float = 0.8, top: float | None = None
) -> Tensor:
    """A picture [3,H,W] of an attribution of a photo [C,H,W].

    Args:
        raw: [C,H,W] of a gradient or [H,W] of a map, signed.
        show: one of SHOW.
        opacity: of the strongest colour over the photo.
        top: of a map the value that gets the strongest colour; its own largest unless given.
    """
    SHOWN.check(show)
    return SHOW[show](image, raw, opacity, top).clamp(0, 1)


def framed(image: Tensor, rows: tuple[int, int], columns: tuple[int, int]) -> Tensor:
    """A photo [C,H,W] as [3,H,W], with a frame round some of its rows and columns, seen on bright and on dark."""
    out, width = image.expand(3, -1, -1).clone(), max(2, min(image.shape[-2:]) // 100)
    (top, bottom), (left, right) = rows, columns
    for inset, ink in ((0, RIM), (1, FRAME), (width + 1, RIM), (width + 2, None)):
        area = np.s_[:, top + inset : max(top, bottom - inset), left + inset : max(left, right - inset)]
        out[area] = image.expand(3, -1, -1)[area] if ink is None else torch.tensor(ink).view(3, 1, 1)
    return out
