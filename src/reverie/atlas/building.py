"""Builds an atlas: scans the photos, states the facts, and hands batches of pictures to workers; it can go on."""

import contextlib
from collections.abc import Generator, Iterator, Mapping, Sequence
from pathlib import Path

import torch
from torch import nn

from reverie.atlas.atlas_file import Atlas, read_atlas
from reverie.atlas.atlas_writer import AtlasWriter, Done
from reverie.atlas.described import Described, Job
from reverie.atlas.entries import FACTS, AtlasBatch, AtlasLayer
from reverie.atlas.facts import Facts
from reverie.atlas.feeding import readers
from reverie.atlas.forecast import SCORE, STATED, Forecast, picture_cost
from reverie.atlas.photo_ranks import NAMES, scored
from reverie.atlas.plan import Batch, amount, pictured, stated
from reverie.atlas.tables import ATLAS
from reverie.atlas.worker import Alone, Crew, Painter
from reverie.dataset.layer_tallies import Keeping
from reverie.dataset.photo_sets import PhotoSet, photo_set
from reverie.dataset.scanning import about_scan, filled, removed
from reverie.dataset.store import Scan
from reverie.models.model import Model
from reverie.models.sources import load
from reverie.paths import check_output, path_named
from reverie.recipes.presets import FEATURE
from reverie.record import versions
from reverie.runs import Event, Progress, finished
from reverie.settings.atlas import Build, shard_of
from reverie.settings.calling import called_with

SIDE = 128  # of the pictures unless another one is asked for
KEEPING = Keeping(extremes=16, one_per_photo=True, samples=512, examples=128)  # 6 kB a unit


class BuildRun:
    """The run of an atlas.

    Args:
        output: the file; one that is there goes on.
        force: begin anew where the file holds another atlas.
        crew: who makes the pictures; one worker in this process unless given.

    Raises:
        UnknownName: no such layer.
        InvalidSetting: no such shard.
        UnsuitableImage: there are no such photos.
        AtlasRefused: the file is another atlas, or none.
    """

    def __init__(
        self,
        model: Model | str | nn.Module,
        asked: Build,
        output: str | Path = "net.atlas",
        *,
        force: bool = False,
        crew: Crew | None = None,
    ) -> None:
        self.path = check_output(path_named(output), [".atlas"])
        self.model, self.asked, self.force = load(model), asked, force
        self.layers = chosen(self.model, asked.layers)
        self.part, self.parts = shard_of(asked.shard)
        self.photos = None if asked.photos is None else photos_of(asked.photos)
        self.about = about(self.model, asked, None if force else self.path)
        self.crew = Alone(Painter(self.model, self.about.job)) if crew is None else crew

    def events(self) -> Iterator[Event]:
        """Builds: a batch of photos, or of facts, or a step of pictures for each event; what is done is in the file.

        Raises:
            AtlasRefused: the file is another atlas, or none.
            ScanRefused: it was made with other photos.
            OutputFailed: the file cannot be written.
        """
        if self.force:
            removed(self.path)
        with AtlasWriter(self.path, self.about) as writer, contextlib.closing(self._parts(writer)) as parts:
            forecast = self._forecast(writer)
            for event in parts:
                yield forecast.timed(event)

    def _parts(self, writer: AtlasWriter) -> Generator[Event, None, None]:
        before = read_atlas(self.path)
        everything = {*self.layers, *(layer.layer for layer in before.layers)}
        writer.enter_layers(entries(self.model, [name for name in self.model.layers if name in everything]))
        yield Event(0, None, "atlas", amount(self._channels, self.about.job, self.asked.limit))
        if self.part == 1:
            photos = before.scan.photos() if self.photos is None and before.scan else self.photos
            if photos is not None:
                yield from self._photographed(writer, photos, before.scan)
            yield from self._stated(writer, photos)
        yield from self._drawn(writer)
        yield Event(0, 1, "scores")
        writer.score(NAMES, scored(read_atlas(self.path)))
        yield Event(1, 1, "scores")

    def _forecast(self, writer: AtlasWriter) -> Forecast:
        """What is to come, by the events that tell of it, with its measured costs."""
        job, (_, rest) = self.about.job, self._to_draw(writer)
        pictures, facts = sum(map(self._pictures, rest)), stated(self._channels, job, self.asked.limit)
        steps = FEATURE[job.preset].steps if job.steps is None else job.steps
        drawn = (pictures, picture_cost(steps, job.size, self.model.size))
        looked = {"photos": (0, 1.0), "facts": (len(facts), job.batch * STATED)} if self.part == 1 else {}
        return Forecast({**looked, "pictures": drawn, "scores": (1, pictures * SCORE)})

    def result(self) -> Atlas:
        """The file, opened for reading."""
        return read_atlas(self.path)

    @property
    def _channels(self) -> Mapping[str, int]:
        return {layer: self.model.layer(layer).channels for layer in self.layers}

    def _photographed(self, writer: AtlasWriter, photos: PhotoSet, before: Scan | None) -> Iterator[Event]:
        """The scan of the photos, into the tables that a scan has; anew where layers come to those it was of."""
        known = () if before is None else tuple(before.about.layers)
        layers = [name for name in self.model.layers if name in {*self.layers, *known}]
        if known and set(layers) != set(known):
            writer.forget_scan()
        about = about_scan(self.model, photos, layers, KEEPING)
        run = filled(self.model, photos, self.path, about, workers=self.asked.workers, schema=ATLAS)
        with contextlib.closing(run):
            for passed in run:
                note = "; ".join(f"{name}: passed over: {reason}" for name, reason in passed.failures[:1])
                yield Event(passed.done, passed.total, "photos", note)

    def _stated(self, writer: AtlasWriter, photos: PhotoSet | None) -> Iterator[Event]:
        scan = read_atlas(self.path).scan
        several = None if scan is None or photos is None else photos.named(scan.names)
        facts = Facts(self.model, scan, several, self.asked.patches, self.asked.links)
        plan, known = stated(self._channels, self.about.job, self.asked.limit), writer.known()
        rest = [batch for batch in plan if (batch.layer, FACTS, batch.first, facts.key) not in known]
        for done, batch in enumerate(rest, len(plan) - len(rest) + 1):
            writer.enter(facts.of(batch))
            yield Event(done, len(plan), "facts")

    def _drawn(self, writer: AtlasWriter) -> Iterator[Event]:
        """The pictures that are not there yet."""
        plan, rest = self._to_draw(writer)
        total = sum(map(self._pictures, plan))
        done = total - sum(map(self._pictures, rest))
        with contextlib.closing(self.crew.drawn(iter(rest))) as run:
            for made in run:
                if made is not None:
                    writer.enter(made)
                    done += self._pictures(made.batch)
                yield Event(done, total, "pictures", "" if made is None else _failure(made), finished=_whole(made))

    def _to_draw(self, writer: AtlasWriter) -> tuple[list[Batch], list[Batch]]:
        """The batches of pictures, and those that are not there yet."""
        plan = pictured(self._channels, self.asked.views, self.about.job, self.asked.limit)
        plan = plan[self.part - 1 :: self.parts]
        known = {(layer, view, first) for layer, view, first, _ in writer.known()}
        return plan, [batch for batch in plan if (batch.layer, batch.view, batch.first) not in known]

    def _pictures(self, batch: Batch | AtlasBatch) -> int:
        return batch.count * (self.about.job.diversity if batch.view == "diverse" else 1)


