"""Train the bundled network on procedural motifs: ``python training/train.py``.

Draws the pictures (in parallel, cached in ``training/cache/``), trains with a
checkpoint after every epoch, from which the same command resumes, and after
every epoch writes the weights, their metadata and the channel statistics.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import multiprocessing
import os
import shlex
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from torch import Tensor

import motifs
import second
from reverie.models.bundled.motif_net import MotifNet
from reverie.models.hooks import Hooks
from reverie.models.names import BLOCKS

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent

LAYERS = BLOCKS["bundled"]
Network = MotifNet | second.ResidualNet
ARCHITECTURES: dict[str, tuple[type[Network], tuple[str, ...]]] = {
    "inception": (MotifNet, LAYERS),
    "residual": (second.ResidualNet, second.RESIDUAL_LAYERS),
}
MEAN, STD = 0.5, 0.25
WEIGHTS = ROOT / "src" / "reverie" / "models" / "bundled" / "motifs.safetensors"


def arguments(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Settings of a training run; the defaults made the weights that ship."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=128, help="side of the pictures in pixels")
    parser.add_argument("--classes", type=int, default=len(motifs.CLASSES), help="use only the first classes")
    parser.add_argument("--pictures", type=int, default=16000, help="training pictures")
    parser.add_argument("--held-out", type=int, default=640, help="pictures for validation and channel statistics")
    parser.add_argument("--epochs", type=int, default=22)
    parser.add_argument("--epoch-pictures", type=int, default=6400, help="successive epochs walk through all pictures")
    parser.add_argument("--coarse", type=int, default=96, help="side until the last quarter of the epochs")
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--rate", type=float, default=3e-3, help="learning rate between warm-up and decay")
    parser.add_argument("--decay", type=float, default=0.02, help="weight decay of AdamW")
    parser.add_argument("--smoothing", type=float, default=0.05, help="label smoothing")
    parser.add_argument("--noise", type=float, default=0.08, help="highest deviation of the added noise")
    parser.add_argument("--blur", type=float, default=1.0, help="highest deviation of the blur in pixels")
    parser.add_argument("--radius", type=float, default=1.5, help="largest L2 radius of the adversary, pixels of 0..1")
    parser.add_argument("--ramp", type=int, default=1600, help="steps in which the radius grows to its full size")
    parser.add_argument("--architecture", choices=tuple(ARCHITECTURES), default="inception")
    parser.add_argument("--activation", choices=("silu", "relu"), default="silu")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=0, help="of torch; 0: as many as there are cores")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="processes that draw")
    parser.add_argument("--cache", type=Path, default=HERE / "cache")
    parser.add_argument("--out", type=Path, default=WEIGHTS)
    parser.add_argument("--stop-after", type=int, default=None, help="leave after this many epochs, to be resumed")
    return parser.parse_args(argv)


def _draw_range(
    task: tuple[int, int, int, int, int, int],
) -> tuple[int, npt.NDArray[np.uint8], npt.NDArray[np.float32]]:
    """Draw pictures first..last of a part; labels keep to the first classes."""
    seed, part, first, last, size, classes = task
    made = [motifs.picture(motifs.seeded(seed, part, i), size, classes) for i in range(first, last)]
    return first, np.stack([image for image, _ in made]), np.stack([label for _, label in made])


def pictures(
    count: int, part: int, seed: int, size: int, classes: int, workers: int, cache: Path | None
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.float32]]:
    """Pictures [count, size, size, 3] and soft labels [count, classes] of a part, the same for any worker count."""
    stem = f"{seed}-{part}-{size}-{classes}-{count}"
    paths = (cache / f"pictures-{stem}.npy", cache / f"labels-{stem}.npy") if cache else None
    if paths and all(path.exists() for path in paths):
        return np.load(paths[0], mmap_mode="r"), np.load(paths[1])
    images, labels = np.empty((count, size, size, 3), np.uint8), np.empty((count, classes), np.float32)
    tasks = [(seed, part, i, min(i + 64, count), size, classes) for i in range(0, count, 64)]
    if workers > 1 and len(tasks) > 1:
        with multiprocessing.get_context("spawn").Pool(workers) as pool:
            results = list(pool.imap_unordered(_draw_range, tasks))
    else:
        results = [_draw_range(task) for task in tasks]
    for first, image, label in results:
        images[first : first + len(image)], labels[first : first + len(label)] = image, label
    if paths and cache:
        _save_arrays(cache, paths, (images, labels))
    return images, labels


def _save_arrays(cache: Path, paths: Sequence[Path], arrays: Sequence[npt.NDArray[np.generic]]) -> None:
    """Write arrays so that a killed run leaves no half file under the final name."""
    cache.mkdir(parents=True, exist_ok=True)
    for path, array in zip(paths, arrays, strict=True):
        partial = path.with_suffix(".part.npy")
        np.save(partial, array)
        partial.replace(path)


def to_input(batch: npt.NDArray[np.uint8], device: torch.device) -> Tensor:
    """Bytes [N, H, W, 3] to pixels of 0..1 [N, 3, H, W], channels last in memory."""
    return torch.from_numpy(np.array(batch)).to(device).permute(0, 3, 1, 2).float() / 255


def normalise(pixels: Tensor) -> Tensor:
    """What the network takes."""
    return (pixels - MEAN) / STD


def _blurred(pixels: Tensor, deviation: float) -> Tensor:
    """Gaussian blur of a whole batch."""
    steps = torch.arange(-2, 3, device=pixels.device, dtype=pixels.dtype)
    kernel = torch.exp(-0.5 * (steps / deviation) ** 2)
    kernel = (kernel / kernel.sum()).expand(3, 1, 1, 5)
    rows = F.conv2d(F.pad(pixels, (2, 2, 2, 2), mode="reflect"), kernel, groups=3)
    return F.conv2d(rows, kernel.transpose(2, 3), groups=3)


def augment(pixels: Tensor, settings: argparse.Namespace, rng: np.random.Generator) -> Tensor:
    """Flip, shift, change of light, blur (of a third of the batches), noise of its own strength per picture."""
    count, reach = len(pixels), pixels.shape[-1] // 10
    flip = torch.from_numpy(rng.random(count) < 0.5).to(pixels.device)
    pixels = torch.where(flip[:, None, None, None], pixels.flip(3), pixels)
    pixels = torch.roll(pixels, tuple(rng.integers(-reach, reach + 1, 2).tolist()), (2, 3))
    if settings.blur > 0 and rng.random() < 1 / 3:
        pixels = _blurred(pixels, rng.uniform(0.3, 1.0) * settings.blur)
    light = torch.from_numpy(rng.uniform([0.8, -0.08], [1.2, 0.08], (count, 2)).astype(np.float32)).to(pixels.device)
    pixels = (pixels - 0.5) * light[:, 0, None, None, None] + 0.5 + light[:, 1, None, None, None]
    sigma = torch.from_numpy(rng.uniform(0, settings.noise, count).astype(np.float32)).to(pixels.device)
    pixels = pixels + sigma[:, None, None, None] * torch.randn_like(pixels)
    return pixels.clamp(0, 1).contiguous(memory_format=torch.channels_last)


def _halved(device: torch.device) -> bool:
    """Whether bfloat16 is quicker here: a processor without instructions for it is ten times slower."""
    return device.type != "cpu" or torch.ops.mkldnn._is_mkldnn_bf16_supported()


def loss_of(network: Network, pixels: Tensor, targets: Tensor) -> Tensor:
    """Cross-entropy with soft targets."""
    with torch.autocast(pixels.device.type, torch.bfloat16, enabled=_halved(pixels.device)):
        logits = network(normalise(pixels))
    return F.cross_entropy(logits.float(), targets)


def attacked(network: Network, pixels: Tensor, targets: Tensor, radius: Tensor) -> Tensor:
    """Pictures after one step uphill in the loss within L2 balls of each one's radius [N], from a random start."""

    def norm(value: Tensor) -> Tensor:
        return value.flatten(1).norm(dim=1)[:, None, None, None] + 1e-12

    reach = radius[:, None, None, None]
    start = torch.randn_like(pixels)
    delta = 0.5 * reach * start / norm(start)
    delta.requires_grad_(True)
    (slope,) = torch.autograd.grad(loss_of(network, pixels + delta, targets), delta)
    step = delta.detach() + reach * slope / norm(slope)
    return (pixels + step * (reach / norm(step)).clamp(max=1)).clamp(0, 1).contiguous(memory_format=torch.channels_last)


