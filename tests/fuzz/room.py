"""What the cases are made from: a small network, and one good file of each kind, made once."""

import io
import sys
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from PIL import Image, features
from safetensors.torch import save, save_file

sys.path.insert(0, str(Path(__file__).parents[1]))

import reverie
from reverie import recipes
from reverie.atlas.building import BuildRun
from reverie.figures.trace_file import Trace
from reverie.models.model import Model
from reverie.objectives import channel, total_variation
from reverie.parameterizations import SoftColors
from reverie.record import Record
from reverie.runs import finished
from reverie.settings.atlas import Build
from reverie.synthesis import Ascent, Recipe, Stage
from reverie.synthesis.storage import origin_of
from reverie.transforms import Blur, Jitter, Noise, Roll, Scale
from tiny import CLASSES, Tiny, seeded

PRESET = """
[calm]
about = "few, large shapes"
base = "distill"
steps = 4
ascent = "adam"
rates = [[0.3, 0.1], [0.2, 0.1]]
betas = [0.5, 0.95]
schedule = "linear"
octaves = 2
octave_scale = 1.4
sizes = [24, 32]
blurs = [[0.5, 0.5]]
start = "noise"
redirect = 2
reduction = "mean"
parameterization = {name = "pixels"}
transforms = [{name = "jitter", amount = 0.05}, {name = "scale", low = 0.8, high = 1.1}]
"""


