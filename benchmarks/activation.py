"""Seconds until a picture excites its channel as strongly as lucent's default 512 steps do, clean and through views."""

import random
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from PIL import Image
from torch import Tensor

import reverie
from judgement import Judge, Worth
from measurement import SIDE, fine_grain, machine, median, network, options, precisions, table
from peers import Lucent


@dataclass(frozen=True)
class Goal:
    """What lucent made of a channel, and how long it took."""

    channel: int
    picture: Tensor
    worth: Worth
    seconds: float


@dataclass(frozen=True)
class Reached:
    """When a picture of ours was worth as much; nothing in it but the last picture where it never was."""

    picture: Tensor
    steps: int | None
    seconds: float | None  # per image


def goals(peer: Lucent, judge: Judge, layer: str, candidates: Sequence[int], count: int, steps: int) -> list[Goal]:
    """Pictures by lucent of the first live channels."""
    found: list[Goal] = []
    for channel in candidates:
        start = time.perf_counter()
        picture = peer.channel(layer, channel, steps)
        taken = time.perf_counter() - start
        worth = judge.worth(picture, channel)
        print(
            f"lucent {layer}:{channel} {taken:.0f} s, activation {worth.clean:.3f}, seen {worth.seen:.3f}",
            file=sys.stderr,
        )
        if worth.clean > 0 and worth.seen > 0:
            found.append(Goal(channel, picture, worth, taken))
        if len(found) == count:
            break
    return found


def kept(file: Path | None, where: str, what: str, made: Callable[[], list[Goal]]) -> list[Goal]:
    """Lucent's side, from a file of an earlier run of the same on the same machine; else made, and put there."""
    machine_alone = where.partition(", load")[0]
    if file is not None and file.is_file():
        found = torch.load(file, weights_only=True)
        if found["machine"] != machine_alone:
            sys.exit(f"{file} was made on another machine ({found['machine']}); name another file with --lucent")
        if found.get("what", what) != what:
            sys.exit(f"{file} holds {found['what']}, not {what}; name another file with --lucent")
        return [
            Goal(channel, picture, Worth(clean, seen), seconds)
            for channel, picture, clean, seen, seconds in found["goals"]
        ]
    goals = made()
    if file is not None:
        rows = [(goal.channel, goal.picture, goal.worth.clean, goal.worth.seen, goal.seconds) for goal in goals]
        torch.save({"machine": machine_alone, "what": what, "goals": rows}, file)
    return goals


def climb(
    model: reverie.Model, judge: Judge, layer: str, goals: Sequence[Goal], every: int, steps: int | None
) -> list[Reached]:
    """One run for these channels as a batch; the clock stands still while pictures are put aside and judged."""
    start = time.perf_counter()
    units = [f"{layer}:{goal.channel}" for goal in goals]
    recipe = reverie.recipes.feature(model, units, preset="default", size=SIDE, steps=steps, batch=len(units))
    run, clock, kept = iter(reverie.iterate(model, recipe)), time.perf_counter() - start, []
    while True:
        start = time.perf_counter()
        step = next(run, None)
        clock += time.perf_counter() - start
        if step is None:
            break
        if step.done % every == 0 or step.done == step.total:
            kept.append((step.done, clock / len(goals), step.image.detach().clone()))
    return [
        _first(judge, goal, [(done, at, images[row : row + 1]) for done, at, images in kept])
        for row, goal in enumerate(goals)
    ]


def _first(judge: Judge, goal: Goal, kept: Sequence[tuple[int, float, Tensor]]) -> Reached:
    """The first picture that is strong enough, by halving: if a later one falls back it is found late, never early."""

    def there(index: int) -> bool:
        return judge.reaches(kept[index][2], goal.channel, goal.worth)

    low, high = -1, len(kept) - 1
    if not there(high):
        return Reached(kept[-1][2], None, None)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if there(middle) else (middle, high)
    done, at, picture = kept[high]
    return Reached(picture, done, at)


def one_by_one(
    model: reverie.Model, judge: Judge, layer: str, goals: Sequence[Goal], every: int, steps: int | None
) -> list[Reached]:
    """Each channel alone."""
    return [climb(model, judge, layer, [goal], every, steps)[0] for goal in goals]


