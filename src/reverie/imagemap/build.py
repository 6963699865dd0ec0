"""Image maps: all photos of a set on one plane, like beside like."""

import contextlib
from collections.abc import Generator, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from torch import nn

from reverie.dataset.embeddings import embeddings, last_layer
from reverie.dataset.layout import grid_shape, on_grid, snapped
from reverie.dataset.photo_sets import PhotoSet, photo_set
from reverie.dataset.projection import (
    Basis,
    alike,
    chosen_method,
    ensure,
    made_by,
    placed,
    principal_components,
    projected,
    projecting,
)
from reverie.errors import InvalidSetting, UnsuitableImage
from reverie.imagemap.image_map import ImageMap
from reverie.imagemap.map_file import read_map
from reverie.imagemap.photos_read import Read
from reverie.imagemap.sprites import Sprites, SpriteSheets, thumbnail_side
from reverie.models.model import Model
from reverie.models.sources import load
from reverie.record import Record, versions
from reverie.runs import Event, Progress, finished
from reverie.settings.calling import called_with
from reverie.settings.map import Map

SIDE = 128  # of thumbnails, pixels
NAMED = 8  # photos that were passed over and are named one by one


class MapRun:
    """The run of an image map: its photos are read, then laid out.

    Raises:
        UnsuitableImage: no photo there.
        UnknownName: no such layer or method.
        InvalidSetting: settings that do not go with the map's.
        RecordRefused: a map that cannot be read, or that another network made.
        MissingExtra: umap-learn is not installed.
    """

    def __init__(self, model: Model | str | nn.Module, asked: Map) -> None:
        self.model, self.asked, found = load(model), asked, photo_set(asked.photos)
        self.method, self.seed = asked.method or "tsne", asked.seed or 0
        self.old = None if asked.into is None else read_map(Path(asked.into))
        if self.old is None:
            self.layer = asked.layer or last_layer(self.model)
            self.model.layer(self.layer)
            ensure(chosen_method(self.method, len(found), asked.perplexity)[0])
            sprites = Sprites(thumbnail_side(len(found), min(asked.thumbnail or SIDE, *self.model.size)))
        else:
            self.layer = self.old.layer
            _check_same(self.old, self.model, asked)
            sprites = self.old.sprites.shrunk(thumbnail_side(len(self.old) + len(found), self.old.sprites.side))
        self.read = Read(found, SpriteSheets(sprites))
        self.made: ImageMap | None = None

    def events(self) -> Iterator[Event]:
        """Reads the photos, a batch for each event, and lays them out; the first that cannot be read are named.

        Raises:
            UnsuitableImage: no photo that can be read.
            InvalidSetting: a perplexity that is too large for those that can.
        """
        read, side = self.read, self.read.sheets.sprites.side
        batch, workers = self.asked.batch, self.asked.workers
        for part in embeddings(self.model, read.found, self.layer, side=side, batch=batch, workers=workers):
            first = len(read.failures)
            read.add(part)
            for _, reason in part.failures[: max(0, NAMED - first)]:
                yield Event(part.done, part.total, "photos", f"passed over: {reason}")
            more = len(read.failures) - NAMED if part.done == part.total else 0
            yield Event(part.done, part.total, "photos", f"passed over {more} more photos" if more > 0 else "")
        if not read.indices:
            raise UnsuitableImage(
                f"none of the {len(read.found)} photos of {read.found.place} can be read: {read.failures[0][1]}"
            )
        self.made = (yield from self._laid_out()) if self.old is None else _joined(self.old, read)

    def result(self) -> ImageMap:
        """The map; of a run that was left early of the photos that were read, by principal components."""
        if self.made is not None:
            return self.made
        read = self.read
        if not read.indices:
            return self._empty()
        ended = f"ended after {len(read.indices) + len(read.failures)} of {len(read.found)} photos"
        if self.old is not None:
            return replace(_joined(self.old, read), notes=(ended,))
        vectors = read.vectors
        basis = principal_components(vectors, self.seed)
        points = projected(basis.reduced(vectors), "pca")
        return self._map(vectors, basis, points, ("pca", None), (f"{ended}: laid out by their principal components",))

    def _laid_out(self) -> Generator[Event, None, ImageMap]:
        """A new map."""
        vectors = self.read.vectors
        method, perplexity, note = chosen_method(self.method, len(vectors), self.asked.perplexity)
        if len(vectors) > 1 and alike(vectors):
            note = (
                f"all photos look the same to '{self.layer}': what is near to what says nothing; name another --layer"
            )
            method, perplexity = "pca", None
        basis = principal_components(vectors, self.seed)
        points = yield from _told(projecting(basis.reduced(vectors), method, perplexity, seed=self.seed))
        return self._map(vectors, basis, points, (method, perplexity), (note, made_by(method)))

    def _map(
        self,
        vectors: np.ndarray,
        basis: Basis,
        points: np.ndarray,
        method: tuple[str, float | None],
        notes: tuple[str, ...],
    ) -> ImageMap:
        read = self.read
        arguments: dict[str, Any] = {
            "photos": _described(read.found), "layer": self.layer, "method": method[0], "perplexity": method[1],
            "seed": self.seed,
        }  # fmt: skip
        made = ImageMap(
            read.names, read.classes, vectors, points, _cells(points), read.sheets.sprites, basis,
            Record("image_map", arguments, self.model.described, versions=versions()), len(vectors),
            tuple(filter(None, notes)), read.failed,
        )  # fmt: skip
        return _finished(made)

    def _empty(self) -> ImageMap:
        """A map of no photo."""
        channels = self.model.layer(self.layer).channels
        basis = Basis(np.zeros(channels, np.float32), np.eye(1, channels, dtype=np.float32))
        record = Record("image_map", {}, self.model.described, versions=versions())
        return ImageMap(
            (), (), np.zeros((0, channels), np.float16), np.zeros((0, 2), np.float32), np.zeros(0, np.int64),
            self.read.sheets.sprites, basis, record, 0, (), self.read.failed,
        )  # fmt: skip


