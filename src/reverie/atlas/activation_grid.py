"""Activation atlases: what a layer sees anywhere in many photos, or at each place of one, as a grid of pictures."""

import contextlib
from collections.abc import Generator, Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import nn

from reverie.atlas.grid_cells import Gathered, gathered, nearest_of_photos, spoken_for
from reverie.atlas.grid_figure import ActivationGrid, GridCell
from reverie.atlas.grid_pictures import cell_pictures, picture_size
from reverie.atlas.photo_cuts import cuts
from reverie.atlas.positions import Positions, few_enough, read_positions
from reverie.dataset.photo_sets import PhotoSet, photo_set
from reverie.dataset.projection import chosen_method, ensure, made_by, principal_components, projecting
from reverie.errors import InvalidSetting, UnsuitableImage
from reverie.image import Picture
from reverie.models.model import Model
from reverie.models.probe import probe
from reverie.models.sources import load
from reverie.objectives.whitening import whitening
from reverie.recipes.framing import native_photo
from reverie.record import Record, versions
from reverie.runs import Event, Progress, finished
from reverie.settings.calling import called_with
from reverie.settings.grid import Grid
from reverie.synthesis.batches import Synthesis

NAMED = 8  # photos that were passed over and are named one by one
LARGEST = 2304  # places of a photo's grid


class GridRun:
    """The run of an activation atlas: photos are read, their activations laid out, and each cell drawn.

    Raises:
        UnknownName: no such layer or method.
        InvalidSetting: a layer without a grid, or a size at which the network does not run.
        UnsuitableImage: no photo there.
        MissingExtra: umap-learn is not installed.
    """

    def __init__(self, model: Model | str | nn.Module, asked: Grid) -> None:
        self.model, self.asked = load(model), asked
        self.layer, self.size = checked_layer(self.model, asked.layer), picture_size(self.model, asked)
        ensure(chosen_method(asked.method, asked.positions, None)[0])
        self.seen = Positions(few_enough(photo_set(str(asked.photos)), asked.positions, asked.seed))
        self.cells: list[Gathered] = []
        self.drawn: Synthesis | None = None
        self.notes: tuple[str, ...] = ()
        self.patches: dict[int, list[tuple[Image.Image, str]]] = {}

    def events(self) -> Iterator[Event]:
        """Reads the photos, lays out their activations, and draws the cells.

        Raises:
            UnsuitableImage: no photo that can be read.
            InvalidSetting: no cell holds enough activations.
        """
        yield from self._photographed()
        vectors = np.concatenate(self.seen.vectors)
        points = yield from self._laid_out(vectors)
        self.cells = gathered(points, vectors, self.asked.cells, self.asked.fewest)
        if not self.cells:
            raise InvalidSetting(
                f"no cell holds {self.asked.fewest} of the {len(vectors)} activations; "
                "lower --fewest or --cells, or give more photos"
            )
        matrix = None if self.asked.plain else whitening(torch.from_numpy(vectors)).to(self.model.device)
        means = [torch.from_numpy(cell.mean).to(self.model.device) for cell in self.cells]
        self.drawn = Synthesis(self.model, cell_pictures(self.model, self.asked, means, matrix))
        self.patches = self._patches()
        for event in self.drawn.events():
            yield replace(event, task="pictures")

    def result(self) -> ActivationGrid:
        """The atlas, with the pictures that there are."""
        made = [] if self.drawn is None else self.drawn.result().pictures
        pictures: list[Image.Image | None] = [*made, *[None] * (len(self.cells) - len(made))]
        cells = [self._cell(number, picture) for number, picture in enumerate(pictures)]
        shape = (self.asked.cells, self.asked.cells)
        about = [
            f"{len(self.seen)} activations of {len(self.seen.found)} photos: {self.layer} of {self.model.title}",
            f"each cell shows what {self.asked.fewest} or more of them have in common; like lies beside like",
            *self.notes,
        ]
        return ActivationGrid(self.layer, tuple(about), shape, self.size[0], tuple(cells), self._record())

    def _photographed(self) -> Iterator[Event]:
        asked, seen = self.asked, self.seen
        reading = read_positions(
            self.model, seen, self.layer, asked.positions, seed=asked.seed, batch=asked.batch, workers=asked.workers
        )
        for part in reading:
            first = len(seen.failures) - len(part.failures)
            yield Event(part.done, part.total, "photos")
            for _, reason in part.failures[: max(0, NAMED - first)]:
                yield Event(part.done, part.total, "photos", f"passed over: {reason}")
        if not len(seen):
            raise UnsuitableImage(
                f"none of the {len(seen.found)} photos of {seen.found.place} can be read: {seen.failures[0][1]}"
            )

    def _laid_out(self, vectors: np.ndarray) -> Generator[Event, None, np.ndarray]:
        """Places [M,2] of the activations, by the layout of maps."""
        method, perplexity, note = chosen_method(self.asked.method, len(vectors), None)
        self.notes = tuple(filter(None, (note.replace(" photos", " activations"), made_by(method))))
        reduced = principal_components(vectors, self.asked.seed).reduced(vectors)
        with contextlib.closing(projecting(reduced, method, perplexity, seed=self.asked.seed)) as steps:
            while True:
                try:
                    yield Event(*next(steps), "layout")
                except StopIteration as whole:
                    return np.asarray(whole.value)

    def _patches(self) -> dict[int, list[tuple[Image.Image, str]]]:
        """The parts of photos nearest to each cell's mean activation, with the photos' names."""
        photos, places = np.concatenate(self.seen.photos), np.concatenate(self.seen.places)
        wanted = [
            (number, int(photos[member]), int(places[member]))
            for number, cell in enumerate(self.cells)
            for member in nearest_of_photos(cell.members, photos, self.asked.patches)
        ]
        found: dict[int, list[tuple[Image.Image, str]]] = {}
        made = cuts(self.model, self.layer, self.seen.found, wanted)
        for (number, photo, _), cut in zip(wanted, made, strict=True):
            found.setdefault(number, []).append((cut, self.seen.found.names[photo]))
        return found

    def _cell(self, number: int, picture: Image.Image | None) -> GridCell:
        cell, names = self.cells[number], class_names(self.model)
        classes, evidence = np.concatenate(self.seen.classes), np.concatenate(self.seen.evidence)
        spoken = spoken_for(classes[cell.members], evidence[cell.members], names)
        patches = tuple(self.patches.get(number, ()))
        return GridCell(cell.row, cell.column, picture, len(cell.members), spoken, patches)

    def _record(self) -> Record:
        found, given = self.seen.found, self.asked.flat()
        names = ("layer", "cells", "positions", "fewest", "method", "cosine", "plain", "steps", "seed")
        arguments = {**{name: given[name] for name in names}, "size": self.size[0], "photos": described(found)}
        facts = {"positions": len(self.seen), "cells": len(self.cells), "passed_over": len(self.seen.failures)}
        return Record("grid", arguments, self.model.source, facts, versions=versions())


