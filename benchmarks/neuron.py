"""Milliseconds per step of a neuron's picture: only the part that the neuron sees, the whole picture, and lucent."""

from dataclasses import replace

import torch
from torch import nn

import reverie
from measurement import CLOCKS, SIDE, Side, in_turn, machine, median, network, options, table
from peers import LUCENT_SIDE, Lucent
from reverie.objectives import neuron

LAYERS = ["Conv2d_4a_3x3", "Mixed_5b", "Mixed_5d", "Mixed_6a", "Mixed_6b"]


def ours(model: reverie.Model, layer: str, channel: int, size: int, *, window: bool) -> tuple[Side, int]:
    """A run for the middle neuron, and the side of the part that is computed."""
    height, width = model.grid(layer, (size, size))
    row, column = height // 2, width // 2

    def recipe(steps: int) -> reverie.Recipe:
        made = reverie.recipes.feature(model, f"{layer}:{channel}@{row},{column}", size=size, steps=steps)
        if window:
            return made
        whole = replace(made.stages[0], objectives=(neuron(layer, channel, row, column),), size=(size, size))
        return replace(made, stages=(whole,), window=None)

    return lambda steps: reverie.synthesize(model, recipe(steps)), max(recipe(1).stages[0].size)


def sides(net: nn.Module, layer: str, channel: int, size: int) -> tuple[dict[str, Side], int]:
    """Each side's run, and the side of the window."""
    model, peer = reverie.load(net, size=SIDE), Lucent(net)
    seen, side = ours(model, layer, channel, size, window=True)
    whole, _ = ours(model, layer, channel, size, window=False)
    picture = LUCENT_SIDE if size == SIDE else size
    return {"window": seen, "whole": whole, "lucent": lambda steps: peer.neuron(layer, channel, steps, picture)}, side


def main() -> None:
    """Measures and prints the table."""
    parser = options(str(__doc__), steps=48, repeats=3)
    parser.add_argument("--short", type=int, default=16, help="steps of the short run that is subtracted")
    parser.add_argument("--layers", nargs="+", default=LAYERS, help="layers of the neuron")
    parser.add_argument("--channel", type=int, default=0, help="the neuron's channel; it is the middle one of the grid")
    parser.add_argument("--size", type=int, default=SIDE, help="side of the picture; lucent makes 128 px of 224")
    parser.add_argument("--clock", choices=CLOCKS, default="wall", help="cpu, with --threads 1: for a machine in use")
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    where, net, rows = machine(), network(given.network), []
    for layer in given.layers:
        runs, side = sides(net, layer, given.channel, given.size)
        taken = {
            name: median(values)
            for name, values in in_turn(runs, (given.short, given.steps), given.repeats, given.clock).items()
        }
        ratios = [f"{taken[name] / taken['window']:.1f}x" for name in ("whole", "lucent")]
        rows.append([layer, f"{side} px", *(f"{taken[name]:.1f}" for name in ("window", "whole", "lucent")), *ratios])
    print(f"One step for the middle neuron, picture {given.size} px, median of {given.repeats} turns of ", end="")
    print(f"{given.steps} - {given.short} steps, {given.clock} clock. {where}\n")
    heads = ["", "sees", "window, ms", "whole, ms", "lucent, ms", "whole takes", "lucent takes"]
    print(table(heads, rows))


if __name__ == "__main__":
    main()
