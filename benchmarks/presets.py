"""What each preset is worth on a network, and its seconds.

Those of `feature`: activation, percentile and spectrum; with `--dream PHOTO` those of `dream`: response, change, grain.
"""

import argparse
import random
import time
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

import reverie
from measurement import fine_grain, machine, median, network, options, table
from reverie.figures.result import Result
from reverie.image import photos_in
from reverie.models.probe import probe
from reverie.recipes.presets import DREAM, FEATURE
from reverie.truth.verification import PHOTOS, Verdict, verify

NOW = {"wall": time.perf_counter, "cpu": time.process_time}
DREAMT = ["preset", "steps", "response, of the photo's", "change, of 255", "fine grain", "seconds"]
HEADS = ["preset", "steps", "activation", "median percentile", "of the strongest patch", "spectrum off by", "seconds"]


def made(model: reverie.Model, units: Sequence[str], preset: str, size: int, clock: str) -> tuple[Tensor, int, float]:
    """The pictures, their steps, and seconds for each."""
    recipe = reverie.recipes.feature(model, units, preset=preset, size=size)
    now = NOW[clock]
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


def features(model: reverie.Model, given: argparse.Namespace) -> str:
    """The presets of `feature`, and what their pictures are measured by."""
    channels = model.layer(given.layer).channels
    units = [f"{given.layer}:{item}" for item in sorted(random.Random(0).sample(range(channels), given.count))]
    photos = photos_in(given.photos) if given.photos else PHOTOS
    sides = {preset: made(model, units, preset, given.size, given.clock) for preset in given.presets or FEATURE}
    pictures = torch.cat([images for images, _, _ in sides.values()])
    verdicts = verify(model, pictures, units * len(sides), photos=photos)  # at once: the photos are looked at once
    natural, usual, rows = verdicts[0], verdicts[: len(units)], []
    for number, (preset, (images, steps, seconds)) in enumerate(sides.items()):
        own = verdicts[number * len(units) :][: len(units)]
        rows.append(row(preset, steps, own, usual, seconds))
        keep(Result(images, (), tuple(units)), given.output, preset)
    return (
        f"Presets of feature on {given.network}, {', '.join(units)}, {given.size} px, measured by {natural.patches} "
        f"patches of photos, whose own spectra are {natural.natural:.1f} dB off.\n\n{table(HEADS, rows)}\n"
    )


def dreams(model: reverie.Model, given: argparse.Namespace) -> str:
    """The presets of `dream`: how much more the layer responds, how far the photo changed, how fine its grain is."""
    now, rows = NOW[given.clock], []
    for preset in given.presets or DREAM:
        recipe = reverie.recipes.dream(model, given.dream, given.layer, preset=preset, size=given.size)
        start = now()
        image = reverie.synthesize(model, recipe).images
        seconds, photo = now() - start, recipe.photo
        gain, change = response(model, given.layer, image) / response(model, given.layer, photo), image - photo
        figures = [f"{gain:.1f}x", f"{255 * float(change.abs().mean()):.1f}", f"{fine_grain(image):.4f}"]
        rows.append([preset, str(sum(stage.steps for stage in recipe.stages)), *figures, f"{seconds:.1f}"])
        keep(Result(image, (), (preset,)), given.output, f"dream-{preset}")
    rows.append(["the photo", "", "1.0x", "0.0", f"{fine_grain(photo):.4f}", ""])
    about = f"Presets of dream on {given.network}, {given.layer}, {given.dream}, {given.size} px."
    return f"{about}\n\n{table(DREAMT, rows)}\n"


def response(model: reverie.Model, layer: str, image: Tensor) -> float:
    """Mean square of a layer."""
    return float(probe(model, image, [layer])[layer].square().mean())


def keep(result: Result, folder: Path | None, name: str) -> None:
    """The pictures, where a folder is named."""
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        result.save(folder / f"{name}.png")


def main() -> None:
    """Measures and prints the table, and saves the sheets where a folder is named."""
    parser = options(str(__doc__), steps=0, repeats=1)
    parser.add_argument("--layer", default="Mixed_6b", help="layer of the channels, or to amplify")
    parser.add_argument("--count", type=int, default=4, help="channels, drawn by chance once and for all")
    parser.add_argument("--size", type=int, default=224, help="side of the pictures")
    parser.add_argument("--dream", metavar="PHOTO", default=None, help="measure the presets of dream on this photo")
    parser.add_argument("--presets", nargs="+", default=None, help="the first is what the others' count by; else all")
    parser.add_argument("--photos", default=None, help="folder of photos to measure by; else the sample photos")
    parser.add_argument("--clock", choices=list(NOW), default="wall", help="cpu adds up all threads")
    parser.add_argument("--output", type=Path, default=None, help="folder for a sheet of each preset")
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    where = machine()
    by_name = given.network in ("bundled", "efficientnet_lite0")
    model = reverie.load(given.network if by_name else network(given.network))
    print(dreams(model, given) if given.dream else features(model, given))
    print(where)


if __name__ == "__main__":
    main()
