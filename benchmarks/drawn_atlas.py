"""An atlas of drawn pictures, as large as one likes, for measuring the site of it."""

import io
from collections.abc import Iterator

import numpy as np
from PIL import Image

from reverie.atlas.site.contents import Kind, Layer, Link, Measure, Patch, Picture, SiteHistogram, UnitEntry

VIEWS = (
    Kind("max", "maximum activation", "Made by climbing, and by descending, the unit's activation; the views differ."),
    Kind("min", "minimum activation"),
    *(Kind(f"diverse-{number}", f"view {number}") for number in range(1, 5)),
)
PATCHES = (
    (Kind("max", "Real patches that excite it most"), 9),
    (Kind("least", "Least"), 6),
    (Kind("random", "By chance"), 6),
)
MEASURES = (
    Measure("reach", "reach", "The clean picture's activation as a percentile of photos.", True, (0.5, 1.0)),
    Measure("fires", "fires", "The share of positions above zero.", True),
    Measure("best", "best photo", "Its largest value in a photo."),
)
POOL = 384  # different pictures


def textures(count: int, side: int, seed: int = 0) -> Iterator[np.ndarray]:
    """Coloured interference, uint8 [side,side,3]: about as hard to compress as a feature's picture."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[:side, :side] / side
    for _ in range(count):
        bend = 0.12 * np.sin(2 * np.pi * (random.uniform(1, 3) * x + random.uniform(1, 3) * y + random.uniform()))
        picture = np.zeros((side, side, 3))
        for wave in range(5):
            angle, often = random.uniform(0, np.pi), random.uniform(2, 5 + 5 * wave)
            along = (x + bend) * np.cos(angle) + (y - bend) * np.sin(angle)
            picture += (
                np.sin(2 * np.pi * (often * along + random.uniform()))[..., None] * random.normal(size=3) / (1 + wave)
            )
        picture += random.normal(size=(side, side, 1)) * 0.12
        yield np.clip(128 + 62 * picture, 0, 255).astype(np.uint8)


def encoded(pixels: np.ndarray) -> bytes:
    """As WebP."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "WEBP", quality=80)
    return buffer.getvalue()


class DrawnAtlas:
    """The contents of a site, drawn.

    Args:
        layers: units of each layer.
        whole: with six views, patches and links; else the chief picture alone.
    """

    def __init__(self, layers: list[int], *, whole: bool = True, classes: int = 200) -> None:
        self.title, self.side, self.whole = "a drawn network", 128, whole
        self.facts = (("photos", "5,000"), ("pictures", "128 px"))
        self.measures, self.views = MEASURES, VIEWS if whole else VIEWS[:1]
        self.patches = PATCHES if whole else ()
        self.recipes = ()
        self.layers = tuple(
            Layer(f"block{number}", "Block", units, units, (112 >> number // 2,) * 2, (11 + 14 * number,) * 2)
            for number, units in enumerate(layers)
        )
        self.classes = [f"class {number}, drawn" for number in range(classes)]
        self.pool = [encoded(pixels) for pixels in textures(POOL, 128)]
        self.crops = [encoded(pixels) for pixels in textures(POOL, 64, 1)]

    def grid(self, layer: str) -> None:
        """No layer has an activation atlas."""

    def entries(self, layer: str) -> Iterator[UnitEntry]:
        """The layer's units."""
        number = int(layer.removeprefix("block"))
        random = np.random.default_rng(number)
        for channel in range(self.layers[number].units):
            yield self._entry(number, channel, random)

    def _entry(self, layer: int, channel: int, random: np.random.Generator) -> UnitEntry:
        dead = bool(random.random() < 0.04)
        numbers = {"reach": float(random.beta(6, 1)), "fires": float(random.beta(1, 8)), "best": float(random.gamma(3))}
        picks = random.integers(POOL, size=27).tolist()
        made = [
            Picture(kind.key, self.pool[pick], 4 * float(random.random()))
            for kind, pick in zip(self.views, picks, strict=False)
        ]
        if not self.whole:
            return UnitEntry(channel, dead=dead, numbers=numbers, pictures=made)
        kinds = [kind.key for kind, most in self.patches for _ in range(most)]
        patches = [
            Patch(kind, self.crops[pick], float(random.random()), f"{self.classes[pick % 200]}/photo {pick}.jpg")
            for kind, pick in zip(kinds, picks[6:], strict=True)
        ]
        fired = [
            (self.classes[pick % len(self.classes)], float(5 - rank), 25)
            for rank, pick in enumerate(dict.fromkeys(picks[:6]))
        ]
        bars = np.histogram(random.gamma(2, 1, 400), 40, (0, 8))[0] / 60
        return UnitEntry(
            channel, "", dead, numbers, {}, made, patches, SiteHistogram(0, 8, bars.tolist(), (("best photo", 7.1), ("made", 9.4))), fired,  # noqa: E501
            [(name, 0.5 / 2**rank) for rank, (name, *_) in enumerate(fired)],
            self._links(layer - 1, random), self._links(layer + 1, random), self._links(layer, random, 8) + self._links(layer - 1, random, 4),  # noqa: E501
        )  # fmt: skip

    def _links(self, layer: int, random: np.random.Generator, count: int = 8) -> list[Link]:
        if not 0 <= layer < len(self.layers):
            return []
        units = random.integers(self.layers[layer].units, size=count).tolist()
        return [Link(f"block{layer}:{unit}", float(random.normal()), "conv") for unit in units]