class Run:
    """One training run: network, optimiser, schedule and their checkpoint."""

    def __init__(self, settings: argparse.Namespace, device: torch.device) -> None:
        torch.manual_seed(settings.seed)
        self.settings, self.device = settings, device
        kind, self.layers = ARCHITECTURES[settings.architecture]
        self.network = kind(settings.classes, settings.activation).to(device, memory_format=torch.channels_last)
        self.optimiser = torch.optim.AdamW(self.network.parameters(), lr=settings.rate, weight_decay=settings.decay)
        self.steps = max(1, min(settings.epoch_pictures, settings.pictures) // settings.batch)
        self.epoch = 0
        self.losses: list[float] = []
        self.path: Path = settings.cache / "checkpoint.pt"

    def identity(self) -> str:
        """The settings that a checkpoint must share to be resumed; epochs only once the rate decays."""
        free = {*PASSING, "epochs"} if self.epoch <= self.decay_from() else PASSING
        return json.dumps({k: v for k, v in vars(self.settings).items() if k not in free}, sort_keys=True)

    def decay_from(self) -> int:
        """The epoch from which on the rate falls to zero."""
        return round(0.6 * self.settings.epochs)

    def fine_from(self) -> int:
        """The epoch from which on the pictures have their full size."""
        return self.settings.epochs - self.settings.epochs // 4

    def set_rate(self, step: int) -> None:
        """Warm-up over 200 steps, a constant rate, a linear decay over the last four tenths."""
        done, start = self.epoch + step / self.steps, self.decay_from()
        left = (self.settings.epochs - done) / max(1, self.settings.epochs - start)
        warm = (self.epoch * self.steps + step + 1) / 200
        for group in self.optimiser.param_groups:
            group["lr"] = self.settings.rate * min(1.0, warm, left)

    def save(self) -> None:
        """Write the checkpoint under a passing name, then move it into place."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        state = {
            "identity": self.identity(),
            "network": self.network.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "epoch": self.epoch,
            "losses": self.losses,
        }
        partial = self.path.with_suffix(".part")
        torch.save(state, partial)
        partial.replace(self.path)

    def resume(self) -> bool:
        """Continue from a checkpoint of the same settings, if there is one."""
        if not self.path.exists():
            return False
        state = torch.load(self.path, map_location=self.device, weights_only=True)
        self.epoch = state["epoch"]
        if state["identity"] != self.identity():
            self.epoch = 0
            return False
        self.network.load_state_dict(state["network"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.losses = state["losses"]
        return True

    def train_epoch(self, images: npt.NDArray[np.uint8], labels: npt.NDArray[np.float32]) -> float:
        """One epoch; the mean loss. Seeded by the epoch, so that a resumed run repeats it."""
        rng = np.random.default_rng([self.settings.seed, 3, self.epoch])
        torch.manual_seed(self.settings.seed * 1000 + self.epoch)
        self.network.train()
        order, total, start = self.order(len(images)), 0.0, time.time()
        for step in range(self.steps):
            chosen = np.sort(order[step * self.settings.batch : (step + 1) * self.settings.batch])
            pixels = to_input(images[chosen], self.device)
            if self.epoch < self.fine_from():
                pixels = F.interpolate(pixels, (self.settings.coarse,) * 2, mode="bilinear", antialias=True)
            self.set_rate(step)
            total += self.step(pixels, labels[chosen], rng, self.epoch * self.steps + step)
            if step % 50 == 49:
                done = step + 1
                pace = (time.time() - start) / done
                print(f"epoch {self.epoch} step {done}/{self.steps} loss {total / done:.3f} {pace:.2f} s/step")
        self.epoch += 1
        self.losses.append(total / self.steps)
        return total / self.steps

    def order(self, count: int) -> npt.NDArray[np.int64]:
        """The pictures of this epoch: its part of a walk through all of them."""
        used = self.steps * self.settings.batch
        walk, part = divmod(self.epoch, max(1, count // used))
        return np.random.default_rng([self.settings.seed, 5, walk]).permutation(count)[part * used : (part + 1) * used]

    def step(self, pixels: Tensor, labels: npt.NDArray[np.float32], rng: np.random.Generator, done: int) -> float:
        """One batch, half of it attacked, each picture from a fifth of the radius to the whole."""
        settings = self.settings
        targets = torch.from_numpy(labels).to(self.device)
        targets = targets * (1 - settings.smoothing) + settings.smoothing / settings.classes
        pixels = augment(pixels, settings, rng)
        radius = settings.radius * min(1.0, done / settings.ramp) * pixels.shape[-1] / settings.size
        if radius > 0:
            half = len(pixels) // 2
            reach = torch.from_numpy(rng.uniform(0.2 * radius, radius, half).astype(np.float32)).to(self.device)
            hard = attacked(self.network, pixels[:half], targets[:half], reach)
            pixels = torch.cat([hard, pixels[half:]])
        loss = loss_of(self.network, pixels, targets)
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        self.optimiser.step()
        return float(loss.detach())


PASSING = {"threads", "workers", "cache", "out", "stop_after"}


@torch.no_grad()
def statistics(
    network: Network,
    images: npt.NDArray[np.uint8],
    labels: npt.NDArray[np.float32],
    layers: Sequence[str],
    batch: int = 64,
) -> tuple[float, dict[str, Tensor], dict[str, Tensor]]:
    """Accuracy, and per layer the mean and deviation of every channel over all places of all pictures."""
    network.eval()
    device = next(network.parameters()).device
    sums: dict[str, list[Tensor]] = {name: [] for name in layers}
    squares: dict[str, list[Tensor]] = {name: [] for name in layers}

    right = 0
    for i in range(0, len(images), batch):
        seen = Hooks(network, set(layers), {}, stop=False).run(normalise(to_input(images[i : i + batch], device)))
        right += int((seen["logits"].argmax(1).cpu().numpy() == labels[i : i + batch].argmax(1)).sum())
        for name in layers:
            value = seen[name].double()
            sums[name].append(value.mean((2, 3)).sum(0).cpu())
            squares[name].append(value.square().mean((2, 3)).sum(0).cpu())
    means = {name: torch.stack(part).sum(0) / len(images) for name, part in sums.items()}
    variances = {name: torch.stack(part).sum(0) / len(images) - means[name] ** 2 for name, part in squares.items()}
    stds = {name: value.clamp(min=1e-12).sqrt().float() for name, value in variances.items()}
    return right / len(images), {name: value.float() for name, value in means.items()}, stds


def export(run: Run, images: npt.NDArray[np.uint8], labels: npt.NDArray[np.float32], command: str) -> float:
    """Write the weights as float16 with statistics and metadata; the accuracy of what was written."""
    settings = run.settings
    stored = {k: v.half() if v.is_floating_point() else v for k, v in run.network.state_dict().items()}
    rounded = type(run.network)(settings.classes, settings.activation)
    rounded.to(run.device, memory_format=torch.channels_last)
    rounded.load_state_dict({k: v.float() if v.is_floating_point() else v for k, v in stored.items()})
    accuracy, means, stds = statistics(rounded, images, labels, run.layers)
    tensors = {k: v.cpu().contiguous() for k, v in stored.items()}
    for name in run.layers:
        tensors[f"statistics/{name}/mean"], tensors[f"statistics/{name}/std"] = means[name], stds[name]
    metadata = {
        "classes": json.dumps(motifs.CLASSES[: settings.classes]),
        "mean": json.dumps([MEAN] * 3),
        "std": json.dumps([STD] * 3),
        "size": str(settings.size),
        "seed": str(settings.seed),
        "accuracy": f"{accuracy:.4f}",
        "activation": settings.activation,
        "architecture": settings.architecture,
        "command": command,
        "settings": json.dumps({k: v for k, v in vars(settings).items() if k not in PASSING}, sort_keys=True),
        "epochs": str(run.epoch),
    }
    settings.out.parent.mkdir(parents=True, exist_ok=True)
    partial = settings.out.with_suffix(".part")
    save_file(tensors, partial, metadata)
    partial.replace(settings.out)
    digest = hashlib.sha256(settings.out.read_bytes()).hexdigest()
    settings.out.with_suffix(".sha256").write_text(f"{digest}  {settings.out.name}\n", encoding="utf-8")
    return accuracy


def main(argv: Sequence[str] | None = None) -> Run:
    """Draw, train, export."""
    settings = arguments(argv)
    command = shlex.join(["python", "training/train.py", *(sys.argv[1:] if argv is None else argv)])
    if settings.threads:
        torch.set_num_threads(settings.threads)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    start = time.time()
    shared = (settings.seed, settings.size, settings.classes, settings.workers, settings.cache)
    images, labels = pictures(settings.pictures, 0, *shared)
    held = pictures(settings.held_out, 1, *shared)
    print(f"{len(images)} pictures after {time.time() - start:.0f} s")
    run = Run(settings, device)
    if run.resume():
        print(f"resumed after epoch {run.epoch}")
    stop = settings.epochs if settings.stop_after is None else min(settings.stop_after, settings.epochs)
    if run.epoch >= stop:  # finished before: only what it wrote may be missing, or was asked for elsewhere
        print(f"nothing left to train; accuracy {export(run, *held, command):.4f}")
    while run.epoch < stop:
        loss = run.train_epoch(images, labels)
        run.save()
        accuracy = export(run, *held, command)
        spent = time.time() - start
        print(f"epoch {run.epoch}/{settings.epochs} loss {loss:.3f} accuracy {accuracy:.4f} {spent:.0f} s")
    return run


if __name__ == "__main__":
    main()
