"""What each preset of `feature` is worth on a network: activation, percentile, spectrum, transfer, and seconds."""

import random
import time
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

import reverie
from measurement import machine, median, network, options, table
from reverie.figures.result import Result
from reverie.image import photos_in
from reverie.recipes.presets import FEATURE
from reverie.synthesis.verification import PHOTOS, Verdict, verify

HEADS = ["preset", "steps", "activation", "median percentile", "of the strongest patch", "spectrum off by", "seconds"]


def made(model: reverie.Model, units: Sequence[str], preset: str, size: int, clock: str) -> tuple[Tensor, int, float]:
    """The pictures, their steps, and seconds for each."""
    now = {"wall": time.perf_counter, "cpu": time.process_time}[clock]
    recipe = reverie.recipes.feature(model, units, preset=preset, size=size)
    start = now()
    images = reverie.synthesize(model, recipe).images
    return images, sum(stage.steps for stage in recipe.stages), (now() - start) / len(units)


def row(name: str, steps: int, verdicts: Sequence[Verdict], usual: Sequence[Verdict], seconds: float) -> list[str]:
    """One preset; its activation is the median over the units of its share of the first preset's."""
    shares = [a.activation / b.activation for a, b in zip(verdicts, usual, strict=True) if b.activation > 0]
    patches = [item.activation / item.strongest for item in verdicts if item.strongest > 0]
    return [
        name,
        str(steps),
        f"{median(shares):.2f}x",
        f"{median([item.percentile for item in verdicts]):.1f}",
        f"{median(patches):.2f}x" if patches else "-",
        f"{median([item.spectrum for item in verdicts]):.1f} dB",
        f"{seconds:.1f}",
    ]


def main() -> None:
    """Measures and prints the table, and saves the sheets where a folder is named."""
    parser = options(str(__doc__), steps=0, repeats=1)
    parser.add_argument("--layer", default="Mixed_6b", help="layer of the channels")
    parser.add_argument("--count", type=int, default=4, help="channels, drawn by chance once and for all")
    parser.add_argument("--size", type=int, default=224, help="side of the pictures")
    parser.add_argument("--presets", nargs="+", default=list(FEATURE), help="the first is what the others' count by")
    parser.add_argument("--photos", default=None, help="folder of photos to measure by; else the sample photos")
    parser.add_argument("--clock", choices=("wall", "cpu"), default="wall", help="cpu adds up all threads")
    parser.add_argument("--output", type=Path, default=None, help="folder for a sheet of each preset")
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    where = machine()
    model = reverie.load("bundled" if given.network == "bundled" else network(given.network))
    channels = model.layer(given.layer).channels
    units = [f"{given.layer}:{item}" for item in sorted(random.Random(0).sample(range(channels), given.count))]
    photos = photos_in(given.photos) if given.photos else PHOTOS
    rows, usual = [], None
    for preset in given.presets:
        images, steps, seconds = made(model, units, preset, given.size, given.clock)
        verdicts = verify(model, images, units, photos=photos)
        usual = usual or verdicts
        rows.append(row(preset, steps, verdicts, usual, seconds))
        if given.output is not None:
            given.output.mkdir(parents=True, exist_ok=True)
            Result(images, (), tuple(units)).save(given.output / f"{preset}.png")
    natural = verdicts[0]
    print(f"Presets on {given.network}, {', '.join(units)}, {given.size} px. {where}")
    print(f"Measured by {natural.patches} patches of photos, whose own spectra are {natural.natural:.1f} dB off.\n")
    print(table(HEADS, rows))


if __name__ == "__main__":
    main()
