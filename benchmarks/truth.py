"""How far optimised pictures lie above real photos, and how often they tell which of two photos excites a unit more.

python benchmarks/truth.py PHOTOS --model FILE.py:googlenet --judge FILE.py:squeezenet1_1 --layer inception3b ...
"""

import argparse
import statistics
import time

import torch

import reverie
from measurement import machine, table
from reverie.dataset.photos import photo_set
from reverie.models.model import Model
from reverie.models.moments import silent_channels
from reverie.synthesis import synthesize
from reverie.truth.judging import Truth, truth
from reverie.unit import Unit


def channels(model: Model, layer: str, several: int) -> list[Unit]:
    """So many channels of a layer, evenly spread over those that fire on ordinary pictures."""
    silent = set(silent_channels(model, layer))
    firing = [number for number in range(model.layer(layer).channels) if number not in silent]
    return [Unit(layer, (firing[(2 * number + 1) * len(firing) // (2 * several)],)) for number in range(several)]


def row(layer: str, found: list[Truth]) -> list[str]:
    """A layer's line of the table."""
    shares = [[getattr(item, name) for item in found] for name in ("synthetic", "natural", "both")]
    above = statistics.median(item.above for item in found)
    least = min(item.above for item in found)
    return [layer, f"{above:.2f}", f"{least:.2f}", *(f"{100 * statistics.mean(each):.0f} %" for each in shares)]


def main() -> None:
    """Makes the pictures, asks, and prints a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photos", help="a folder of photos, as for reverie scan")
    parser.add_argument("--model", required=True, help="the network that is asked about")
    parser.add_argument("--judge", required=True, help="the network that compares")
    parser.add_argument("--layer", action="append", required=True, help="of the channels")
    parser.add_argument("--channels", type=int, default=4, help="of each layer, evenly spread")
    parser.add_argument("--steps", type=int, default=64, help="of an optimised picture")
    parser.add_argument("--size", type=int, default=224, help="of an optimised picture")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads(), help="threads of torch")
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    where, begun = machine(), time.perf_counter()
    model, judge, photos = reverie.load(given.model), reverie.load(given.judge), photo_set(given.photos)
    units = [unit for layer in given.layer for unit in channels(model, layer, given.channels)]
    recipe = reverie.recipes.feature(model, units, steps=given.steps, size=given.size)
    pictures = synthesize(model, recipe).opaque
    found = truth(model, judge, units, pictures, photos)
    rows = [row(layer, [item for item in found if item.unit.layer == layer]) for layer in given.layer]
    rows.append(row("all", found))
    names = [name.rpartition(":")[2] for name in (given.model, given.judge)]
    print(
        f"{names[0]}, judged by {names[1]}: {given.channels} channels of each layer, pictures of {given.size} px in ",
        end="",
    )
    print(f"{given.steps} steps, {len(photos)} photos, {found[0].pairs} pairs for each channel, ", end="")
    print(f"{time.perf_counter() - begun:.0f} s. {where}\n")
    heads = ["", "optimised over best photo, median", "least", "right from synthetic", "from natural", "from both"]
    print(table(heads, rows))


if __name__ == "__main__":
    main()
