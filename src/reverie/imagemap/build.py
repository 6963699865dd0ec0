"""Image maps: all photos of a set on one plane, like beside like."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from torch import nn

from reverie.dataset.embeddings import Embedded, embeddings, last_layer
from reverie.dataset.layout import grid_shape, on_grid, snapped
from reverie.dataset.photos import PhotoSet, photo_set
from reverie.dataset.projection import (
    alike,
    chosen_method,
    directions,
    ensure,
    made_by,
    placed,
    principal_components,
    projected,
)
from reverie.errors import InvalidSetting, UnsuitableImage, count
from reverie.imagemap.image_map import ImageMap, read_map
from reverie.imagemap.sprites import Sprites, SpriteSheets, thumbnail_side
from reverie.models.model import Model
from reverie.models.sources import load
from reverie.record import Record, versions

SIDE = 128  # of thumbnails, pixels
Heard = Callable[[str, int, int], None]  # what is done, how much of it, of how much


def image_map(
    model: Model | str | nn.Module,
    photos: str | Path,
    layer: str | None = None,
    *,
    method: str | None = None,
    perplexity: float | None = None,
    seed: int | None = None,
    into: str | Path | None = None,
    thumbnail: int | None = None,
    batch: int | None = None,
    workers: int | None = None,
    heard: Heard | None = None,
) -> ImageMap:
    """Lays out a set of photos by what a layer sees in them, like beside like: a picture, and a page to look around in.

    Each photo is embedded as the layer's mean activation, of unit length; 50 principal components of the embeddings
    are brought to the plane and from there, each photo to a cell of its own, onto a grid. Photos that cannot be read
    are passed over and named in `failures`.

    Args:
        photos: a folder, whose sub-folders are taken for classes; a .tar file; or a .txt file of paths.
        layer: whose activations make the map; the last one before the logits unless given.
        method: tsne (unless given), umap or pca.
        perplexity: how many neighbours t-SNE heeds, about; 30 unless given, less for fewer than 91 photos.
        seed: of t-SNE and UMAP; 0 unless given.
        into: a map's .safetensors file, or the picture beside it: the photos are placed into it, and it stays as it is.
        thumbnail: side of the thumbnails in pixels; 128 unless given, less where there are thousands.
        batch: photos that the network is shown at once.
        workers: processes that decode photos; 0 for none beside this one.
        heard: is told how far the work is.

    Raises:
        UnsuitableImage: no photo there, or none that can be read.
        UnknownName: no such layer or method.
        InvalidSetting: a number out of range, or settings that do not go with the map's.
        RecordRefused: a map that cannot be read, or that another network made.
        MissingExtra: umap-learn is not installed.
    """
    ready, found = load(model), photo_set(photos)
    count("thumbnail", SIDE if thumbnail is None else thumbnail, 16, 512)
    count("seed", 0 if seed is None else seed, 0, 2**32 - 1)
    if into is not None:
        old = read_map(Path(into))
        _check_same(old, ready, layer=layer, method=method, perplexity=perplexity, seed=seed, thumbnail=thumbnail)
        sprites = old.sprites.shrunk(thumbnail_side(len(old) + len(found), old.sprites.side))
        new = _gathered(ready, found, old.layer, sprites, batch, workers, heard)
        return _joined(old, new, found)
    wanted = _Wanted(layer or last_layer(ready), method or "tsne", perplexity, 0 if seed is None else seed)
    ensure(chosen_method(wanted.method, len(found), perplexity)[0])
    sprites = Sprites(thumbnail_side(len(found), min(thumbnail or SIDE, *ready.size)))
    new = _gathered(ready, found, wanted.layer, sprites, batch, workers, heard)
    return _laid_out(wanted, new, found, ready, heard)


@dataclass(frozen=True)
class _Wanted:
    layer: str
    method: str
    perplexity: float | None
    seed: int


@dataclass(eq=False)
class _Gathered:
    """What was read of a set."""

    sheets: SpriteSheets
    indices: list[int] = field(default_factory=list)
    embeddings: list[np.ndarray] = field(default_factory=list)
    failures: list[tuple[int, str]] = field(default_factory=list)

    def add(self, part: Embedded) -> None:
        self.indices += part.indices
        self.embeddings.append(part.embeddings)
        self.failures += part.failures
        for thumbnail in part.thumbnails:
            self.sheets.add(thumbnail)

    def names(self, found: PhotoSet) -> tuple[str, ...]:
        return tuple(found.names[index] for index in self.indices)

    def classes(self, found: PhotoSet) -> tuple[str | None, ...]:
        return tuple(found.kind(index) for index in self.indices)

    def failed(self, found: PhotoSet) -> tuple[tuple[str, str], ...]:
        return tuple((found.names[index], reason) for index, reason in self.failures)


def _gathered(
    model: Model,
    found: PhotoSet,
    layer: str,
    sprites: Sprites,
    batch: int | None,
    workers: int | None,
    heard: Heard | None,
) -> _Gathered:
    """Embeds the whole set.

    Raises:
        UnsuitableImage: none of its photos can be read.
    """
    new = _Gathered(SpriteSheets(sprites))
    for part in embeddings(model, found, layer, side=sprites.side, batch=batch, workers=workers):
        new.add(part)
        if heard is not None:
            heard("photos", part.done, part.total)
    if not new.indices:
        raise UnsuitableImage(f"none of the {len(found)} photos of {found.place} can be read: {new.failures[0][1]}")
    return new


def _laid_out(wanted: _Wanted, new: _Gathered, found: PhotoSet, model: Model, heard: Heard | None) -> ImageMap:
    """A new map."""
    whole = np.concatenate(new.embeddings)
    method, perplexity, note = chosen_method(wanted.method, len(whole), wanted.perplexity)
    vectors = _kept(whole)
    if len(whole) > 1 and alike(vectors):
        note = f"all photos look the same to '{wanted.layer}': what is near to what says nothing; name another --layer"
        method, perplexity = "pca", None
    basis = principal_components(vectors, wanted.seed)
    told = None if heard is None else partial(heard, "layout")
    points = projected(basis.reduced(vectors), method, perplexity, seed=wanted.seed, heard=told)
    arguments: dict[str, Any] = {
        "photos": _described(found), "layer": wanted.layer, "method": method, "perplexity": perplexity,
        "seed": wanted.seed,
    }  # fmt: skip
    return _finished(
        ImageMap(
            new.names(found), new.classes(found), vectors, points, _cells(points), new.sheets.sprites, basis,
            Record("image_map", arguments, model.source, versions=versions()), len(whole),
            tuple(item for item in (note, made_by(method)) if item), new.failed(found),
        )
    )  # fmt: skip


def _joined(old: ImageMap, new: _Gathered, found: PhotoSet) -> ImageMap:
    """A map with more photos in it; where the others stand in the plane does not change."""
    vectors = _kept(np.concatenate(new.embeddings))
    there, fresh = old.basis.reduced(old.vectors[: old.original]), old.basis.reduced(vectors)
    more = placed(fresh, there, old.points[: old.original], old.method, old.perplexity, seed=old.seed)
    points = np.concatenate([old.points, more])
    earlier = old.record.arguments.get("placed")
    arguments = {**old.record.arguments, "placed": [*(earlier if isinstance(earlier, list) else []), _described(found)]}
    return _finished(
        replace(
            old, names=(*old.names, *new.names(found)), classes=(*old.classes, *new.classes(found)),
            vectors=np.concatenate([old.vectors, vectors]), points=points, cells=_cells(points),
            sprites=new.sheets.sprites, failures=new.failed(found), notes=(),
            record=Record("image_map", arguments, old.record.model, versions=versions()),
        )
    )  # fmt: skip


def _finished(made: ImageMap) -> ImageMap:
    """The map, with what was found out in its record."""
    facts = {"photos": len(made), "grid": list(made.shape), "passed_over": len(made.failures)}
    return replace(made, record=made.record.noting(**facts, quality=str(made.quality)))


def _kept(embeddings: np.ndarray) -> np.ndarray:
    """What a map keeps of embeddings [N,C]: their directions, float16.

    All of them: in principal components of older photos, newer ones unlike these would seem near to everything.
    """
    return directions(embeddings).astype(np.float16)


def _cells(points: np.ndarray) -> np.ndarray:
    shape = grid_shape(len(points))
    return snapped(on_grid(points, shape), shape)


def _described(found: PhotoSet) -> dict[str, Any]:
    """A set of photos in a record: thousands of names are told by their hash."""
    return {"set": found.place.resolve().name, "count": len(found), "names_sha256": found.sha256}


def _check_same(old: ImageMap, model: Model, **given: Any) -> None:
    """That the photos are embedded as those of the map were.

    Raises:
        InvalidSetting: a setting that the map already has.
        RecordRefused: another network.
    """
    said = [name for name, value in given.items() if value is not None and value != old.settings[name]]
    if said:
        name = said[0]
        raise InvalidSetting(
            f"the map is made with {name} {old.settings[name]}, not {given[name]}: leave out --{name}, "
            "or make a map of all photos anew"
        )
    old.check_network(model)
