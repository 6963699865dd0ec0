"""What all benchmarks share: options, the network, the machine, taking turns, fine grain, and tables."""

import argparse
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from importlib import util
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from reverie import load, probe
from reverie.models.readiness import calibrate, computed_in_software, pink_noise
from reverie.models.zoos import import_torchvision

CLOCKS = {"wall": time.perf_counter, "cpu": time.process_time}
SIDE = 224  # of the network's input
Side = Callable[[int], object]  # runs this many steps


def options(description: str, *, steps: int, repeats: int) -> argparse.ArgumentParser:
    """A parser with the options that every benchmark has."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("--steps", type=int, default=steps, help="optimisation steps of a measured run")
    parser.add_argument(
        "--repeats", type=int, default=repeats, help="turns that each side gets; the table shows medians"
    )
    parser.add_argument("--threads", type=int, default=torch.get_num_threads(), help="threads of torch, for all sides")
    parser.add_argument(
        "--network", metavar="FILE.py:factory", default=None,
        help="function that returns a network in eval mode; else torchvision's inception_v3 with random weights",
    )  # fmt: skip
    return parser


def network(name: str | None) -> nn.Module:
    """The plain module that all sides copy: a factory's, or Inception v3 with random weights and calibrated norms."""
    torchvision = import_torchvision()
    if name is not None:
        file, _, factory = name.rpartition(":")
        spec = util.spec_from_file_location(Path(file).stem, file)
        if spec is None or spec.loader is None or not Path(file).is_file():
            sys.exit(f"there is no Python file '{file}'; name a network as FILE.py:factory")
        module = util.module_from_spec(spec)
        spec.loader.exec_module(module)
        made: nn.Module = getattr(module, factory)()
        return made.eval()
    torch.manual_seed(0)
    net: nn.Module = torchvision.models.inception_v3(weights=None, aux_logits=False, init_weights=False)
    calibrate(net, (pink_noise(4, 3, (SIDE, SIDE)) - 0.45) / 0.225)
    return net.eval()


def precisions() -> list[str]:
    """Those that this processor computes in hardware; the other one takes hours, and says nothing."""
    if computed_in_software(torch.bfloat16, torch.device("cpu")):
        print("bfloat16 is left out: this processor computes it in software", file=sys.stderr)
        return ["float32"]
    return ["float32", "bfloat16"]


def machine() -> str:
    """One line on where this is measured; the load is that of the minute before."""
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")
    return (
        f"{_processor()}, {os.cpu_count()} cores, {torch.get_num_threads()} threads, torch {torch.__version__}, "
        f"load average before {load:.1f}, {time.strftime('%Y-%m-%d')}"
    )


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    if info.is_file():
        fields = dict(line.split(":", 1) for line in info.read_text().splitlines() if ":" in line)
        named = {key.strip(): value.strip() for key, value in fields.items()}
        family = f"family {named.get('cpu family', '?')} model {named.get('model', '?')}"
        return f"{named.get('model name', platform.machine())} ({family})"
    return platform.processor() or platform.machine()


def peak(clock: str) -> float:
    """Multiplications and additions per second that one large convolution reaches here, in float32."""
    value = torch.randn(8, 256, 56, 56).contiguous(memory_format=torch.channels_last)
    weight = torch.randn(256, 256, 3, 3).contiguous(memory_format=torch.channels_last)
    with torch.no_grad():
        taken = min(
            seconds(lambda _: torch.nn.functional.conv2d(value, weight, padding=1), 1, clock) for _ in range(8)
        )
    return 2 * 8 * 56 * 56 * 256 * 256 * 9 / taken


def floor(net: nn.Module, layer: str, clock: str) -> float:
    """Milliseconds of a step at the peak: the forward to the layer, and as much back to the picture."""
    counts = FlopCounterMode(display=False)
    model = load(net, size=SIDE)
    with torch.no_grad(), counts:
        probe(model, torch.full((1, 3, SIDE, SIDE), 0.5), [layer])
    return 1000 * 2 * counts.get_total_flops() / peak(clock)


def in_turn(sides: Mapping[str, Side], counts: tuple[int, int], repeats: int, clock: str) -> dict[str, list[float]]:
    """Milliseconds per step of each side, one number a turn: a long run less a short one, so that set-up cancels."""
    short, long = counts
    for run in sides.values():
        run(1)
    taken: dict[str, list[float]] = {name: [] for name in sides}
    for turn in range(repeats):
        for name, run in sides.items():
            taken[name].append(1000 * (seconds(run, long, clock) - seconds(run, short, clock)) / (long - short))
        print(f"turn {turn + 1} of {repeats} done", file=sys.stderr)
    return taken


def seconds(run: Side, steps: int, clock: str) -> float:
    """How long a run takes by one of CLOCKS."""
    now = CLOCKS[clock]
    start = now()
    run(steps)
    return now() - start


def fine_grain(picture: Tensor) -> float:
    """Share of the luminance's spectral energy, without its mean, above a quarter of the sampling rate."""
    luminance = (picture[0] * torch.tensor([0.299, 0.587, 0.114]).view(3, 1, 1)).sum(0)
    energy = torch.fft.fft2(luminance - luminance.mean()).abs().square()
    height, width = luminance.shape
    frequency = torch.hypot(torch.fft.fftfreq(height)[:, None], torch.fft.fftfreq(width)[None])
    return float(energy[frequency > 0.25].sum() / energy.sum())


def median(values: Sequence[float]) -> float:
    """The middle value."""
    return statistics.median(values)


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table, numbers to the right."""
    lines = [heads, ["---", *["---:"] * (len(heads) - 1)], *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
