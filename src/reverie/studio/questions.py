"""Questions about a network and a picture that are answered at once."""

import time
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor

from reverie import recipes
from reverie.atlas.links import one_channel, strongest
from reverie.attribution.baselines import baseline
from reverie.errors import InvalidSetting, ReverieError, UnknownName
from reverie.image import read_mask, resize
from reverie.models.connections import Connection, Connectivity
from reverie.models.connectivity import connectivity
from reverie.models.edits import Change
from reverie.models.interventions import Continuation, amplify, clamp, intervene
from reverie.models.model import Model
from reverie.models.moments import channel_moments
from reverie.models.probe import probe
from reverie.recipes.framing import native_photo
from reverie.settings.dream import Dream
from reverie.studio.dreaming import SmallDream
from reverie.studio.job_runs import jpeg
from reverie.synthesis import Synthesis
from reverie.unit import Unit

KEPT = 4  # photos and layers that are remembered
Answer = dict[str, Any]


class Questions:
    """What can be asked of a network beside its jobs."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.photo = lru_cache(KEPT)(lambda picture: native_photo(model, picture, None))
        self.going = lru_cache(1)(self._going)
        self.seen = lru_cache(KEPT)(self._seen)
        self.scale = lru_cache(16)(lambda layer: channel_moments(model, layer))
        self.dreamt = SmallDream(model)
        self.wired = lru_cache(1)(lambda: connectivity(model))
        self.questions: Mapping[str, Callable[..., Answer]] = {
            "classes": self.classes,
            "position": self.position,
            "desk": self.desk,
            "dreaming": self.dreaming,
            "units": self.units,
            "feeds": self.feeds,
        }

    def answer(self, what: str, given: Mapping[str, Any]) -> Answer:
        """The answer to a question.

        Raises:
            ReverieError: one that cannot be answered.
        """
        if what not in self.questions:
            raise UnknownName(f"nobody answers '{what}'; ask for one of {', '.join(self.questions)}")
        return self.questions[what](**given)

    def warm(self) -> None:
        """Makes a small dream, so that the first one that somebody wants does not wait for libraries."""
        if self.model.channels not in (1, 3):
            return
        try:
            asked = Dream.made(photo="sample:flower", size=max(64, self.model.smallest_side(["logits"])), steps=1)
            for event in Synthesis(self.model, recipes.dream(self.model, asked.changed(octaves=1))).events():
                if event.preview is not None:
                    jpeg(event.preview())
        except ReverieError:
            return  # whoever asks for one is told why there is none

    def classes(self, picture: str, *, most: int = 10, mask: str | None = None) -> Answer:
        """The likeliest classes of a picture, of which a part may be grey: what is white in a mask."""
        image = self.photo(picture)
        if mask is not None:
            share = resize(read_mask(mask), (image.shape[-2], image.shape[-1])).clamp(0, 1).to(image.device)
            image = torch.lerp(image, baseline("grey", self.model, image), share)
        shares = self._shares(_logits(self.model, image))
        top = [self._class(index, float(shares[index])) for index in _largest(shares, most)]
        return {"classes": top, "raw": not self.model.output.probable}

    def position(self, picture: str, layer: str, x: float, y: float, *, most: int = 8) -> Answer:
        """The channels that respond most at a place of a picture, each on the scale of ordinary pictures."""
        values = self.seen(picture, self.model.layer(layer).name)[0]
        rows, columns = values.shape[-2:]
        row, column = (min(int(at * count), count - 1) for at, count in ((_share(y), rows), (_share(x), columns)))
        here = values[:, row, column]
        mean, deviation = self.scale(layer)
        chosen = ((here - mean) / deviation).topk(min(most, len(here))).indices.tolist()
        return {
            "row": row,
            "column": column,
            "rows": rows,
            "columns": columns,
            "field": self._field(picture, layer, row, column),
            "units": [
                {
                    "unit": f"{layer}:{channel}",
                    "channel": channel,
                    "value": float(here[channel]),
                    "share": float(here[channel] / values[channel].amax().clamp_min(1e-12)),
                }
                for channel in chosen
            ],
        }

    def desk(self, picture: str, layer: str, units: Sequence[Mapping[str, Any]], *, most: int = 10) -> Answer:
        """The classes before and after channels of a layer are changed, from that layer on."""
        going, before = self.going(picture, layer)
        began = time.perf_counter()
        with intervene(self.model, _changes(layer, units)):
            after = self._shares(going.probe(["logits"])["logits"])
        taken = 1000 * (time.perf_counter() - began)
        shown = list(dict.fromkeys([*_largest(before, most), *_largest(after, most)]))
        old, new = ([self._class(index, float(shares[index])) for index in shown] for shares in (before, after))
        return {"before": old, "after": new, "milliseconds": taken, "raw": not self.model.output.probable}

    def dreaming(
        self, picture: str, layer: str, units: Sequence[Mapping[str, Any]], layers: Sequence[str], *, done: int
    ) -> Answer:
        """The next step of a small dream in the network whose channels of a layer are changed."""
        return self.dreamt.step(picture, layers, _changes(layer, units), done)

    def units(self, text: str, *, most: int = 60) -> Answer:
        """The units that a text means: those that it names, else of the classes and layers whose names hold it."""
        try:
            found = [
                Unit(unit.layer, (channel,))
                for unit in self.model.units(text)
                for channel in unit.channels or range(min(most, self.model.layer(unit.layer).channels))
            ]
        except ReverieError:
            found = self._resembling(text.strip().lower())
        return {"units": [self._named(unit) for unit in found[:most]]}

    def feeds(self, unit: str, *, most: int = 12) -> Answer:
        """The strongest connections to a unit and from it, by their weights."""
        wired: Connectivity = self.wired()
        found = strongest(wired, one_channel(self.model, unit), most)
        return {
            "from": [self._linked(item, item.source) for item in found.incoming[:most]],
            "to": [self._linked(item, item.target) for item in found.outgoing[:most]],
            "missing": list(found.missing),
        }

    def _seen(self, picture: str, layer: str) -> Tensor:
        with torch.no_grad():
            return probe(self.model, self.photo(picture), [layer])[layer].float().cpu()

    def _going(self, picture: str, layer: str) -> tuple[Continuation, Tensor]:
        going = Continuation(self.model, self.photo(picture), layer)
        return going, self._shares(going.probe(["logits"])["logits"])

    def _shares(self, logits: Tensor) -> Tensor:
        with torch.no_grad():
            return self.model.probabilities(logits)[0].float()

    def _class(self, index: int, share: float) -> dict[str, Any]:
        known = self.model.classes
        return {
            "index": index,
            "name": known[index].split(",")[0] if index < len(known) else str(index),
            "share": share,
        }

    def _named(self, unit: Unit) -> dict[str, Any]:
        return {"unit": str(unit), "label": self.model.label(unit)}

    def _resembling(self, text: str) -> list[Unit]:
        classes = [index for index, name in enumerate(self.model.classes) if text in name.lower()]
        layers = [name for name in self.model.layers if text in name.lower()]
        return [*(Unit("logits", (index,)) for index in classes), *(Unit(name, (0,)) for name in layers)]

    def _linked(self, connection: Connection, end: Unit | None) -> dict[str, Any]:
        return {
            "unit": None if end is None else str(end),
            "label": "" if end is None or end.layer not in self.model.layers else self.model.label(end),
            "weight": connection.strength * connection.sign,
        }

    def _field(self, picture: str, layer: str, row: int, column: int) -> list[float] | None:
        """What a position sees of the picture, as shares of its sides; None where that is not known for its size."""
        field = self.model.layer(layer).field
        height, width = self.photo(picture).shape[-2:]
        if field is None or field.extents is None or self.model.takes_one_size([layer]):
            return None
        (top, bottom), (left, right) = (
            extent.span(at, at, length)
            for extent, at, length in zip(field.extents, (row, column), (height, width), strict=True)
        )
        return [top / height, left / width, bottom / height, right / width]


def _logits(model: Model, image: Tensor) -> Tensor:
    with torch.no_grad():
        return probe(model, image, ["logits"])["logits"]


def _largest(shares: Tensor, most: int) -> list[int]:
    found: list[int] = shares.topk(min(most, len(shares))).indices.tolist()
    return found


def _changes(layer: str, units: Sequence[Mapping[str, Any]]) -> Mapping[Any, str]:
    """What is done with channels of a layer, as `intervene` takes it."""
    makers: Mapping[str, Callable[[float], Change]] = {"amplify": amplify, "clamp": clamp}
    return {
        f"{layer}:{item['channel']}": str(makers[item["how"]](item["value"])) if item["how"] in makers else "ablate"
        for item in units
    }


def _share(value: float) -> float:
    if not isinstance(value, int | float) or not 0 <= value <= 1:
        raise InvalidSetting("x and y are shares of the picture's sides, 0 to 1")
    return float(value)
