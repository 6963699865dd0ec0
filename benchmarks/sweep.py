"""Seconds per picture of a whole layer's sheet at a small canvas, beside lucent's default loop, and its worth."""

import random
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

import reverie
from activation import Goal, goals, kept, save
from judgement import Judge, Worth
from measurement import SIDE, machine, median, network, options, precisions, table
from peers import Lucent
from reverie.image import read


def swept(model: reverie.Model, layer: str, channels: int, size: int, steps: int | None) -> tuple[float, list[Tensor]]:
    """Seconds per picture of the first channels' sheet, files and captions included, and the pictures."""
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        made = list(reverie.sweep(model, f"{layer}:0-{channels - 1}", folder, size=size, steps=steps))[-1]
        made.write()
        taken = (time.perf_counter() - start) / channels
        return taken, [read(path) for path in made.pictures]


def reached(judge: Judge, pictures: Sequence[Tensor], wanted: Sequence[tuple[int, Worth]]) -> str:
    """How many of the channels' pictures are worth as much as lucent's, and the middle share of its activation."""
    own = [judge.worth(pictures[channel], channel) for channel, _ in wanted]
    there = sum(worth.reaches(other) for worth, (_, other) in zip(own, wanted, strict=True))
    # lucent's picture may be silent at an input that it was not made for
    shares = [worth.clean / other.clean for worth, (_, other) in zip(own, wanted, strict=True) if other.clean > 0]
    return f"{there} of {len(wanted)} ({median(shares):.2f})" if shares else f"{there} of {len(wanted)} (-)"


def report(live: Sequence[Goal], sides: dict[str, tuple[float, list[Tensor]]], judges: Sequence[Judge]) -> str:
    """One row a side; both sides' pictures are shown at the same input, once small and once enlarged."""
    lucent = median([goal.seconds for goal in live])
    worths = [[(goal.channel, judge.worth(goal.picture, goal.channel)) for goal in live] for judge in judges]
    rows = [["lucent", f"{lucent:.2f}", "1.0x", *["" for _ in judges]]]
    for name, (seconds, pictures) in sides.items():
        there = [reached(judge, pictures, wanted) for judge, wanted in zip(judges, worths, strict=True)]
        rows.append([name, f"{seconds:.2f}", f"{lucent / seconds:.1f}x", *there])
    heads = [f"as strong at {judge.side} px (share of lucent's activation)" for judge in judges]
    return table(["", "s per picture", "lucent takes", *heads], rows)


def main() -> None:
    """Measures, saves the pictures and prints the table."""
    parser = options(str(__doc__), steps=0, repeats=1)
    parser.add_argument("--layer", default="inception4a", help="layer of the sheet")
    parser.add_argument("--size", type=int, default=128, help="side of the sheet's pictures")
    parser.add_argument("--channels", type=int, default=0, help="only the first so many of the layer; 0 for all")
    parser.add_argument("--count", type=int, default=8, help="live channels that lucent draws, by chance")
    parser.add_argument("--lucent-steps", type=int, default=512, help="steps of lucent, whose default is 512")
    parser.add_argument("--lucent", type=Path, help="file that keeps lucent's side for further runs on this machine")
    parser.add_argument("--output", type=Path, default=Path("sweep"), help="folder for the pictures")
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    where, net = machine(), network(given.network)
    models = {precision: reverie.load(net, precision=precision, size=SIDE) for precision in precisions()}
    channels = given.channels or models["float32"].layer(given.layer).channels
    judges = [Judge(net, given.layer, side) for side in (given.size, SIDE)]
    candidates = random.Random(0).sample(range(channels), min(channels, 4 * given.count))
    for turn in range(given.repeats):
        live = kept(
            given.lucent,
            where,
            f"{given.count} of {channels} channels of {given.layer}, {given.lucent_steps} steps",
            lambda: goals(Lucent(net), judges[-1], given.layer, candidates, given.count, given.lucent_steps),
        )
        sides = {
            f"reverie {precision}": swept(model, given.layer, channels, given.size, given.steps or None)
            for precision, model in models.items()
        }
        share = f"{channels} of the {models['float32'].layer(given.layer).channels} channels of {given.layer}"
        print(f"{share} at {given.size} px, turn {turn + 1}. {where}\n")
        print(report(live, sides, judges), flush=True)
    for goal in live:
        save(given.output, f"{given.layer}-{goal.channel}-lucent", goal.picture)
        for name, (_, pictures) in sides.items():
            save(given.output, f"{given.layer}-{goal.channel}-{name.replace(' ', '-')}", pictures[goal.channel])


if __name__ == "__main__":
    main()
