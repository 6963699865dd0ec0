"""Patches: the parts of photos that really excite a channel, cut out at its receptive field, and checked."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import PurePosixPath

import torch
from torch import Tensor

from reverie.dataset.layer_tallies import LayerTallies
from reverie.dataset.photo_sets import PhotoSet
from reverie.dataset.store import Scan
from reverie.dataset.tallies import NOBODY
from reverie.errors import OutOfMemory, ScanRefused, UnknownName, UnsuitableImage, count
from reverie.image import in_channels
from reverie.models.layers import Box
from reverie.models.model import Model
from reverie.models.probe import probe
from reverie.models.receptive_fields import Fields
from reverie.record import Record, versions
from reverie.settings.patches import KINDS
from reverie.unit import Unit

TOLERANCE = 1e-3  # of the value, or of the channel's deviation where that is larger
TOGETHER = 8  # pictures in one forward


@dataclass(frozen=True, eq=False)
class Patch:
    """A part of a photo, as a channel sees it.

    Attributes:
        kind: one of KINDS.
        photo: its number in the set.
        name: its name there.
        place: (row, column) in the layer's grid.
        value: the channel's activation there: as the scan recorded it, or, of a median one, as it is found now.
        box: the rows and columns of the picture that the position sees, as far as they lie in it.
        picture: [C,H,W] of the network's native size, the photo as the network was shown it.
        again: the activation where all but the box is blank: 0 after the network's normalisation.
        whole: the activation on the whole picture, now.
        close: how far these may lie from the value.
        sha256: of the photo's file, as it is now; None of one that cannot be read.
    """

    kind: str
    photo: int
    name: str
    place: tuple[int, int]
    value: float
    box: Box
    picture: Tensor
    again: float
    whole: float
    close: float
    sha256: str | None = None

    @property
    def title(self) -> str:
        """Its photo's name without the ending; the folder tells photos of one name in several classes apart."""
        return str(PurePosixPath(self.name).with_suffix(""))

    @property
    def crop(self) -> Tensor:
        """What the position sees, [C,h,w] in steps of 1/255."""
        (top, bottom), (left, right) = self.box
        return self.picture[:, top:bottom, left:right]

    @property
    def exact(self) -> bool:
        """Whether the crop alone gives the value back."""
        return abs(self.again - self.value) <= self.close

    @property
    def same(self) -> bool:
        """Whether the whole picture gives it back: whether photo and network are those of the scan."""
        return abs(self.whole - self.value) <= self.close

    @property
    def doubt(self) -> str | None:
        """What is wrong with it, in words; None where its value is confirmed."""
        if self.sha256 is None:
            return "the photo is missing, or cannot be read any more"
        if not self.same:
            return "another photo or network: the value is not found again"
        return None if self.exact else "the channel looks beyond its field"


Found = tuple[int, int | None, float | None]  # photo, place, value; None of what the photo itself has yet to say


def patches(
    model: Model,
    scan: Scan,
    photos: PhotoSet,
    layer: str,
    channel: int,
    *,
    kind: str = "top",
    most: int,
    copies: bool = False,
) -> list[Patch]:
    """A channel's patches, each looked at again.

    Args:
        photos: those that were scanned, see `Scan.photos`.
        kind: one of KINDS.
        most: how many; fewer where the scan holds fewer.
        copies: show photos of the same bytes each by itself; else the next best take their places.

    Raises:
        UnknownName: the scan has no such layer or channel, or there is no such kind.
        ScanRefused: the layer's grid is another one, or the scan names photos that it has not looked at.
    """
    KINDS.check(kind)
    count("count", most)
    tallies = scan.tallies(layer)
    if not 0 <= channel < tallies.channels:
        raise UnknownName(f"'{layer}' has {tallies.channels} channels, 0 to {tallies.channels - 1}, not {channel}")
    if tallies.size != (model.layer(layer).size or (1, 1)) or tallies.channels != model.layer(layer).channels:
        raise ScanRefused(f"{scan.path} was made with another network: '{layer}' of {model.name} has another shape")
    places = ranked(tallies, channel, kind)
    if any(photo >= len(photos) for photo, _, _ in places):
        raise scan.damaged
    several = not scan.about.keeping.one_per_photo
    digest = partial(content, photos)
    places = places[:most] if copies else once(digest, places, most, several=several)
    fields, close = Fields(model, layer), TOLERANCE * float(tallies.moments.deviation[channel])
    chunks = [places[first : first + TOGETHER] for first in range(0, len(places), TOGETHER)]
    return [patch for chunk in chunks for patch in _looked_at(fields, photos, channel, kind, chunk, close)]


def ranked(tallies: LayerTallies, channel: int, kind: str) -> Sequence[Found]:
    """All places of a kind, the first ones first."""
    if kind == "median":
        return [(int(photo), None, None) for photo in tallies.examples.median(channel, len(tallies.examples))]
    if kind == "random":
        return _by_chance(tallies, channel)
    ranking = tallies.top if kind == "top" else tallies.bottom
    rows = zip(ranking.photos[channel], ranking.places[channel], ranking.values[channel], strict=True)
    return [(int(photo), int(place), float(value)) for photo, place, value in rows if photo != NOBODY]


