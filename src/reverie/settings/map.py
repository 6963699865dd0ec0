"""What `map` takes."""

from typing import Annotated

from msgspec import Meta

from reverie.settings.fields import LAYOUTS, Batch, PhotoSet, Workers
from reverie.settings.parts import Network, Output
from reverie.settings.setting import Settings, asked


class Map(Settings):
    """Lays out photos by what a layer sees in them, like beside like: a picture, and a page to roam."""

    made_by = "reverie.imagemap.build:image_map"
    leading = ("photos", "layer")
    asks = Network
    writes = Output
    usage = ("photos/", "photos/ --layer block11 --method pca")

    photos: PhotoSet
    layer: Annotated[
        str | None, asked("Layer whose activations make the map; the last one before the logits.", group="Objective")
    ] = None
    method: Annotated[str | None, asked("{}.", group="Common", choice=LAYOUTS)] = None
    perplexity: Annotated[
        Annotated[float, Meta(ge=1)] | None,
        asked("About how many neighbours t-SNE heeds; 30 unless given.", group="Objective"),
    ] = None
    into: Annotated[
        str | None, asked("A map's .safetensors file, into which the photos are placed.", group="Objective")
    ] = None
    thumbnail: Annotated[
        Annotated[int, Meta(ge=16, le=512)] | None,
        asked("Side of the thumbnails in pixels; 128, or less where there are thousands, unless given."),
    ] = None
    batch: Batch = None
    workers: Workers = None
    seed: Annotated[
        Annotated[int, Meta(ge=0, le=2**32 - 1)] | None, asked("Random seed of t-SNE and UMAP.", group="Common")
    ] = None