@dataclass
class Room:
    """A folder in which cases may write, and good files to begin with."""

    folder: Path

    @cached_property
    def model(self) -> Model:
        """Five classes, two dozen channels."""
        return reverie.load(seeded(Tiny), size=48, classes=CLASSES)

    @cached_property
    def module(self) -> torch.nn.Module:
        """The same, not made ready."""
        return seeded(Tiny)

    @cached_property
    def pixels(self) -> Image.Image:
        """A smooth photo with a little grain."""
        grain = np.random.default_rng(0).integers(0, 40, (37, 53, 3))
        ramp = np.linspace(0, 200, 53)[None, :, None]
        return Image.fromarray((grain + ramp).clip(0, 255).astype(np.uint8))

    @cached_property
    def photo(self) -> Path:
        """The photo as a file."""
        self.pixels.save(self.folder / "photo.png")
        return self.folder / "photo.png"

    @cached_property
    def images(self) -> dict[str, bytes]:
        """Picture files by their endings."""
        kinds = {"png": {}, "jpg": {"format": "JPEG", "exif": self._exif}, "webp": {}, "gif": {}, "bmp": {}, "tif": {}}
        kinds |= {"tiff": {"compression": "tiff_lzw"}, "ico": {}, "tga": {}, "ppm": {}, "jp2": {"format": "JPEG2000"}}
        kinds |= {"avif": {}} if features.check("avif") else {}
        found = {}
        for ending, options in kinds.items():
            buffer = io.BytesIO()
            self.pixels.save(buffer, **{"format": ending.replace("tiff", "tif").replace("tif", "tiff"), **options})
            found[ending] = buffer.getvalue()
        deep = io.BytesIO()
        Image.fromarray(np.arange(35 * 50, dtype=np.uint16).reshape(35, 50)).save(deep, "PNG")
        return {**found, "deep.png": deep.getvalue()}

    @property
    def _exif(self) -> Image.Exif:
        made = Image.Exif()
        made[0x0112] = 6
        return made

    @cached_property
    def records(self) -> list[Record]:
        """A record of every recipe, and of one built by hand."""
        photo = str(self.photo)
        made = [
            recipes.dream(self.model, photo, "block", steps=1, octaves=1, guide=photo, mask=photo),
            recipes.feature(self.model, ["mix:0-2", "logits:tiger"], steps=1, size=32, start=photo),
            recipes.feature(self.model, "mix:0", steps=1, size=32, parameterization="cppn", preset="essay"),
            recipes.feature(self.model, "mix", concept=[photo], steps=1, size=32),
            recipes.explain(self.model, photo), recipes.invert(self.model, photo, "block", steps=1),
            recipes.fool(self.model, photo, steps=1), recipes.universal(self.model, [photo], target=0, steps=1),
            recipes.caricature(self.model, photo, "block", steps=1), recipes.style(self.model, photo, photo, steps=1),
            recipes.accentuate(self.model, photo, "mix:0", steps=1), recipes.activations(self.model, photo, "block"),
            recipes.interpolate(self.model, ["mix:0", "mix:1"], steps=1), recipes.compare(self.model, "block", steps=1),
            recipes.grow(self.model, "mix:0", size=16), recipes.filters(self.model, "mix"),
        ]  # fmt: skip
        said = {"threads": 1, "members": ["mix:0"], "steps_taken": 1, "trace": {"sha256": "0"}, "objectives": ["a"]}
        origins = [item.origin for item in made] + [origin_of(self.by_hand, self.model)]
        return [Record(name, dict(arguments), dict(self.model.source), said) for name, arguments in origins]

    @property
    def by_hand(self) -> Recipe:
        """A recipe of parts."""
        wish, ascent = channel("mix", 0) - 0.1 * total_variation(), Ascent("std", (0.05, 0.01), blur=(1.0, 0.5))
        stages = tuple(Stage((wish,), (side, side), 1, ascent) for side in (12, 16))
        pixels, seen_through = SoftColors(chroma=0.3), (Jitter(0.1), Scale(0.9, 1.1), Noise(0.1), Roll(2), Blur(1.0))
        return Recipe(("mix:0",), stages, pixels, seen_through, labels=("mix:0",), redirect=1)

    @cached_property
    def photos(self) -> Path:
        """A folder of a dozen photos in two classes."""
        for index in range(12):
            place = self.folder / "photos" / "ab"[index % 2] / f"{index}.png"
            place.parent.mkdir(parents=True, exist_ok=True)
            self.pixels.rotate(30 * index).save(place)
        return self.folder / "photos"

    @cached_property
    def scan(self) -> bytes:
        """A scan file's bytes."""
        path = self.folder / "good.db"
        reverie.scan(self.model, str(self.photos), path, workers=0)
        return path.read_bytes()

    @cached_property
    def atlas(self) -> bytes:
        """An atlas file's bytes."""
        path = self.folder / "good.atlas"
        small = {"size": 24, "steps": 1, "views": "max", "limit": 2, "workers": 0, "batch": 2}
        asked = Build.made(photos=str(self.photos), layers=("block", "mix"), **small)
        finished(BuildRun(self.model, asked, path))
        return path.read_bytes()

    @cached_property
    def map(self) -> bytes:
        """A map file's bytes."""
        reverie.image_map(self.model, str(self.photos), method="pca", workers=0).save(self.folder / "good.png")
        return (self.folder / "good.safetensors").read_bytes()

    @cached_property
    def arrays(self) -> dict[str, bytes]:
        """Files of directions, one of each kind."""
        rows = np.random.default_rng(0).normal(size=(6, 12)).astype(np.float32)
        buffer = io.BytesIO()
        np.save(buffer, rows)
        return {"npy": buffer.getvalue(), "safetensors": save({"directions": torch.from_numpy(rows)})}

    @cached_property
    def trace(self) -> bytes:
        """A trace's bytes."""
        return bytes(Trace(np.zeros(5, int), np.arange(5.0), {"mix": np.ones((5, 12), np.float32)}))

    @cached_property
    def weights(self) -> dict[str, bytes]:
        """The small network's weights in both formats."""
        state, buffer = self.module.state_dict(), io.BytesIO()
        torch.save(state, buffer)
        save_file(state, self.folder / "good-weights.safetensors")
        return {"pt": buffer.getvalue(), "safetensors": (self.folder / "good-weights.safetensors").read_bytes()}

    def record(self, index: int) -> Record:
        """One of the records, for changes."""
        return replace(self.records[index % len(self.records)])
