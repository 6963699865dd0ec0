"""Milliseconds per step of a channel: reverie's default preset beside the bare loop that a user would write."""

import argparse
import copy
import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

import reverie
from measurement import CLOCKS, SIDE, machine, median, options, table
from reverie.models.readiness import MEAN, STD, calibrate, pink_noise
from reverie.models.zoos import import_torchvision

import_torchvision()

import timm  # noqa: E402

BATCH = 8
NETWORKS = {  # timm's names and a layer of two thirds of the depth
    "efficientnet_lite0": "blocks.4",
    "mobilenetv3_large_100": "blocks.4",
    "convnext_tiny": "stages.2.blocks.4",
    "resnet18": "layer3.1",
    "vit_tiny_patch16_224": "blocks.7",
}
WAKING = 16  # first steps, with redirected rectifiers
LENGTH = 336  # of the default preset
Clock = Callable[[], float]


@dataclass(frozen=True)
class Taken:
    """Milliseconds per step and image, of the first steps and of the later ones."""

    first: float
    later: float

    @property
    def run(self) -> float:
        """The mean over a run of the default preset's length."""
        return (WAKING * self.first + (LENGTH - WAKING) * self.later) / LENGTH


def made(name: str) -> nn.Module:
    """A network with random weights, its batch norms calibrated."""
    torch.manual_seed(0)
    net: nn.Module = timm.create_model(name, pretrained=False).eval()
    calibrate(net, (pink_noise(4, 3, (SIDE, SIDE)) - 0.45) / 0.225)
    return net.eval()


def bare(net: nn.Module, layer: str, count: int, steps: int, clock: Clock) -> list[float]:
    """Adam on pixels: frozen weights, the whole network, a hook, no transforms; seconds of each step."""
    net = copy.deepcopy(net).requires_grad_(False)
    seen: dict[str, Tensor] = {}
    net.get_submodule(layer).register_forward_hook(lambda _, __, output: seen.update(value=output))
    image = torch.rand(count, 3, SIDE, SIDE).requires_grad_()
    optimizer = torch.optim.Adam([image], lr=0.05)
    mean, std = (torch.tensor(value).view(1, 3, 1, 1) for value in (MEAN, STD))
    marks = [clock()]
    for _ in range(steps):
        optimizer.zero_grad()
        net((image - mean) / std)
        value = seen["value"]
        wanted = [value[row, row] if value.ndim == 4 else value[row, :, row] for row in range(count)]
        (-torch.stack([item.mean() for item in wanted]).sum()).backward()
        optimizer.step()
        with torch.no_grad():
            image.clamp_(0, 1)
        marks.append(clock())
    return _between(marks)


def ours(model: reverie.Model, layer: str, count: int, steps: int, clock: Clock) -> list[float]:
    """Reverie's default preset, with its Fourier features and transforms; seconds of each step."""
    units = [f"{layer}:{index}" for index in range(count)]
    recipe = reverie.recipes.feature(model, units, preset="default", size=SIDE, steps=steps, batch=count)
    marks = [clock()]
    marks.extend(clock() for _ in reverie.iterate(model, recipe))
    return _between(marks)


def _between(marks: Sequence[float]) -> list[float]:
    return [after - before for before, after in itertools.pairwise(marks)]


def compared(name: str, count: int, given: argparse.Namespace) -> tuple[Taken, Taken]:
    """The bare loop and reverie, in turn."""
    net, layer, clock = made(name), NETWORKS[name], CLOCKS[given.clock]
    model = reverie.load(net, size=SIDE)
    plain: list[float] = []
    first: list[float] = []
    later: list[float] = []
    for _ in range(given.repeats):
        plain += bare(net, layer, count, given.steps, clock)[2:]
        steps = ours(model, layer, count, WAKING + given.steps, clock)
        first, later = first + steps[2:WAKING], later + steps[WAKING:]
    each = [1000 * median(values) / count for values in (plain, first, later)]
    return Taken(each[0], each[0]), Taken(each[1], each[2])


def main() -> None:
    """Measures and prints the table."""
    parser = options(str(__doc__), steps=24, repeats=3)
    parser.add_argument("--only", action="append", choices=NETWORKS, help="only this network; may be repeated")
    parser.add_argument("--count", action="append", type=int, help="pictures at once; may be repeated")
    parser.add_argument("--clock", choices=CLOCKS, default="wall", help="cpu, with --threads 1: for a machine in use")
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    where = machine()
    rows = []
    for name in given.only or NETWORKS:
        single: Taken | None = None
        for count in given.count or (1, BATCH):
            loop, run = compared(name, count, given)
            single = single or loop
            rows.append([f"{name}, {count}", *(f"{value:.1f}" for value in (loop.run, run.first, run.later, run.run)),
                         f"{loop.run / run.run:.2f}x", f"{single.run / run.run:.2f}x"])  # fmt: skip
    print(
        f"One step for a channel, picture {SIDE} px, ms per image, median of {given.repeats} turns of {given.steps} ",
        end="",
    )
    print(f"steps, {given.clock} clock. {where}\n")
    heads = ["network, pictures at once", "bare loop", "first 16 steps", "later steps", "run of 336"]
    print(table([*heads, "bare loop takes", "one picture's bare loop takes"], rows))


if __name__ == "__main__":
    main()
