"""Seconds per step and peak memory of a dream: the usual loop on the whole picture and reverie, in fresh processes."""

import argparse
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

import reverie
from measurement import machine, median, network, options, precisions, table
from reverie.image import read

SIDES = ("usual loop", "reverie float32", "reverie bfloat16")
Turn = Callable[[], object]  # takes one step


def photo(side: int) -> Tensor:
    """A sample photo brought to a square [1,3,side,side]."""
    return functional.interpolate(read("sample:flower"), (side, side), mode="bilinear").clamp_(0, 1)


def usual(net: nn.Module, layer: str, image: Tensor) -> Turn:
    """The classical loop: shift, the whole network, gradients of everything, a step of the gradient over its mean."""
    kept: list[Tensor] = []
    net.get_submodule(layer).register_forward_hook(lambda _, __, output: kept.append(output))
    mean, std = (torch.tensor(item).view(1, 3, 1, 1) for item in ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)))
    image = ((image - mean) / std).requires_grad_()

    def step() -> None:
        nonlocal image
        net.zero_grad()
        kept.clear()
        shift = [int(item) for item in torch.randint(-32, 33, (2,))]
        shifted = image.detach().roll(shift, (-2, -1)).requires_grad_()
        net(shifted)
        kept[0].square().mean().backward()
        gradient = shifted.grad
        assert gradient is not None
        moved = shifted.detach() + 1.5 / 255 / 0.225 * gradient / gradient.abs().mean()
        image = torch.minimum(torch.maximum(moved, -mean / std), (1 - mean) / std).roll(
            [-item for item in shift], (-2, -1)
        )

    return step


def ours(net: nn.Module, layer: str, image: Tensor, precision: str, steps: int) -> Turn:
    """The same objective and step by reverie, which chooses by itself whether to work in tiles."""
    model = reverie.load(net, precision=precision, size=299)
    run = reverie.iterate(model, reverie.recipes.dream(model, image, [layer], preset="google", octaves=1, steps=steps))
    return lambda: next(iter(run))


def child(given: argparse.Namespace) -> dict[str, float | str]:
    """One side at one size: the median of its steps but the first, and the whole process's peak memory."""
    torch.set_num_threads(given.threads)
    _limit()
    net, image = network(given.network), photo(given.sizes[0])
    try:
        if given.child == SIDES[0]:
            step = usual(net, given.layer, image)
        else:
            step = ours(net, given.layer, image, given.child.split()[-1], given.steps + 1)
        taken = [_timed(step) for _ in range(given.steps + 1)][1:]
    except (RuntimeError, MemoryError, reverie.ReverieError) as error:
        if "memory" not in str(error) and not isinstance(error, MemoryError):
            raise
        return {"error": f"does not fit into the {_free() / 2**30:.0f} GiB of memory that are free"}
    return {"seconds": median(taken), "gib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20}


def _timed(step: Turn) -> float:
    start = time.perf_counter()
    step()
    return time.perf_counter() - start


def _free() -> int:
    """Bytes of memory that can still be had; a great many where the system does not say."""
    info = Path("/proc/meminfo")
    if not info.is_file():
        return 2**62
    fields = dict(line.split(":", 1) for line in info.read_text().splitlines())
    return int(fields["MemAvailable"].split()[0]) * 1024


def _limit() -> None:
    """Lets a request for more memory than there is fail, instead of the system ending some process."""
    free = int(0.95 * _free())
    if free < 2**60:
        resource.setrlimit(resource.RLIMIT_DATA, (free, free))


def measured(given: argparse.Namespace, side: str, size: int) -> dict[str, float | str]:
    """What a fresh process of this side says."""
    passed = {"--sizes": size, "--steps": given.steps, "--threads": given.threads, "--layer": given.layer}
    passed |= {"--network": given.network} if given.network else {}
    flags = [str(item) for pair in passed.items() for item in pair]
    command = [sys.executable, __file__, "--child", side, *flags]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    if ended.returncode:
        return {"error": f"ended with {ended.returncode}: {(ended.stderr.strip().splitlines() or ['no message'])[-1]}"}
    said: dict[str, float | str] = json.loads(ended.stdout.splitlines()[-1])
    return said


def row(size: int, side: str, turns: list[dict[str, float | str]], usual_seconds: float | None) -> list[str]:
    """One line of the table."""
    wrong = [str(turn["error"]) for turn in turns if "error" in turn]
    if wrong:
        return [f"{size} px, {side}", wrong[0], "", ""]
    taken = median([float(turn["seconds"]) for turn in turns])
    ratio = f"{usual_seconds / taken:.1f}x" if usual_seconds else ""
    return [f"{size} px, {side}", f"{taken:.2f}", ratio, f"{max(float(turn['gib']) for turn in turns):.2f}"]


def main() -> None:
    """Measures and prints the table."""
    parser = options(str(__doc__), steps=3, repeats=3)
    parser.add_argument(
        "--sizes", type=int, nargs="+", default=[512, 1024, 2048, 4096], help="sides of the square picture"
    )
    parser.add_argument("--layer", default="Mixed_6b", help="layer whose mean square is climbed")
    parser.add_argument("--sides", nargs="+", choices=SIDES, help="what to measure; else all that the processor can")
    parser.add_argument("--child", choices=SIDES, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.child:
        print(json.dumps(child(given)))
        return
    torch.set_num_threads(given.threads)
    where, rows = machine(), []
    able = [SIDES[0], *(f"reverie {precision}" for precision in precisions())]
    sides = given.sides or able
    for size in given.sizes:
        turns: dict[str, list[dict[str, float | str]]] = {side: [] for side in sides}
        for _ in range(given.repeats):
            for side in sides:
                turns[side].append(measured(given, side, size))
                print(f"{size} px, {side}: {turns[side][-1]}", file=sys.stderr)
        first = [float(turn["seconds"]) for turn in turns.get(SIDES[0], []) if "seconds" in turn]
        rows += [row(size, side, turns[side], median(first) if first else None) for side in sides]
    print(f"One step of a dream, {given.layer} mean square, median of {given.repeats} processes of ", end="")
    print(f"{given.steps} steps. {where}\n")
    print(table(["", "s per step", "usual loop takes", "peak GiB"], rows))


if __name__ == "__main__":
    main()
