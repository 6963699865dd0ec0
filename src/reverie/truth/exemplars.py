"""Exemplars: what a set of photos says of a channel, and the parts of photos that excite it most and least."""

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor

from reverie.dataset.layer_tallies import Keeping, LayerTallies, fresh, tallied
from reverie.dataset.photo_batches import batches
from reverie.dataset.photo_sets import PhotoSet
from reverie.dataset.store import Scan
from reverie.dataset.tallies import NOBODY, Array, lots
from reverie.errors import ScanRefused
from reverie.image import in_channels, resize
from reverie.models.layers import Box
from reverie.models.model import Model
from reverie.models.probe import probe
from reverie.models.receptive_fields import Fields
from reverie.models.sameness import difference
from reverie.runs import Event
from reverie.truth.drawn import Drawn
from reverie.unit import Unit, channel_of

T = TypeVar("T")
MOST = (9, 20)  # K and N of the paper
LEAST = (3, 8)
RANKED = 1000  # places that are ranked of each channel
TOGETHER = 16  # photos in one forward
FEWEST = 4 * sum(LEAST)  # photos of which interpretability says anything


@dataclass(frozen=True, eq=False)
class Responses:
    """How a network's layers respond to a set of photos.

    Attributes:
        photos: which.
        source: where they come from, for people.
        tallies: by layer.
        means: by layer (numbers [n] of photos, mean over positions [n,C]); none where they were not kept.
        kinds: class of each photo; None where it has none.
        readable: numbers of the photos that could be read.
        apart: whether the photos are of different things, so that some say something of others.
    """

    model: Model
    photos: PhotoSet
    source: str
    tallies: Mapping[str, LayerTallies]
    means: Mapping[str, tuple[Array, Array]]
    kinds: tuple[str | None, ...]
    readable: Sequence[int]
    apart: bool = True

    def several(self, most: int) -> Tensor:
        """Some photos [N,C,H,W] as the network is shown them, evenly spread over the set, at most so many.

        Raises:
            UnsuitableImage: one of them cannot be read any more.
        """
        chosen = np.linspace(0, len(self.readable) - 1, min(most, len(self.readable))).round().astype(int)
        pictures = [self.photos.framed(self.readable[place], self.model.size) for place in chosen]
        return in_channels(torch.stack(pictures), self.model.channels)


def responses(
    model: Model, photos: PhotoSet, layers: Sequence[str], *, source: str = "", workers: int | None = None
) -> Generator[Event, None, Responses]:
    """Looks at photos, a batch for each event, and returns how the layers respond.

    Args:
        workers: processes that decode, as of `photo_batches.batches`; what is drawn needs none.

    Raises:
        UnknownName: no such layer.
    """
    layers, several = list(dict.fromkeys(layers)), len(photos)
    tallies = fresh(model, layers, Keeping(min(several, RANKED), True, 1, several, False))
    workers = 0 if isinstance(photos, Drawn) else workers
    numbers: list[int] = []
    parts: dict[str, list[Array]] = {layer: [] for layer in layers}
    for seen in tallied(model, batches(photos, model.size, TOGETHER, workers=workers), layers, tallies):
        numbers += seen.batch.indices
        for layer in layers:
            parts[layer].append(seen.embeddings[layer])
        yield Event(seen.batch.stop, several, "photos")
    means = {layer: (np.array(numbers, np.int64), np.concatenate(each)) for layer, each in parts.items()}
    kinds = tuple(photos.kind(number) for number in range(several))
    apart = photos.apart if isinstance(photos, Drawn) else True
    return Responses(model, photos, source or f"{len(numbers)} photos", tallies, means, kinds, numbers, apart)


def exhausted(work: Generator[Event, None, T]) -> T:
    """What a generator returns when it is read to its end."""
    while True:
        try:
            next(work)
        except StopIteration as end:
            found: T = end.value
            return found


def scanned(model: Model, found: Scan, layers: Sequence[str], place: str | None = None) -> Responses:
    """How the layers responded to the photos of a scan.

    Raises:
        UnknownName: the scan has no such layer.
        ScanRefused: a scan of another network, or of photos that are not there.
    """
    what = difference(found.about.model, model.source)
    if what:
        raise ScanRefused(f"{found.path} was made with other {what} than {model.name}; name its network, or scan anew")
    tallies = {layer: found.tallies(layer) for layer in dict.fromkeys(layers)}
    kept = found.about.keeping.embeddings
    means = {layer: found.embeddings(layer) for layer in tallies} if kept else {}
    readable = [number for number in range(found.position) if number not in found.failures]
    source = f"{len(readable)} photos of {found.path.name}"
    return Responses(model, found.photos(place), source, tallies, means, found.kinds, readable)