def _by_chance(tallies: LayerTallies, channel: int) -> list[Found]:
    """Samples that drew lowest, one of each photo."""
    samples, chosen = tallies.samples, dict[int, Found]()
    for row in range(len(samples)):
        photo, place, value = int(samples.photos[row]), int(samples.places[row]), float(samples.values[row, channel])
        chosen.setdefault(photo, (photo, place, value))
    return list(chosen.values())


def once(digest: Callable[[int], str], found: Sequence[Found], most: int, *, several: bool) -> list[Found]:
    """The first places, of photos of the same bytes one alone; where a photo gives several, its own stay.

    Args:
        digest: what tells a photo of this number from others.
    """
    first, chosen = dict[str, int](), list[Found]()
    for photo, place, value in found:
        if len(chosen) == most:
            break
        original = first.setdefault(digest(photo), photo)
        if original == photo and (several or all(photo != other for other, _, _ in chosen)):
            chosen.append((photo, place, value))
    return chosen


def content(photos: PhotoSet, index: int) -> str:
    """What tells a photo from others: its file's hash; of one that cannot be read its number."""
    try:
        return photos.digest(index)
    except (UnsuitableImage, OutOfMemory):
        return str(index)


def _looked_at(
    fields: Fields, photos: PhotoSet, channel: int, kind: str, found: Sequence[Found], close: float
) -> list[Patch]:
    """The patches, with their values on the whole picture and on what they see of it alone."""
    model, width = fields.model, (fields.model.layer(fields.layer).size or (1, 1))[1]
    files = [_read(photos, photo, model) for photo, _, _ in found]
    pictures = in_channels(torch.stack([picture for picture, _ in files]), model.channels)
    maps = _maps(fields, pictures, channel)
    places = [int(each.argmax()) if place is None else place for each, (_, place, _) in zip(maps, found, strict=True)]
    boxes = [fields.box(place // width, place % width) for place in places]
    alone = _maps(fields, torch.stack([_blanked(model, *pair) for pair in zip(pictures, boxes, strict=True)]), channel)
    made = []
    for row, (photo, _, recorded) in enumerate(found):
        place, whole = (places[row] // width, places[row] % width), float(maps[row].flatten()[places[row]])
        value, again = whole if recorded is None else recorded, float(alone[row].flatten()[places[row]])
        near = max(close, TOLERANCE * abs(value))
        made.append(
            Patch(
                kind, photo, photos.names[photo], place, value, boxes[row], pictures[row], again, whole, near,
                files[row][1],
            )
        )  # fmt: skip
    return [patch for patch, (_, place, _) in zip(made, found, strict=True) if patch.sha256 or place is not None]


def _read(photos: PhotoSet, index: int, model: Model) -> tuple[Tensor, str | None]:
    """A photo as the network is shown it, and its file's hash; grey and None where it cannot be read."""
    try:
        return photos.framed(index, model.size), photos.digest(index)
    except (UnsuitableImage, OutOfMemory):
        return torch.full((3, *model.size), 0.5), None


def _maps(fields: Fields, pictures: Tensor, channel: int) -> Tensor:
    """[N,H,W] of the channel."""
    with torch.no_grad():
        return probe(fields.model, pictures.to(fields.model.device), [fields.layer])[fields.layer][:, channel].cpu()


def _blanked(model: Model, picture: Tensor, box: Box) -> Tensor:
    """The picture with nothing outside the box: what a network's own padding is made of."""
    (top, bottom), (left, right) = box
    blank = torch.tensor(model.mean)[:, None, None].expand_as(picture).clone()
    blank[:, top:bottom, left:right] = picture[:, top:bottom, left:right]
    return blank


def extent(model: Model, unit: Unit) -> str:
    """What a position of a unit sees of a photo, in words."""
    seen = Fields(model, unit.layer).size
    whole = seen is None or all(side >= 2 * full - 1 for side, full in zip(seen, model.size, strict=True))
    return "the whole photo" if seen is None or whole else f"{seen[0]}x{seen[1]} px"


def patch_record(model: Model, scan: Scan, unit: Unit, patch: Patch, **more: str) -> Record:
    """Where a patch comes from, and what was found there, for its picture.

    Args:
        more: what else was asked for.
    """
    asked = {"unit": str(unit), "kind": patch.kind, "scan": scan.path.name, "photos": scan.about.names, **more}
    facts = {
        "photo": patch.name,
        "place": list(patch.place),
        "box": [list(span) for span in patch.box],
        "value": round(patch.value, 6),
        "value_of_crop": None if patch.sha256 is None else round(patch.again, 6),
        "sha256": patch.sha256,
        "doubt": patch.doubt,
        "threads": torch.get_num_threads(),
        "device": str(model.device),
    }
    return Record("patches", asked, model.described, facts, 0, versions())
