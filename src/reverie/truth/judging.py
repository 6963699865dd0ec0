"""Truth: what an optimised picture says of real photos, measured without an eye."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from reverie.dataset.decoding import batches
from reverie.dataset.photos import PhotoSet
from reverie.dataset.scan import Keeping, LayerTallies, fresh, tallied
from reverie.dataset.scanning import main_layers
from reverie.dataset.tallies import NOBODY, Array
from reverie.errors import InvalidSetting
from reverie.image import grey, resize
from reverie.models.model import Model
from reverie.models.probe import probe
from reverie.models.receptive_fields import Fields
from reverie.unit import Unit

REFERENCES = 9  # real patches that a unit is shown by
FEWEST = 16  # photos, of which one half shows and the other is asked about
TOGETHER = 16  # pictures in one forward


@dataclass(frozen=True)
class Truth:
    """What a unit's pictures are worth.

    Attributes:
        unit: the channel.
        optimised: its largest activation on the optimised picture, clean, at the network's native size.
        best: its largest activation on a photo.
        synthetic, natural, both: share of right answers to which of two photos excites the unit more, from the
            optimised picture, from real patches, from both.
        pairs: how many such questions there were.
    """

    unit: Unit
    optimised: float
    best: float
    synthetic: float
    natural: float
    both: float
    pairs: int

    @property
    def above(self) -> float:
        """The optimised picture's activation over the best real one's; NaN where no photo fires the unit."""
        return self.optimised / self.best if self.best > 0 else float("nan")


def truth(
    model: Model, judge: Model, units: Sequence[Unit], pictures: Tensor, photos: PhotoSet, *, workers: int | None = None
) -> list[Truth]:
    """How far optimised pictures lie above real photos, and how well both tell what excites a unit.

    Every second photo may show the unit, by the patches that excite it most; of the others each of the quarter that
    excites it most is set against each of the quarter that excites it least, cut out where the unit is largest. The
    judge, another network, takes the one whose embedding is more like that of the unit's pictures: the mean of the
    cosines with them, of pooled activations of three of its layers, each standardised over the patches.

    Source: Borowski et al. 2021, "Exemplary natural images explain CNN activations better than state-of-the-art
    feature visualization", whose judges are people; differs: the queries are cut out at the receptive field.

    Args:
        judge: the network that compares; it must not be the one that is asked about.
        units: channels of layers.
        pictures: [N,3,H,W], one optimised picture for each unit.

    Raises:
        InvalidSetting: too few photos, or the same network twice.
    """
    if len(photos) < FEWEST:
        raise InvalidSetting(f"{len(photos)} photos are too few to ask about; give at least {FEWEST}")
    if judge.source.get("weights_sha256") == model.source.get("weights_sha256"):
        raise InvalidSetting("a network cannot judge its own pictures; name another one")
    layers = list(dict.fromkeys(unit.layer for unit in units))
    tallies = fresh(model, layers, Keeping(len(photos), True, 1, 1, False))
    for _ in tallied(model, batches(photos, model.size, TOGETHER, workers=workers), layers, tallies):
        pass
    return [
        _of_unit(model, judge, unit, picture, photos, tallies[unit.layer])
        for unit, picture in zip(units, pictures, strict=True)
    ]


def _of_unit(model: Model, judge: Model, unit: Unit, picture: Tensor, photos: PhotoSet, tallies: LayerTallies) -> Truth:
    channel, shown = int(unit.channels[0]), resize(picture[None], model.size).clamp(0, 1)
    with torch.no_grad():
        given = grey(shown) if model.channels == 1 else shown
        optimised = float(probe(model, given.to(model.device), [unit.layer])[unit.layer][0, channel].max())
    ranking = tallies.top
    taken = ranking.photos[channel] != NOBODY
    numbers, places = ranking.photos[channel][taken], ranking.places[channel][taken]
    crops = _crops(model, unit.layer, photos, numbers, places, tallies.size[1], judge)
    found = _embedded(judge, torch.cat([crops, resize(picture[None], judge.size).clamp(0, 1)]))
    natural, asked = _halves(numbers)
    quarter = max(1, len(asked) // 4)
    strong, weak = asked[:quarter], asked[-quarter:]
    alike = found @ found.T
    by = {"natural": alike[:, natural].mean(1), "synthetic": alike[:, -1]}
    by["both"] = (by["natural"] + by["synthetic"]) / 2
    right = {name: _share(value[strong], value[weak]) for name, value in by.items()}
    best = float(ranking.values[channel, 0])
    return Truth(unit, optimised, best, right["synthetic"], right["natural"], right["both"], quarter * quarter)


def _halves(numbers: Array) -> tuple[Array, Array]:
    """Places in a ranking of the photos that show the unit, the best of one half, and of all of the other half."""
    shows = np.nonzero(numbers % 2 == 0)[0][:REFERENCES]
    return shows, np.nonzero(numbers % 2 == 1)[0]


def _share(strong: Array, weak: Array) -> float:
    """Of all pairs the share in which the strong one is nearer; a tie counts half."""
    difference = strong[:, None] - weak[None]
    return float((difference > 0).mean() + (difference == 0).mean() / 2)


def _crops(
    model: Model, layer: str, photos: PhotoSet, numbers: Array, places: Array, width: int, judge: Model
) -> Tensor:
    """What the unit sees where it is largest in each photo, at the judge's size, [N,3,H,W]."""
    fields, cut = Fields(model, layer), []
    for number, place in zip(numbers.tolist(), places.tolist(), strict=True):
        (top, bottom), (left, right) = fields.box(place // width, place % width)
        crop = photos.framed(number, model.size)[None, :, top:bottom, left:right]
        cut.append(resize(crop, judge.size).clamp(0, 1))
    return torch.cat(cut)


def _embedded(judge: Model, pictures: Tensor) -> Array:
    """Embeddings of unit length [N,D]; standardised over all but the last picture, which is no photo."""
    layers = _evenly(main_layers(judge), 3)
    parts: list[Tensor] = []
    with torch.no_grad():
        for chunk in pictures.split(TOGETHER):
            image = grey(chunk) if judge.channels == 1 else chunk
            seen = probe(judge, image.to(judge.device), layers)
            parts.append(
                torch.cat([seen[layer].mean((2, 3)).cpu() / seen[layer].shape[1] ** 0.5 for layer in layers], 1)
            )
    values = torch.cat(parts).double()
    real = values[:-1]
    values = (values - real.mean(0)) / (real.std(0) + 1e-6 + 1e-3 * real.std())
    return np.asarray(torch.nn.functional.normalize(values, dim=1).numpy())


def _evenly(layers: Sequence[str], several: int) -> list[str]:
    """So many layers before the output, evenly spread, the last one among them."""
    maps = [name for name in layers if name != "logits"]
    return [maps[round((number + 1) * len(maps) / several) - 1] for number in range(min(several, len(maps)))]
