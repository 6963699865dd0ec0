"""How strong a dream is at every block of a network: the layer's mean square beside the photo's, and the change.

With `--output FOLDER` also a contact sheet of all blocks for each photo.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

import torch
from torch import Tensor

import reverie
from measurement import fine_grain, machine, options, table
from reverie.figures.result import Result
from reverie.models.probe import probe

HEADS = ["layer", "mean square", "from its mean", "change, of 255", "burnt", "fine grain"]
BURNT = 0.02  # from black or white


def responses(model: reverie.Model, layer: str, image: Tensor, photo: Tensor) -> tuple[float, float]:
    """The layer's mean square as a multiple of the photo's, whole and from each channel's mean in the photo."""
    with torch.no_grad():
        made, usual = (probe(model, item.to(model.device), [layer])[layer] for item in (image, photo))
    mean = usual.mean((2, 3), keepdim=True)
    return _ratio(made, usual), _ratio(made - mean, usual - mean)


def _ratio(made: Tensor, usual: Tensor) -> float:
    return float(made.square().mean() / usual.square().mean())


def burnt(image: Tensor, photo: Tensor) -> float:
    """Share of the values that are nearly black or white, and were not in the photo."""
    near = [(item < BURNT) | (item > 1 - BURNT) for item in (image, photo)]
    return float((near[0] & ~near[1]).float().mean())


def rows(model: reverie.Model, layers: list[str], given: argparse.Namespace, photo: str) -> Iterator[list[str]]:
    """A line of the table for each layer; the pictures are kept where a folder is named."""
    made: list[Tensor] = []
    labels: list[str] = []
    for layer in layers:
        recipe = reverie.recipes.dream(
            model, photo, layer, preset=given.preset, size=given.size, strength=given.strength
        )
        image = reverie.synthesize(model, recipe).images
        assert recipe.photo is not None
        before = recipe.photo.cpu()
        whole, varying = responses(model, layer, image, before)
        change = 255 * float((image - before).abs().mean())
        lost = f"{100 * burnt(image, before):.1f} %"
        yield [layer, f"{whole:.1f}x", f"{varying:.1f}x", f"{change:.1f}", lost, f"{fine_grain(image):.4f}"]
        made.append(image)
        labels.append(f"{layer}: {whole:.1f}x, {change:.0f} of 255")
    if given.output is not None:
        given.output.mkdir(parents=True, exist_ok=True)
        stem = Path(photo.removeprefix("sample:")).stem
        Result(torch.cat(made), (), tuple(labels)).save(given.output / f"strength-{stem}.png")


def main() -> None:
    """Measures and prints a table for each photo."""
    parser = options(str(__doc__), steps=0, repeats=1)
    parser.add_argument("--layers", nargs="+", required=True, help="the blocks, first to last")
    parser.add_argument("--photos", nargs="+", default=["sample:flower", "sample:china"], help="what to dream of")
    parser.add_argument("--preset", default="default", help="of dream")
    parser.add_argument("--strength", type=float, default=1.0, help="as dream takes it")
    parser.add_argument("--size", type=int, default=640, help="long side")
    parser.add_argument("--device", default="cpu", help="that dreams")
    parser.add_argument("--output", type=Path, default=None, help="folder for the contact sheets")
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    model = reverie.load(given.network or "efficientnet_lite0", device=given.device)
    for photo in given.photos:
        lines = list(rows(model, given.layers, given, photo))
        print(f"Dreams of {photo} at {given.size} px, preset {given.preset}, {model.name}.\n\n{table(HEADS, lines)}\n")
    print(machine())


if __name__ == "__main__":
    main()
