"""Workers: they take a batch of the plan, and return its pictures, encoded, with the rows that the atlas keeps of them.

A worker knows a network and how pictures are made, and neither the file nor the plan: it may sit on another machine.
"""

import io
import json
import platform
import time
from collections.abc import Generator, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256
from typing import Any, Protocol

import torch
from PIL import Image
from torch import Tensor

from reverie import recipes
from reverie.atlas.atlas_writer import Done
from reverie.atlas.described import Job
from reverie.atlas.entries import AtlasBatch, AtlasClass, AtlasPicture
from reverie.atlas.plan import Batch
from reverie.errors import InvalidSetting, ReverieError, printable
from reverie.figures.result import Result
from reverie.image import to_pil
from reverie.models.model import Model
from reverie.models.probe import probe
from reverie.models.sameness import decisive
from reverie.recipes.presets import FEATURE
from reverie.runs import read
from reverie.synthesis import Recipe
from reverie.synthesis.batches import Synthesis
from reverie.unit import Unit

QUALITY = 80  # of WebP: 4.6 kB for a picture of 128x128
CLASSES = 6  # that are named


class Worker(Protocol):
    """Makes batches, one at a time."""

    def draw(self, batch: Batch) -> Generator[Done | None, None, None]:
        """Makes a batch: None for each step on the way, and at last what is to be entered; to stop, stop reading."""
        ...


class Crew(Protocol):
    """Workers that batches are handed to."""

    def drawn(self, batches: Iterator[Batch]) -> Generator[Done | None, None, None]:
        """Hands batches to workers as they become free; what is done, in any order, and None now and then between."""
        ...


@dataclass(frozen=True)
class Alone:
    """A crew of one, in this process."""

    worker: Worker

    def drawn(self, batches: Iterator[Batch]) -> Generator[Done | None, None, None]:
        """One batch after the other."""
        for batch in batches:
            with closing(self.worker.draw(batch)) as steps:
                yield from steps


@dataclass
class Painter:
    """A worker with a ready network."""

    model: Model
    job: Job
    recipes: dict[tuple[str, str], Recipe] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.job.preset not in FEATURE:
            raise InvalidSetting(
                f"an atlas names its preset: {', '.join(FEATURE)}, not '{self.job.preset[:40]}'; "
                "give what else is wanted by --steps and --rate"
            )

    def draw(self, batch: Batch) -> Generator[Done | None, None, None]:
        """Makes a batch; one that cannot be made is told as failed, with a sentence."""
        began, key, record = time.monotonic(), "", "{}"
        try:
            recipe = self._recipe(batch.layer, batch.view)
            key, record = self._key(recipe)
            each = self._views(batch.view)
            rows = range(batch.first * each, (batch.first + batch.count) * each)
            run = Synthesis(self.model, recipe.select(rows))
            with closing(read(run)) as events:
                for _ in events:
                    yield None
            found = self._rows(batch, key, run.result())
            state, sentence = "done", ""
        except (ReverieError, RuntimeError) as error:
            found, state, sentence = {}, "failed", printable(str(error), 400)
        about = AtlasBatch(
            batch.layer, batch.view, batch.first, batch.count, key, state, sentence,
            round(time.monotonic() - began, 3), self.name,
        )  # fmt: skip
        yield Done(about, record, found)

    @cached_property
    def name(self) -> str:
        """Which machine it is, and with how many threads it computes."""
        return f"{platform.node()[:100]}, {self.model.device}, threads {torch.get_num_threads()}"

    def _views(self, view: str) -> int:
        return self.job.diversity if view == "diverse" else 1

    def _recipe(self, layer: str, view: str) -> Recipe:
        """The recipe of all units of a layer, of which each batch takes its own."""
        if (layer, view) not in self.recipes:
            units, job = [Unit(layer, (channel,)) for channel in range(self.model.layer(layer).channels)], self.job
            self.recipes[layer, view] = recipes.feature(
                self.model, units, size=job.size, preset=job.preset, steps=job.steps, rate=job.rate, seed=job.seed,
                batch=job.batch, negative=view == "min", diversity=self._views(view),
            )  # fmt: skip
        return self.recipes[layer, view]

    def _key(self, recipe: Recipe) -> tuple[str, str]:
        """The hash of all that decides the pictures but for their units, and what it is of."""
        name, arguments = recipe.origin
        own = {key: value for key, value in arguments.items() if key != "units"}
        network = decisive(self.model.source)
        record = json.dumps({"recipe": name, "arguments": own, "network": network}, sort_keys=True)
        return sha256(record.encode()).hexdigest()[:32], record

    def _rows(self, batch: Batch, key: str, made: Result) -> Mapping[str, list[Any]]:
        images, each = made.opaque, self._views(batch.view)
        seen = self._seen(images, batch)
        pictures, classes = [], []
        silent = made.record.automatic.get("silent", ())
        for row, image in enumerate(images):
            unit = batch.first + row // each
            view = f"diverse-{row % each + 1}" if batch.view == "diverse" else batch.view
            value = seen[batch.layer][row, unit]
            peak = float(value.min() if batch.view == "min" else value.max())
            encoded = webp(to_pil(image))
            pictures.append(AtlasPicture(batch.layer, unit, view, key, peak, int(row in silent), encoded))
            if "logits" in seen:
                classes += self._classes(batch.layer, unit, seen["logits"][row : row + 1])
        return {"pictures": pictures, "classes": classes}

    def _seen(self, images: Tensor, batch: Batch) -> Mapping[str, Tensor]:
        """What the layer, and of maxima the network, makes of the finished pictures, one by one."""
        layers = [batch.layer, "logits"] if batch.view == "max" else [batch.layer]
        with torch.no_grad():
            found = probe(self.model, images.to(self.model.device), layers)
            return {layer: found[layer].float().cpu() for layer in dict.fromkeys(layers)}

    def _classes(self, layer: str, unit: int, logits: Tensor) -> list[AtlasClass]:
        pairs = enumerate(likeliest(self.model, logits))
        return [AtlasClass(layer, unit, "network", rank, name, share, None) for rank, (name, share) in pairs]


def likeliest(model: Model, logits: Tensor) -> tuple[tuple[str, float], ...]:
    """The likeliest classes of one picture with their probabilities; none where the network has no names for them."""
    shares = model.probabilities(logits)[0].flatten()
    if len(shares) != len(model.classes):
        return ()
    top = shares.topk(min(CLASSES, len(shares)))
    pairs = zip(top.indices.tolist(), top.values.tolist(), strict=True)
    return tuple((model.class_name(index), share) for index, share in pairs)


def webp(picture: Image.Image) -> bytes:
    """A picture as WebP."""
    file = io.BytesIO()
    picture.convert("RGB").save(file, "WEBP", quality=QUALITY, method=4)
    return file.getvalue()
