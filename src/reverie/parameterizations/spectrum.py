"""Spectrum: how strong each frequency is in photographs, as a small table that holds for pictures of any size."""

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from reverie.errors import InvalidSetting, UnsuitableImage
from reverie.image import Photo, Size, photos_in, read, resize
from reverie.parameterizations.color import CORRELATION, decorrelate

SIDE = 256  # photos are measured at the size in which networks see them
RINGS, SECTORS = 20, 8  # of the table: radii in equal ratios, directions over half a turn
LOWEST, HIGHEST = 2 / SIDE, math.sqrt(0.5)  # radii in cycles per pixel; below, the magnitude goes on as 1/f
MARGIN = 0.1  # so that a photo's black and white do not weigh more under the logit than all else
DIGITS = 4  # that are kept of each number

Table = tuple[tuple[tuple[float, ...], ...], ...]


@dataclass(frozen=True)
class Spectrum:
    """Mean magnitudes of photos' logits along the decorrelated colours, unitary transform.

    Attributes:
        table: [3][RINGS][SECTORS], by cycles per pixel and direction.
        mean: [3], of the logits themselves.
    """

    table: Table
    mean: tuple[float, ...]

    def magnitudes(self, channels: int, size: Size, device: torch.device) -> Tensor:
        """[C,H,W//2+1] for a picture of this size; channels that are not RGB have the luminance's."""
        return _magnitudes(self, channels, size, device)

    def plain(self) -> dict[str, Any]:
        """The magnitudes as JSON values."""
        return {"spectrum": [[list(ring) for ring in plane] for plane in self.table], "mean": list(self.mean)}


Measurable = Spectrum | Photo | Sequence[Photo] | Mapping[str, Any]


def spectrum_of(photos: Iterable[Photo]) -> Spectrum:
    """The mean spectrum of some photos.

    Each is brought to a short side of 256; squares of it are seen through a Hann window, which keeps the picture's
    edges out of the spectrum.

    Raises:
        UnsuitableImage: a photo that cannot be read or is smaller than 32 pixels, or no photo at all.
    """
    total, weight = torch.zeros(3, RINGS * SECTORS), torch.zeros(RINGS * SECTORS)
    means: list[Tensor] = []
    for photo in photos:
        for square in _squares(read(photo)):
            magnitude, mean = _measured(square)
            at, share = _places(int(square.shape[-1]))
            for index, part in zip(at, share, strict=True):
                total.index_add_(1, index, magnitude * part)
                weight.index_add_(0, index, part)
            means.append(mean)
    if not means:
        raise UnsuitableImage("a spectrum needs at least one photo; name a folder that holds some")
    table = _filled(total.view(3, RINGS, SECTORS), weight.view(RINGS, SECTORS))
    return Spectrum(_rounded(table), _rounded(torch.stack(means).mean(0)))


def measured(photos: "Measurable | None") -> Spectrum | None:
    """The spectrum of a photo, of a folder of photos, of several of them, or of a record's numbers.

    Raises:
        UnsuitableImage: as `spectrum_of`; or what is no photo.
        InvalidSetting: other numbers.
    """
    if photos is None or isinstance(photos, Spectrum):
        return photos
    if isinstance(photos, Mapping):
        return parse_spectrum(photos)
    several: Sequence[Any] = photos if isinstance(photos, list | tuple) else [photos]
    wrong = [item for item in several if not isinstance(item, Photo)]
    if wrong:
        raise UnsuitableImage(f"a spectrum is measured of photos, not of {wrong[0]!r:.60}; name a photo, or a folder")
    named = [photos_in(str(item)) if isinstance(item, str | Path) else [item] for item in several]
    return spectrum_of(photo for each in named for photo in each)


def parse_spectrum(data: Any) -> Spectrum:
    """A spectrum from its JSON values, every number checked.

    Raises:
        InvalidSetting: it is none.
    """
    try:
        table = torch.tensor(data["spectrum"], dtype=torch.float64)
        mean = torch.tensor(data["mean"], dtype=torch.float64)
        good = table.shape == (3, RINGS, SECTORS) and mean.shape == (3,) and bool((table > 0).all())
        if not (good and bool(table.isfinite().all()) and bool(mean.isfinite().all())):
            raise ValueError
    except (KeyError, TypeError, ValueError, OverflowError, RuntimeError):
        raise InvalidSetting("this is no spectrum; measure one from a folder of photos") from None
    return Spectrum(_rounded(table), _rounded(mean))


@lru_cache(maxsize=1)
def natural() -> Spectrum:
    """That of scikit-learn's two sample photos, which comes with the package."""
    return parse_spectrum(json.loads((Path(__file__).parent / "natural.json").read_text(encoding="utf-8")))