@dataclass(frozen=True, eq=False)
class Exemplars:
    """What photos say of one channel.

    Attributes:
        values: its largest value in each of some photos chosen by chance, ascending.
        numbers: of these photos.
        best: its largest value in any photo.
        strong: (photo, place) of the strongest photos, the strongest first.
        photos: how many were looked at.
        shown, asked: K and N, for `interpretability`; 0 where there are too few photos, or too few excite the channel.
    """

    responses: Responses
    unit: Unit
    values: Array
    numbers: Array
    best: float
    strong: tuple[tuple[int, int], ...]
    photos: int
    shown: int
    asked: int

    @property
    def weak(self) -> list[int]:
        """Numbers of the photos that excite it least, the weakest first."""
        return [int(number) for number in self.numbers]

    def below(self, value: float) -> float:
        """Per cent of photos that excite it less than this."""
        return 100 * float((self.values < value).mean())


def exemplars(found: Responses, unit: Unit) -> Exemplars:
    """The exemplars of a channel.

    Raises:
        InvalidSetting: no channel.
    """
    channel, tallies = channel_of(unit), found.tallies[unit.layer]
    ranking, examples = tallies.top, tallies.examples
    taken = ranking.photos[channel] != NOBODY
    first, where, peaks = (each[channel][taken] for each in (ranking.photos, ranking.places, ranking.values))
    down = _ascending(-peaks, first)
    strong, peaks = list(zip(first[down].tolist(), where[down].tolist(), strict=True)), peaks[down]
    values, numbers = examples.values[: len(examples), channel], examples.photos[: len(examples)]
    order = _ascending(values, numbers)
    values, numbers = values[order], numbers[order]
    photos = int(tallies.moments.photos[0])
    each = min(len(strong), photos // 4, len(values) // 4)
    if each:
        each = min(each, int((peaks > values[each - 1]).sum()))  # photos that do not excite it are no strong ones
    shown, asked = parted(each) if found.apart else (0, 0)
    best = float(peaks[0]) if len(peaks) else float("nan")
    return Exemplars(found, unit, values, numbers, best, tuple(strong), photos, shown, asked)


def _ascending(values: Array, photos: Array) -> Array:
    """The order of values; equal ones stand by lot, as the first files of a folder are often of one class."""
    return np.lexsort((lots(photos, 1, 0)[:, 0], values))


def parted(each: int) -> tuple[int, int]:
    """How many of so many photos are shown and how many asked about; both shrink alike, and below LEAST are none."""
    if each < sum(LEAST):
        return 0, 0
    shown = min(MOST[0], max(LEAST[0], round(each * MOST[0] / sum(MOST))))
    return shown, min(MOST[1], each - shown)


def patches(found: Exemplars, chosen: Sequence[tuple[int, int | None]]) -> tuple[Tensor, list[Box]]:
    """The photos [N,3,H,W] as the network is shown them, and what the channel sees at a place of each.

    Args:
        chosen: photos with places; of None it is where the channel is largest, in its middle where that is nowhere.
    """
    model, size = found.responses.model, found.responses.tallies[found.unit.layer].size
    pictures = torch.stack([found.responses.photos.framed(photo, model.size) for photo, _ in chosen])
    lacking = [row for row, (_, place) in enumerate(chosen) if place is None]
    places = [place or 0 for _, place in chosen]
    for row, place in zip(lacking, peaks(model, found.unit, pictures[lacking]), strict=True):
        places[row] = place
    fields = Fields(model, found.unit.layer)
    return pictures, [fields.box(place // size[1], place % size[1]) for place in places]


def peaks(model: Model, unit: Unit, pictures: Tensor) -> list[int]:
    """Where a channel is largest in each of the pictures [N,3,H,W]; the middle where it is flat."""
    found: list[int] = []
    for chunk in pictures.split(TOGETHER):
        for each in channel_maps(model, unit, chunk):
            flat = float(each.max()) == float(each.min())
            middle = (each.shape[0] // 2) * each.shape[1] + each.shape[1] // 2
            found.append(middle if flat else int(each.argmax()))
    return found


def channel_maps(model: Model, unit: Unit, pictures: Tensor) -> Tensor:
    """[N,H,W] of a channel on pictures [N,3,H,W]."""
    with torch.no_grad():
        found = probe(model, in_channels(pictures, model.channels).to(model.device), [unit.layer])
    return found[unit.layer][:, channel_of(unit)].cpu()


def seen(pictures: Tensor, boxes: Sequence[Box], side: tuple[int, int]) -> Tensor:
    """The parts of pictures [N,3,H,W] that lie in boxes, each brought to a size, [N,3,*side]."""
    cut = [
        resize(picture[None, :, top:bottom, left:right], side).clamp(0, 1)
        for picture, ((top, bottom), (left, right)) in zip(pictures, boxes, strict=True)
    ]
    return torch.cat(cut)
