"""What a GPU is to be asked in one go: equality with the CPU, time of a step, waiting, a sweep, tiles, memory.

Without a GPU, `--device cpu --tiny` runs the same lines in a small setting, as a smoke test; its numbers mean nothing.
"""

import argparse
import contextlib
import time
from collections.abc import Callable, Iterator, Sequence

import torch
from torch import Tensor, nn
from torch.profiler import ProfilerActivity, profile

import reverie
from measurement import SIDE, median, network, options, table
from reverie.models.fidelity import exactly

MIXED = ("3a", "3b", "4a", "4b", "4c", "4d", "4e", "5a", "5b")  # GoogLeNet's
WAITS = ("cudaStreamSynchronize", "cudaDeviceSynchronize", "cudaEventSynchronize", "aten::item")
Row = list[str]


def recipe_of(model: reverie.Model, layer: str, count: int, side: int, steps: int) -> "reverie.Recipe":
    """The default preset's for the first channels of a layer."""
    units = [f"{layer}:{index}" for index in range(count)]
    return reverie.recipes.feature(model, units, preset="default", size=side, steps=steps, batch=count)


def wait(device: str) -> None:
    """Until the device has done all that it was asked."""
    if device != "cpu":
        torch.cuda.synchronize()


def step_time(advance: Callable[[], object], device: str, count: int) -> float:
    """Milliseconds of one of so many steps, after two that warm up."""
    for _ in range(2):
        advance()
    wait(device)
    start = time.perf_counter()
    for _ in range(count):
        advance()
    wait(device)
    return 1000 * (time.perf_counter() - start) / count


def slope(net: nn.Module, layer: str, side: int, device: str) -> Tensor:
    """The gradient of a channel by reverie's own step, float32 without TF32."""
    model = reverie.load(net, size=side, device=device)
    image = torch.rand(1, 3, side, side, generator=torch.Generator().manual_seed(0)).to(device).requires_grad_()
    with exactly(model.device):
        value = reverie.probe(model, image, [layer])[layer][:, 0].mean()
        return torch.autograd.grad(value, image)[0].flatten().double().cpu()


def equality(net: nn.Module, layer: str, given: argparse.Namespace) -> Iterator[Row]:
    """Whether the device climbs where the CPU does, and climbs so again."""
    own, theirs = slope(net, layer, given.side, given.device), slope(net, layer, given.side, "cpu")
    yield ["cosine of the gradients, CPU and device", f"{float(torch.cosine_similarity(own, theirs, 0)):.6f}"]
    model = reverie.load(net, size=given.side, device=given.device)
    recipe = recipe_of(model, layer, 2, given.side, given.steps)
    one, other = (reverie.synthesize(model, recipe).images for _ in range(2))
    yield ["largest difference of a replay", f"{float((one - other).abs().max()):.2g}"]


def lucent_like(net: nn.Module, layer: str, count: int, given: argparse.Namespace) -> Callable[[], object]:
    """A step of lucent's loop: the whole network, the weights' gradients too, Adam on a Fourier picture of 128 px."""
    net = net.to(given.device)
    seen: dict[str, Tensor] = {}
    net.get_submodule(layer).register_forward_hook(lambda _, __, output: seen.update(value=output))
    latents = (0.01 * torch.randn(count, 3, 128, 65, 2, device=given.device)).requires_grad_()
    optimizer = torch.optim.Adam([latents], lr=0.05)

    def advance() -> None:
        optimizer.zero_grad()
        net.zero_grad()
        picture = torch.fft.irfft2(torch.view_as_complex(latents), s=(128, 128), norm="ortho").sigmoid()
        net(nn.functional.interpolate(picture, (given.side, given.side), mode="bilinear"))
        (-seen["value"][:, 0].mean()).backward()
        optimizer.step()

    return advance


def steps(net: nn.Module, layer: str, given: argparse.Namespace) -> Iterator[Row]:
    """Milliseconds per step and image: lucent's loop and reverie in float32, TF32 and bfloat16."""
    for count in given.batches:
        loop = step_time(lucent_like(network(given.network), layer, count, given), given.device, given.steps) / count
        cells = [f"{loop:.2f}"]
        for kind in ("float32", "TF32", "bfloat16"):  # TF32 is how torch convolves on a GPU unless told
            precision = "bfloat16" if kind == "bfloat16" else "float32"
            model = reverie.load(net, size=given.side, device=given.device, precision=precision)
            run = iter(reverie.iterate(model, recipe_of(model, layer, count, given.side, 20 + given.steps)))
            with exactly(model.device) if kind == "float32" else contextlib.nullcontext():
                for _ in range(0 if given.tiny else 16):  # the first steps wake silent units
                    next(run)
                taken = step_time(lambda run=run: next(run), given.device, given.steps)  # type: ignore[misc]
            cells.append(f"{taken / count:.2f}")
        yield [f"batch of {count}", *cells]