def save(folder: Path, name: str, picture: Tensor) -> None:
    """The picture as a PNG."""
    folder.mkdir(parents=True, exist_ok=True)
    pixels = (picture[0].permute(1, 2, 0) * 255).round().to(torch.uint8).numpy()
    Image.fromarray(pixels).save(folder / f"{name}.png")


def report(goals: Sequence[Goal], sides: dict[str, list[Reached]], judge: Judge) -> str:
    """One row a side: how many channels got there, steps, seconds, how many times lucent's, and the fine grain."""
    pictures = [goal.picture for goal in goals]
    own = [_average(pictures), _average([judge.enlarged(picture) for picture in pictures])]
    rows = [["lucent", "", "", f"{median([goal.seconds for goal in goals]):.1f}", "1.0x", *own]]
    for name, reached in sides.items():
        pairs = list(zip(goals, reached, strict=True))
        ratio = median([goal.seconds / item.seconds if item.seconds else 0.0 for goal, item in pairs])
        there = f"{sum(item.steps is not None for item in reached)} of {len(goals)}"
        steps, seconds = _middle([item.steps for item in reached]), _middle([item.seconds for item in reached])
        grain = _average([item.picture for item in reached])
        rows.append([name, there, steps, seconds, f"{ratio:.1f}x", grain, grain])
    return table(["", "reached", "steps", "s per image", "lucent takes", "fine grain", "fine grain at the input"], rows)


def _average(pictures: Sequence[Tensor]) -> str:
    return f"{sum(map(fine_grain, pictures)) / len(pictures):.4f}"


def _middle(values: Sequence[float | None]) -> str:
    numbers = [value for value in values if value is not None]
    return f"{median(numbers):.4g}" if numbers else "-"


def main() -> None:
    """Measures, saves the pictures and prints the table."""
    parser = options(str(__doc__), steps=0, repeats=1)
    parser.add_argument("--layer", default="Mixed_6b", help="layer of the channels")
    parser.add_argument("--count", type=int, default=8, help="live channels, drawn by chance once and for all")
    parser.add_argument("--lucent-steps", type=int, default=512, help="steps of lucent, whose default is 512")
    parser.add_argument("--every", type=int, default=4, help="look at our picture every so many steps")
    parser.add_argument("--lucent", type=Path, help="file that keeps lucent's side for further runs on this machine")
    parser.add_argument("--output", type=Path, default=Path("activation"), help="folder for the pictures")
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    where, net = machine(), network(given.network)
    models = {precision: reverie.load(net, precision=precision, size=SIDE) for precision in precisions()}
    judge, peer, steps = Judge(net, given.layer, SIDE), Lucent(net), given.steps or None
    channels = models["float32"].layer(given.layer).channels
    candidates = random.Random(0).sample(range(channels), min(channels, 4 * given.count))
    for turn in range(given.repeats):
        live = kept(
            given.lucent,
            where,
            f"{given.count} of {channels} channels of {given.layer}, {given.lucent_steps} steps",
            lambda: goals(peer, judge, given.layer, candidates, given.count, given.lucent_steps),
        )
        sides = {"reverie float32": one_by_one(models["float32"], judge, given.layer, live, given.every, steps)}
        for precision, model in models.items():
            print(report(live, sides, judge), file=sys.stderr, flush=True)
            batch = climb(model, judge, given.layer, live, given.every, steps)
            sides[f"reverie {precision}, batch of {len(live)}"] = batch
        print(f"Time to lucent's activation, {given.layer}, network input {SIDE}, turn {turn + 1}. {where}\n")
        print(report(live, sides, judge), flush=True)
    for goal in live:
        save(given.output, f"{given.layer}-{goal.channel}-lucent", goal.picture)
    for name, reached in sides.items():
        for goal, item in zip(live, reached, strict=True):
            save(
                given.output, f"{given.layer}-{goal.channel}-{name.replace(', ', '-').replace(' ', '-')}", item.picture
            )


if __name__ == "__main__":
    main()