@called_with(Map)
def image_map(model: Model | str | nn.Module, asked: Map, *, progress: Progress = None) -> ImageMap:
    """Lays out a set of photos by what a layer sees in them, like beside like: a picture, and a page to look around in.

    Each photo is embedded as the layer's mean activation, of unit length; 50 principal components of the embeddings
    are brought to the plane and from there, each photo to a cell of its own, onto a grid. Photos that cannot be read
    are passed over and named in `failures`. What is placed into a map leaves it as it is.

    Raises:
        ReverieError: as `MapRun` and its events.
    """
    return finished(MapRun(model, asked), progress)


def _told(steps: Generator[tuple[int, int], None, np.ndarray]) -> Generator[Event, None, np.ndarray]:
    """A layout's steps as events."""
    with contextlib.closing(steps):
        while True:
            try:
                yield Event(*next(steps), "layout")
            except StopIteration as whole:
                return np.asarray(whole.value)


def _joined(old: ImageMap, new: Read) -> ImageMap:
    """A map with more photos in it; where the others stand in the plane does not change."""
    vectors = new.vectors
    there, fresh = old.basis.reduced(old.vectors[: old.original]), old.basis.reduced(vectors)
    more = placed(fresh, there, old.points[: old.original], old.method, old.perplexity, seed=old.seed)
    points = np.concatenate([old.points, more])
    earlier = old.record.arguments.get("placed")
    arguments = {
        **old.record.arguments,
        "placed": [*(earlier if isinstance(earlier, list) else []), _described(new.found)],
    }
    return _finished(
        replace(
            old, names=(*old.names, *new.names), classes=(*old.classes, *new.classes),
            vectors=np.concatenate([old.vectors, vectors]), points=points, cells=_cells(points),
            sprites=new.sheets.sprites, failures=new.failed, notes=(),
            record=Record("image_map", arguments, old.record.model, versions=versions()),
        )
    )  # fmt: skip


def _finished(made: ImageMap) -> ImageMap:
    """The map, with what was found out in its record."""
    facts = {"photos": len(made), "grid": list(made.shape), "passed_over": len(made.failures)}
    return replace(made, record=made.record.noting(**facts, quality=str(made.quality)))


def _cells(points: np.ndarray) -> np.ndarray:
    shape = grid_shape(len(points))
    return snapped(on_grid(points, shape), shape)


def _described(found: PhotoSet) -> dict[str, Any]:
    """A set of photos in a record: thousands of names are told by their hash."""
    return {"set": found.place.resolve().name, "count": len(found), "names_sha256": found.sha256}


def _check_same(old: ImageMap, model: Model, asked: Map) -> None:
    """That the photos are embedded as those of the map were.

    Raises:
        InvalidSetting: a setting that the map already has.
        RecordRefused: another network.
    """
    given = {name: getattr(asked, name) for name in ("layer", "method", "perplexity", "seed", "thumbnail")}
    said = [name for name, value in given.items() if value is not None and value != old.settings[name]]
    if said:
        name = said[0]
        raise InvalidSetting(
            f"the map is made with {name} {old.settings[name]}, not {given[name]}: leave out --{name}, "
            "or make a map of all photos anew"
        )
    old.check_network(model)