class PhotoGridRun:
    """The run of one photo's activation grid: at each place of a layer what the network sees there.

    Raises:
        UnknownName: no such layer.
        InvalidSetting: a layer without a grid, or with too large a one.
        UnsuitableImage: a photo that cannot be read.
    """

    def __init__(self, model: Model | str | nn.Module, asked: Grid) -> None:
        self.model, self.asked = load(model), asked
        self.layer, self.size = checked_layer(self.model, asked.layer), picture_size(self.model, asked)
        given = Picture.of(asked.photo)  # type: ignore[arg-type]
        self.photo, self.named = native_photo(self.model, given, None), given.plain()
        with torch.no_grad():
            self.values = probe(self.model, self.photo, [self.layer])[self.layer][0]
        if self.values[0].numel() > LARGEST:
            raise InvalidSetting(
                f"'{self.layer}' has {self.values[0].numel()} places on this photo, more than {LARGEST}; "
                "name a later layer"
            )
        self.vectors = [*self.values.flatten(1).T]
        matrix = None if asked.plain else whitening(self.values.flatten(1).T.cpu()).to(self.model.device)
        self.drawn = Synthesis(self.model, cell_pictures(self.model, asked, self.vectors, matrix))

    def events(self) -> Iterator[Event]:
        """Draws each place, a step for each event."""
        for event in self.drawn.events():
            yield replace(event, task="pictures")

    def result(self) -> ActivationGrid:
        """The grid, with the pictures that there are."""
        made = self.drawn.result().pictures
        rows, columns = map(int, self.values.shape[-2:])
        strength = torch.linalg.vector_norm(self.values, dim=0).flatten()
        shares = (strength / strength.max().clamp_min(1e-12)).tolist()
        cells = [
            GridCell(*divmod(number, columns), picture, 1, (), (), share)
            for number, (share, picture) in enumerate(zip(shares, [*made, *[None] * len(shares)], strict=False))
        ]
        about = (
            f"{self.layer} of {self.model.title} at each of its {rows}x{columns} places in the photo",
            "each picture is as large as the activation there is strong",
        )
        return ActivationGrid(self.layer, about, (rows, columns), self.size[0], tuple(cells), self._record())

    def _record(self) -> Record:
        given = self.asked.flat()
        names = ("layer", "cosine", "plain", "steps", "seed")
        arguments = {**{name: given[name] for name in names}, "size": self.size[0], "photo": self.named}
        return Record("grid", arguments, self.model.source, {}, versions=versions())


def grid_run(model: Model | str | nn.Module, asked: Grid) -> GridRun | PhotoGridRun:
    """The run of what is asked: of many photos, or of one.

    Raises:
        InvalidSetting: neither, or both.
    """
    if (asked.photos is None) == (asked.photo is None):
        raise InvalidSetting("name a folder of photos with --photos, for an atlas, or one photo with --photo")
    return GridRun(model, asked) if asked.photo is None else PhotoGridRun(model, asked)


@called_with(Grid)
def grid(model: Model | str | nn.Module, asked: Grid, *, progress: Progress = None) -> ActivationGrid:
    """Draws an activation atlas: what a layer sees anywhere in many photos, or at each place of one, as pictures.

    Activations at places of the photos are brought to the plane by the layout that maps use, gathered in the cells of
    a grid, averaged, whitened, and drawn. Source: Carter et al. 2019, "Activation Atlas"; of one photo Olah et al.
    2018, "The Building Blocks of Interpretability".

    Raises:
        ReverieError: as `GridRun` and its events, or as `PhotoGridRun`.
    """
    return finished(grid_run(model, asked), progress)


def checked_layer(model: Model, name: str) -> str:
    """The name of a layer that has places.

    Raises:
        UnknownName: no such layer.
        InvalidSetting: it has none.
    """
    layer = model.layer(name)
    if layer.size is None or layer.name == "logits":
        raise InvalidSetting(f"'{name}' has no grid of places; name a layer before the network's head, such as a block")
    return layer.name


def class_names(model: Model) -> Sequence[str]:
    """The short names of all classes; their numbers where they have none."""
    count = model.layers["logits"].channels if "logits" in model.layers else 0
    return [model.class_name(index) for index in range(count)]


def described(found: PhotoSet) -> dict[str, Any]:
    """A set of photos in a record: thousands of names are told by their hash."""
    return {"set": found.place.resolve().name, "count": len(found), "names_sha256": found.sha256}