def waits(net: nn.Module, layer: str, given: argparse.Namespace) -> Iterator[Row]:
    """How often a step, once it is under way, waits for the device."""
    model = reverie.load(net, size=given.side, device=given.device)
    run = iter(reverie.iterate(model, recipe_of(model, layer, 1, given.side, 20 + given.steps)))
    for _ in range(2 if given.tiny else 17):
        next(run)
    wait(given.device)
    kinds = [ProfilerActivity.CPU, *([ProfilerActivity.CUDA] if given.device != "cpu" else [])]
    with profile(activities=kinds) as seen:
        for _ in range(given.steps):
            next(run)
    counts = {event.key: event.count for event in seen.key_averages()}
    yield from ([name, f"{counts.get(name, 0) / given.steps:.2f}"] for name in WAITS)


def sweep(given: argparse.Namespace) -> Iterator[Row]:
    """Pictures per minute of GoogLeNet's nine mixed layers, at the default preset's length."""
    model = reverie.load("googlenet", None, size=given.side, device=given.device)
    for name in MIXED[: 1 if given.tiny else None]:
        count = min(given.batches[-1], model.layer(f"inception{name}").channels)
        recipe = recipe_of(model, f"inception{name}", count, given.side, given.steps + 2)
        run = iter(reverie.iterate(model, recipe))
        each = step_time(lambda run=run: next(run), given.device, given.steps)  # type: ignore[misc]
        yield [f"inception{name}", f"{60_000 * count / (336 * each):.0f}"]


def tiles(net: nn.Module, layer: str, given: argparse.Namespace) -> Iterator[Row]:
    """Seconds and memory of a dream's step on a large picture, in tiles."""
    model = reverie.load(net, size=given.side, device=given.device)
    side = 4 * given.side if given.tiny else 4096
    photo = torch.rand(3, side, side)
    recipe = reverie.recipes.dream(model, photo, layer, size=side, octaves=1, steps=4, tile=side // 2)
    run = iter(reverie.iterate(model, recipe))
    taken = [step_time(lambda: next(run), given.device, 1)]
    peak = torch.cuda.max_memory_allocated() / 2**30 if given.device != "cpu" else float("nan")
    yield [f"{side} px", f"{median(taken) / 1000:.2f}", f"{peak:.2f}"]


def show(title: str, heads: Sequence[str], rows: Iterator[Row], start: float) -> None:
    """A table as soon as it is known, or why there is none: what is measured is not lost with what fails."""
    try:
        print(f"\n{title} ({time.perf_counter() - start:.0f} s in)\n\n{table(heads, list(rows))}", flush=True)
    except (RuntimeError, reverie.ReverieError) as error:
        print(f"\n{title}: {type(error).__name__}: {str(error).splitlines()[0]}", flush=True)


def main() -> None:
    """Asks all, in the order of what matters most."""
    parser = options(str(__doc__), steps=32, repeats=1)
    parser.add_argument("--device", default="cuda", help="cuda, or cpu with --tiny for a smoke test")
    parser.add_argument("--tiny", action="store_true", help="a small setting whose numbers mean nothing")
    parser.add_argument("--layer", default="Mixed_6d", help="layer of the channel")
    given = parser.parse_args()
    given.side, given.batches = (96, (1, 2)) if given.tiny else (SIDE, (1, 8, 64))
    given.steps = 2 if given.tiny else given.steps
    torch.set_num_threads(given.threads)
    if given.device != "cpu" and not torch.cuda.is_available():
        parser.error("there is no GPU here; --device cpu --tiny is the smoke test")
    card = torch.cuda.get_device_name() if given.device != "cpu" else "no GPU: numbers mean nothing"
    print(f"{card}, torch {torch.__version__}")
    start, net = time.perf_counter(), network(given.network)
    show("Equality", ["", "value"], equality(net, given.layer, given), start)
    heads = ["ms per step and image", "a loop like lucent's", "float32", "TF32", "bfloat16"]
    show("Steps", heads, steps(net, given.layer, given), start)
    show("Waiting for the device", ["call", "per step"], waits(net, given.layer, given), start)
    show("GoogLeNet", ["layer", "pictures per minute"], sweep(given), start)
    show("Tiles", ["picture", "s per step", "peak GiB"], tiles(net, given.layer, given), start)


if __name__ == "__main__":
    main()
