"""Who recognises pictures of classes: the network itself and others, by preset of `feature`.

The shares that take a picture for its class first, and among their first five, and the mean probability of the class.
With `--output FOLDER` also a sheet of each preset's pictures.
"""

import argparse
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional

import reverie
from measurement import SIDE, machine, table
from reverie.figures.result import Result
from reverie.models.probe import probe

CLASSES = 1000
AT_ONCE = 10


def logits(model: reverie.Model, images: Tensor) -> Tensor:
    """[N, classes] of pictures, each brought to the network's size."""
    shown = functional.interpolate(images, model.size, mode="bilinear", antialias=True)
    with torch.no_grad():
        parts = [probe(model, part.to(model.device), ["logits"])["logits"] for part in shown.split(AT_ONCE)]
    return torch.cat(parts).flatten(1).float().cpu()


def recognised(model: reverie.Model, images: Tensor, truth: Tensor) -> str:
    """Percent first, among the first five, and the mean probability."""
    said = logits(model, images)
    order = said.topk(5, 1).indices == truth[:, None]
    sure = said.softmax(1).gather(1, truth[:, None])
    first, five, mean = (
        100 * float(value) for value in (order[:, 0].float().mean(), order.any(1).float().mean(), sure.mean())
    )
    return f"{first:.0f} % ({five:.0f}), {mean:.0f} %"


def rows(given: argparse.Namespace, model: reverie.Model, judges: Sequence[reverie.Model]) -> Iterator[list[str]]:
    """A line for each preset."""
    truth = torch.arange(0, CLASSES, CLASSES // given.classes)
    units = [f"logits:{number}" for number in truth.tolist()]
    for preset in given.preset:
        began = time.perf_counter()
        recipe = reverie.recipes.feature(model, units, preset=preset, size=SIDE, batch=given.batch)
        images = reverie.synthesize(model, recipe).images
        taken = time.perf_counter() - began
        told = [recognised(each, images, truth) for each in (model, *judges)]
        yield [preset, str(sum(stage.steps for stage in recipe.stages)), f"{taken:.0f}", *told]
        if given.output is not None:
            given.output.mkdir(parents=True, exist_ok=True)
            Result(images, (), recipe.labels).save(given.output / f"{model.title.rpartition(':')[2]}-{preset}.png")


def main() -> None:
    """Makes, asks and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--network", default="efficientnet_lite0", help="whose classes are drawn, of ImageNet's 1000")
    parser.add_argument("--judge", action="append", default=[], help="a network that is shown them too")
    parser.add_argument("--preset", action="append", default=[], help="of feature")
    parser.add_argument("--classes", type=int, default=50, help="so many, evenly spread")
    parser.add_argument("--batch", type=int, help="pictures at once")
    parser.add_argument("--device", default="cpu", help="that makes the pictures, and looks at them")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads(), help="threads of torch")
    parser.add_argument("--output", type=Path, help="a folder for sheets of the pictures")
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    model, *judges = (reverie.load(name, device=given.device) for name in (given.network, *given.judge))
    heads = ["preset", "steps", "s", "itself", *(judge.title.rpartition(":")[2] for judge in judges)]
    print(f"{given.classes} classes of {model.title}\n\n{table(heads, list(rows(given, model, judges)))}\n")
    print(torch.cuda.get_device_name() if given.device.startswith("cuda") else machine())


if __name__ == "__main__":
    main()