@called_with(Build)
def build_atlas(
    model: Model | str | nn.Module,
    asked: Build,
    output: str | Path = "net.atlas",
    *,
    force: bool = False,
    progress: Progress = None,
) -> Atlas:
    """Makes an atlas: pictures, real patches, values and links of every unit of a network, in one file.

    Args:
        output, force: as of `BuildRun`.

    Raises:
        ReverieError: as `BuildRun` and its events.
    """
    return finished(BuildRun(model, asked, output, force=force), progress)


def chosen(model: Model, layers: Sequence[str]) -> list[str]:
    """The layers that are named, or the main line, in the order of the data.

    Raises:
        UnknownName: no such layer.
    """
    named = {model.layer(name).name for name in layers or model.main}
    return [name for name in model.layers if name in named]


def photos_of(place: str | Path | PhotoSet) -> PhotoSet:
    """A set of photos, from where it lies."""
    return place if isinstance(place, PhotoSet) else photo_set(place)


def about(model: Model, asked: Build, path: Path | None) -> Described:
    """What an atlas is of; one that is there keeps the size of its batches, on which its bits depend."""
    before = None if path is None or not path.is_file() or not path.stat().st_size else read_atlas(path).about.job
    size = min(SIDE, *model.size) if asked.size is None else asked.size
    batch = asked.batch or (model.together((size, size)) if before is None else before.batch)
    job = Job(size, str(asked.preset), asked.steps, asked.rate, asked.seed, batch, asked.diversity)
    known = versions()
    return Described(
        model.title, dict(model.source), model.size, model.channels, tuple(model.classes), model.device.type,
        torch.get_num_threads(), {"reverie": known["reverie"], "torch": known["torch"]}, job,
    )  # fmt: skip


def entries(model: Model, layers: Sequence[str]) -> list[AtlasLayer]:
    """What is told of each layer."""
    order, fed = list(model.layers), readers(model, layers)
    found = []
    for name in layers:
        layer = model.layer(name)
        (high, wide), (down, right), (tall, broad) = (
            pair or (None, None) for pair in (layer.size, layer.stride, layer.receptive_field)
        )
        place = order.index(name), layer.kind, layer.channels
        found.append(AtlasLayer(name, *place, high, wide, down, right, tall, broad, fed[name]))
    return found


def _failure(made: Done) -> str:
    batch = made.batch
    return "" if batch.state == "done" else f"{batch.layer}, {batch.view}, from {batch.first}: {batch.sentence}"


def _whole(made: Done | None) -> tuple[Done, ...]:
    return () if made is None else (made,)