def _squares(image: Tensor) -> list[Tensor]:
    """Squares along the long side, half overlapping at most."""
    height, width = image.shape[-2:]
    short = min(height, width)
    if short < 32:
        raise UnsuitableImage(f"the photo is {width}x{height}, too small to measure a spectrum; take 32 pixels or more")
    if short > SIDE:
        size = max(SIDE, round(height * SIDE / short)), max(SIDE, round(width * SIDE / short))
        image, short = resize(image, size).clamp(0, 1), SIDE
    spare = max(image.shape[-2:]) - short
    starts = [round(spare * k / max(1, -(-spare // short))) for k in range(-(-spare // short) + 1)]
    tall = image.shape[-2] > image.shape[-1]
    return [image[..., s : s + short, :] if tall else image[..., s : s + short] for s in dict.fromkeys(starts)]


def _measured(square: Tensor) -> tuple[Tensor, Tensor]:
    """Magnitudes [3, K] of a square's half spectrum but for its mean, and the mean [3]."""
    values = decorrelate(square.clamp(MARGIN, 1 - MARGIN).logit())[0]
    side = int(square.shape[-1])
    hann = torch.hann_window(side, periodic=True)
    window = hann[:, None] * hann[None]
    mean = (values * window).sum((1, 2), keepdim=True) / window.sum()
    seen = (values - mean) * window / window.square().mean().sqrt()
    return torch.fft.rfft2(seen, norm="ortho").abs().flatten(1)[:, 1:], mean.flatten()


def _places(side: int) -> tuple[Tensor, Tensor]:
    """For each frequency of a square but the mean: the four cells of the table round it [4,K], and its shares [4,K]."""
    ring, sector = (item.flatten()[1:] for item in _coordinates((side, side)))
    low, left = ring.floor().clamp(0, RINGS - 2), sector.floor()
    up, right = ring - low, sector - left
    first, second = low.long() * SECTORS, (low.long() + 1) * SECTORS
    here, there = left.long() % SECTORS, (left.long() + 1) % SECTORS
    cells = torch.stack([first + here, first + there, second + here, second + there])
    return cells, torch.stack([(1 - up) * (1 - right), (1 - up) * right, up * (1 - right), up * right])


def _coordinates(size: Size) -> tuple[Tensor, Tensor]:
    """Ring and sector [H,W//2+1] of each frequency, as numbers between the table's; rings keep within it."""
    height, width = size
    down, right = torch.fft.fftfreq(height)[:, None], torch.fft.rfftfreq(width)[None]
    radius = torch.hypot(down, right)
    ring = (radius.clamp(LOWEST, HIGHEST) / LOWEST).log() / math.log(HIGHEST / LOWEST) * (RINGS - 1)
    sector = torch.atan2(down, right.expand_as(radius)) / math.pi % 1 * SECTORS
    return ring, sector


def _filled(total: Tensor, weight: Tensor) -> Tensor:
    """Means by cell; a cell that no frequency fell into has its ring's."""
    ring = total.sum(2, keepdim=True) / weight.sum(1, keepdim=True).clamp_min(1e-9)
    return torch.where(weight > 1e-3, total / weight.clamp_min(1e-9), ring).clamp_min(1e-6)


def _rounded(values: Tensor) -> Any:
    """Nested tuples of numbers with a few digits, the same on every machine."""
    if values.ndim == 0:
        return float(f"{float(values):.{DIGITS}g}")
    return tuple(_rounded(part) for part in values)


@lru_cache(maxsize=16)
def _magnitudes(spectrum: Spectrum, channels: int, size: Size, device: torch.device) -> Tensor:
    ring, sector = _coordinates(size)
    low, left = ring.floor().clamp(0, RINGS - 2).long(), sector.floor().long()
    up, right = ring - low, sector - left
    here, there = left % SECTORS, (left + 1) % SECTORS
    table = torch.tensor(spectrum.table).log()
    near = torch.lerp(table[:, low, here], table[:, low, there], right)
    far = torch.lerp(table[:, low + 1, here], table[:, low + 1, there], right)
    radius = torch.hypot(torch.fft.fftfreq(size[0])[:, None], torch.fft.rfftfreq(size[1])[None])
    planes = torch.lerp(near, far, up).exp() * (LOWEST / radius.clamp(1e-9, LOWEST))
    if size[1] % 2 == 0:  # the highest frequency across is its own opposite, and so both directions at once
        last = planes[:, :, -1]
        planes[:, :, -1] = (last + last.flip(1).roll(1, 1)) / 2
    planes[:, 0, 0] = torch.tensor(spectrum.mean) * math.sqrt(size[0] * size[1])
    # a grey picture's logit is what the luminance axis adds to each of RGB
    planes = planes if channels == 3 else (planes[:1] * CORRELATION[:, 0].mean()).expand(channels, -1, -1)
    return planes.contiguous().to(device)
