"""Scores of an atlas' pictures that need no network: where their clean activation stands among photos."""

from collections.abc import Iterator

from reverie.atlas.atlas_file import Atlas
from reverie.atlas.entries import AtlasOutline, Score
from reverie.dataset.layer_tallies import LayerTallies

NAMES = ("reach", "percentile")


def scored(atlas: Atlas) -> Iterator[Score]:
    """How each picture that is to excite its unit does beside photos; nothing without a finished scan."""
    scan = atlas.scan
    for layer in atlas.layers if scan is not None and scan.complete else ():
        if scan is not None and layer.layer in scan.about.layers:
            tallies, basis = scan.tallies(layer.layer), f"the best position of each of {len(scan)} photos"
            for picture in atlas.outlines(layer.layer):
                yield from _of(picture, tallies, basis)


def _of(picture: AtlasOutline, tallies: LayerTallies, basis: str) -> Iterator[Score]:
    """Reach is its activation over the best photo's; percentile the share of photos whose best position it beats."""
    if picture.view == "min" or picture.unit >= tallies.channels:
        return
    best, place = float(tallies.top.values[picture.unit, 0]), (picture.layer, picture.unit, picture.view)
    if best > 0:
        yield Score(*place, "reach", picture.activation / best, None, None, basis)
    value = tallies.maxima.percentile(picture.unit, picture.activation)
    if value == value:
        yield Score(*place, "percentile", value, None, None, basis)
