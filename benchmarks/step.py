"""Milliseconds per optimisation step of a channel: lucent, torch-dreams and reverie, in turn in one process."""

from collections.abc import Callable

import torch
from torch import nn

import reverie
from measurement import CLOCKS, SIDE, Side, floor, in_turn, machine, median, network, options, precisions, table
from peers import Lucent, TorchDreams

BATCH = 8


def ours(net: nn.Module, layer: str, channels: range, precision: str) -> Side:
    """A run of reverie's default preset."""
    model = reverie.load(net, precision=precision, size=SIDE)
    units = [f"{layer}:{index}" for index in channels]

    def run(steps: int) -> object:
        recipe = reverie.recipes.feature(model, units, preset="default", size=SIDE, steps=steps, batch=len(units))
        return reverie.synthesize(model, recipe)

    return run


def theirs(peer: Lucent | TorchDreams, layer: str, channel: int) -> Side:
    """A run of a peer."""
    return lambda steps: peer.channel(layer, channel, steps)


def sides(net: nn.Module, layer: str, channel: int, only: list[str] | None) -> dict[str, tuple[Side, int]]:
    """Each side's run, and how many pictures it makes."""
    several, one = range(channel, channel + BATCH), range(channel, channel + 1)
    makers: dict[str, tuple[Callable[[], Side], int]] = {
        "lucent": (lambda: theirs(Lucent(net), layer, channel), 1),
        "torch-dreams": (lambda: theirs(TorchDreams(net), layer, channel), 1),
        "reverie float32": (lambda: ours(net, layer, one, "float32"), 1),
        "reverie bfloat16": (lambda: ours(net, layer, one, "bfloat16"), 1),
        f"reverie float32, batch of {BATCH}, per image": (lambda: ours(net, layer, several, "float32"), BATCH),
        f"reverie bfloat16, batch of {BATCH}, per image": (lambda: ours(net, layer, several, "bfloat16"), BATCH),
    }
    left_out = {"float32", "bfloat16"} - set(precisions())
    makers = {name: item for name, item in makers.items() if not left_out & set(name.replace(",", "").split())}
    chosen = {name: item for name, item in makers.items() if not only or any(text in name for text in only)}
    return {name: (make(), count) for name, (make, count) in chosen.items()}


def main() -> None:
    """Measures and prints the table."""
    parser = options(str(__doc__), steps=48, repeats=5)
    parser.add_argument("--short", type=int, default=16, help="steps of the short run that is subtracted")
    parser.add_argument("--layer", default="Mixed_6d", help="layer of the channel")
    parser.add_argument("--channel", type=int, default=0, help="the channel; a batch takes this one and the next ones")
    parser.add_argument("--only", action="append", help="only sides with this in their name; may be repeated")
    parser.add_argument("--clock", choices=CLOCKS, default="wall", help="cpu, with --threads 1: for a machine in use")
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    where = machine()
    least = floor(network(given.network), given.layer, given.clock)
    runs = sides(network(given.network), given.layer, given.channel, given.only)
    taken = in_turn(
        {name: run for name, (run, _) in runs.items()}, (given.short, given.steps), given.repeats, given.clock
    )
    each = {name: median(taken[name]) / count for name, (_, count) in runs.items()}
    peers = ("lucent", "torch-dreams")
    rows = [
        [name, f"{value:.1f}", *(_times(each, peer, value) for peer in peers), f"{least / value:.0%}"]
        for name, value in each.items()
    ]
    print(f"One step for a channel of {given.layer}, network input {SIDE}, median of {given.repeats} turns of ", end="")
    print(f"{given.steps} - {given.short} steps, {given.clock} clock; the floor is {least:.1f} ms. {where}\n")
    print(table(["", "ms per step", "lucent takes", "torch-dreams takes", "share of the floor"], rows))


def _times(each: dict[str, float], peer: str, value: float) -> str:
    return f"{each[peer] / value:.2f}x" if peer in each else ""


if __name__ == "__main__":
    main()
