"""Seconds per photo of a scan, of the same loader and forward without tallies, and of the forward alone.

python benchmarks/scan.py PHOTOS --model FILE.py:factory --layer inception3a --layer inception3b ...
"""

import argparse
import sys
import tempfile
from collections.abc import Callable
from itertools import islice
from pathlib import Path

import torch

import reverie
from measurement import CLOCKS, machine, median, table
from reverie.dataset.photo_batches import batches
from reverie.dataset.photo_sets import PhotoSet, photo_set
from reverie.dataset.scanning import main_layers, scanning
from reverie.dataset.store import read_scan
from reverie.models.model import Model
from reverie.models.probe import listen


def repeated(photos: PhotoSet, count: int) -> PhotoSet:
    """So many photos; where there are fewer, the same ones again under other names, which enter no ranking anew."""
    which = [number % len(photos) for number in range(count)]
    names = tuple(f"{number // len(photos)}/{photos.names[at]}" for number, at in enumerate(which))
    return PhotoSet(photos.place, names, tuple(photos.sources[at] for at in which))


def loaded(model: Model, photos: PhotoSet, layers: list[str], workers: int | None) -> None:
    """Decodes and shows all photos, up to the deepest layer, and keeps nothing."""
    with torch.no_grad():
        for batch in batches(photos, model.size, model.together(model.size), workers=workers):
            listen(model, batch.images, layers, lambda *_: None)


def shown(model: Model, photos: PhotoSet, layers: list[str]) -> None:
    """Shows the same batch as often as there are batches: what the network alone takes."""
    size = model.together(model.size)
    batch = next(batches(photos, model.size, size, workers=0))
    with torch.no_grad():
        for _ in range(len(photos) // size):
            listen(model, batch.images, layers, lambda *_: None)


def scanned(model: Model, photos: PhotoSet, layers: list[str], workers: int | None) -> None:
    """A scan into a file, its transactions among the time."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "scan.db"
        for _ in islice(scanning(model, photos, path, layers=layers, workers=workers), None):
            pass
        assert read_scan(path).complete


def main() -> None:
    """Measures in turn and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photos", help="a folder of photos, a .tar or a .txt, as for reverie scan")
    parser.add_argument("--model", default="bundled", help="the network, as for reverie scan")
    parser.add_argument("--layer", action="append", help="to scan; the main ones unless given")
    parser.add_argument("--count", type=int, default=None, help="photos in a pass; all of them once unless given")
    parser.add_argument("--repeats", type=int, default=3, help="turns that each side gets; the table shows medians")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads(), help="threads of torch")
    parser.add_argument("--workers", type=int, default=None, help="processes that decode")
    parser.add_argument("--clock", choices=CLOCKS, default="wall", help="cpu, with --workers 0: for a machine in use")
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    where, model = machine(), reverie.load(given.model)
    layers = given.layer or main_layers(model)
    photos, clock = photo_set(given.photos), CLOCKS[given.clock]
    photos = photos if given.count is None else repeated(photos, given.count)
    sides: dict[str, Callable[[], None]] = {
        "forward alone": lambda: shown(model, photos, layers),
        "loader and forward": lambda: loaded(model, photos, layers, given.workers),
        "scan": lambda: scanned(model, photos, layers, given.workers),
    }
    shown(model, photos, layers)
    taken: dict[str, list[float]] = {name: [] for name in sides}
    for turn in range(given.repeats):
        for name, run in sides.items():
            start = clock()
            run()
            taken[name].append((clock() - start) / len(photos))
        print(f"turn {turn + 1} of {given.repeats} done", file=sys.stderr)
    each = {name: median(values) for name, values in taken.items()}
    rows = [[name, f"{1000 * value:.1f}", f"{value / each['loader and forward']:.2f}x"] for name, value in each.items()]
    channels = sum(model.layers[layer].channels for layer in layers)
    print(
        f"{model.name}: {len(layers)} layers, {channels} channels, {len(photos)} photos, median of {given.repeats} ",
        end="",
    )
    print(f"turns, {given.clock} clock. {where}\n")
    print(table(["", "ms per photo", "over loader and forward"], rows))


if __name__ == "__main__":
    main()
