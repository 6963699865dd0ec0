"""Train the generator that ships with the package: ``python training/generator.py --sheet sheet.png``.

A decoder of what the bundled network sees (Dosovitskiy and Brox 2016; as a prior for pictures of units, Nguyen et al.
2016): the code of a motif is what `mixed5b` returns for it and its coarse colours, reduced to 128 whitened numbers.
The decoder learns to paint the motif back, by its colours and by what the network sees in it, before an adversary that
looks through the network's own layers (Sauer et al. 2021), which costs next to nothing, for they are computed anyhow.
A quarter of each batch are chance latents that the adversary alone judges: wherever a climb goes it shall find motifs.

Pictures, codes and a checkpoint lie in ``training/cache/``; the same command goes on where it was broken off.
"""

from __future__ import annotations

import argparse
import copy
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn import functional

import generator_card
import motifs
import reverie
from reverie.models.bundled.generator import LATENT, MotifGenerator
from reverie.models.model import Model
from reverie.models.probe import probe
from reverie.models.readiness import computed_in_software
from reverie.models.sources import load

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent

WEIGHTS = ROOT / "src" / "reverie" / "models" / "bundled" / "generator.safetensors"
SIDE = 64
FRESH = 576  # motifs to measure by, eight of each class
SEEN: Mapping[str, float] = {"stem": 0.5, "mixed3b": 0.5, "mixed4c": 1.0, "mixed5b": 1.0}  # of what is compared
JUDGED: Mapping[str, int] = {"stem": 64, "mixed3b": 112, "mixed4c": 240}  # layers of the adversary, and their channels
CLIMB = 64  # steps in the latents
COARSE = 8  # side of a code's colours
CPU = torch.device("cpu")


def arguments(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Settings."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", type=int, default=9216, help="that are drawn")
    parser.add_argument("--steps", type=int, default=3000)
    parser.add_argument("--batch", type=int, default=24, help="motifs; a third as many latents by chance come on top")
    parser.add_argument("--rate", type=float, default=2e-3)
    parser.add_argument("--adversary", type=float, default=0.5, help="weight of the adversary")
    parser.add_argument("--minutes", type=float, default=None, help="pause after so many; the same command goes on")
    parser.add_argument("--seed", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--cache", type=Path, default=HERE / "cache" / "generator", help="pictures and checkpoint")
    parser.add_argument("--out", type=Path, default=WEIGHTS)
    parser.add_argument("--sheet", type=Path, default=None, help="picture of what it learned")
    return parser.parse_args(argv)


def drawn(count: int, seed: int, part: int) -> Tensor:
    """Motifs of all classes in turn, uint8 [N,3,64,64]; part 0 is trained on, 1 is not."""
    out = np.empty((count, SIDE, SIDE, 3), np.uint8)
    for index in range(count):
        name = motifs.CLASSES[index % len(motifs.CLASSES)]
        out[index] = motifs.draw(name, motifs.seeded(seed, part, index), SIDE)
    return torch.from_numpy(out).permute(0, 3, 1, 2).contiguous(memory_format=torch.channels_last)


@dataclass(frozen=True)
class Coder:
    """What is told of a picture: a linear map of what the network sees of it, whitened."""

    mean: Tensor
    axes: Tensor  # [features, LATENT], over their deviations

    def __call__(self, features: Tensor) -> Tensor:
        """Codes [N,LATENT]."""
        return ((features - self.mean) @ self.axes).clamp(-3, 3)


@torch.no_grad()
def features_of(model: Model, pictures: Tensor) -> Tensor:
    """Of uint8 pictures [N,3,64,64]: the deepest layer and the coarse colours, each part of mean square 1, [N,F]."""
    rows = []
    for chunk in pictures.split(128):
        image = chunk.float() / 255
        deep = probe(model, image, ["mixed5b"])["mixed5b"].float().flatten(1)
        coarse = functional.adaptive_avg_pool2d(image, COARSE).flatten(1)
        rows.append(torch.cat([deep / 0.5, (coarse - 0.5) / 0.25 * 3], 1))
    return torch.cat(rows)


def coder_of(features: Tensor) -> Coder:
    """The directions in which the features of motifs differ most."""
    torch.manual_seed(0)
    mean = features.mean(0)
    _, spread, axes = torch.pca_lowrank(features - mean, q=LATENT, center=False, niter=4)
    return Coder(mean, axes / (spread / (len(features) - 1) ** 0.5))


class Adversary(nn.Module):
    """How much each place of some layers looks like a drawn motif's: layers [N,C,H,W] to scores [N,places]."""

    def __init__(self) -> None:
        super().__init__()
        normed = nn.utils.parametrizations.spectral_norm
        self.heads = nn.ModuleDict(
            {
                layer: nn.Sequential(
                    normed(nn.Conv2d(channels, 96, 1)),
                    nn.LeakyReLU(0.2),
                    normed(nn.Conv2d(96, 96, 3, stride=2, padding=1)),
                    nn.LeakyReLU(0.2),
                    normed(nn.Conv2d(96, 1, 3, padding=1)),
                )
                for layer, channels in JUDGED.items()
            }
        )

    def forward(self, seen: Mapping[str, Tensor]) -> Tensor:
        """Scores."""
        return torch.cat([head(seen[layer]).flatten(1) for layer, head in self.heads.items()], 1)


@dataclass
class Training:
    """All that a checkpoint holds."""

    painter: MotifGenerator
    average: MotifGenerator  # of the weights over the last steps; what is kept in the end
    adversary: Adversary
    optimizers: tuple[torch.optim.Optimizer, torch.optim.Optimizer]
    step: int = 0

    def save(self, path: Path) -> None:
        """The checkpoint, whole or not at all."""
        parts = [self.painter, self.average, self.adversary, *self.optimizers]
        partial = path.with_suffix(".part")
        torch.save({"step": self.step, "parts": [part.state_dict() for part in parts]}, partial)
        partial.replace(path)

    def restore(self, path: Path) -> None:
        """Goes on from a checkpoint, if there is one."""
        if path.is_file():
            found = torch.load(path, weights_only=True)
            for part, state in zip(
                [self.painter, self.average, self.adversary, *self.optimizers], found["parts"], strict=True
            ):
                part.load_state_dict(state)
            self.step = found["step"]


def beginning(options: argparse.Namespace) -> Training:
    """Untrained parts."""
    torch.manual_seed(options.seed)
    painter, adversary = MotifGenerator(), Adversary()
    painter, adversary = painter.to(memory_format=torch.channels_last), adversary.to(memory_format=torch.channels_last)
    optimizers = (
        torch.optim.Adam(painter.parameters(), lr=options.rate, betas=(0.5, 0.99)),
        torch.optim.Adam(adversary.parameters(), lr=options.rate / 2, betas=(0.0, 0.99)),
    )
    return Training(painter, copy.deepcopy(painter), adversary, optimizers)


def distance(seen: Mapping[str, Tensor], wanted: Mapping[str, Tensor]) -> Tensor:
    """Distance of what the network sees, each layer over its own mean square."""
    parts = [
        weight * functional.mse_loss(seen[layer][: len(wanted[layer])], wanted[layer]) / wanted[layer].square().mean()
        for layer, weight in SEEN.items()
    ]
    return torch.stack(parts).sum()


def seen_by(model: Model, image: Tensor) -> dict[str, Tensor]:
    """What the network sees, in float32."""
    found = probe(model, image, SEEN)
    return {layer: found[layer].float() for layer in SEEN}


def advance(
    state: Training, model: Model, pictures: Tensor, codes: Tensor, options: argparse.Namespace, fast: bool
) -> dict[str, float]:
    """One step of both sides; its losses."""
    source = torch.Generator().manual_seed(options.seed * 1_000_003 + state.step)
    rows = torch.randint(len(pictures), (options.batch,), generator=source)
    wanted = pictures[rows].float() / 255
    chance = torch.randn(options.batch // 3, LATENT, generator=source)
    code = codes[rows] + 0.1 * torch.randn(len(rows), LATENT, generator=source)
    with torch.autocast("cpu", torch.bfloat16, enabled=fast):
        made = state.painter(torch.cat([code, chance]))
    seen = seen_by(model, made)
    with torch.no_grad():
        target = seen_by(model, wanted)
    painter, critic = state.optimizers
    with torch.autocast("cpu", torch.bfloat16, enabled=fast):
        real = state.adversary(target).float()
        fake = state.adversary({layer: value.detach() for layer, value in seen.items()}).float()
    caught = functional.relu(1 - real).mean() + functional.relu(1 + fake).mean()
    critic.zero_grad()
    caught.backward()
    critic.step()
    with torch.autocast("cpu", torch.bfloat16, enabled=fast):
        fooled = -state.adversary(seen).float().mean()
    colours = (made[: len(wanted)] - wanted).abs().mean()
    apart = distance(seen, target)
    started = min(1.0, state.step / 300)
    painter.zero_grad()
    (4 * colours + apart + started * options.adversary * fooled).backward()
    nn.utils.clip_grad_norm_(state.painter.parameters(), 5.0)
    painter.step()
    follow(state.average, state.painter, min(0.998, (1 + state.step) / (10 + state.step)))
    values = {"colours": colours, "apart": apart, "caught": caught, "fooled": fooled}
    return {name: float(value.detach()) for name, value in values.items()}


@torch.no_grad()
def follow(average: nn.Module, module: nn.Module, share: float) -> None:
    """Draws the averaged weights and moments towards the module's."""
    for mean, value in zip(average.state_dict().values(), module.state_dict().values(), strict=True):
        if value.is_floating_point():
            mean.lerp_(value, 1 - share)


def train(options: argparse.Namespace, pictures: Tensor, codes: Tensor) -> MotifGenerator | None:
    """The averaged decoder after all steps, from the last checkpoint on; None where it paused before."""
    fast = not computed_in_software(torch.bfloat16, CPU)
    model = load("bundled", precision="bfloat16" if fast else "float32", device="cpu")
    state, checkpoint = beginning(options), options.cache / "checkpoint.pt"
    state.restore(checkpoint)
    began, first = time.monotonic(), state.step
    while state.step < options.steps:
        left = 1 - state.step / options.steps
        for optimizer, share in zip(state.optimizers, (1, 0.5), strict=True):
            optimizer.param_groups[0]["lr"] = share * options.rate * min(1.0, (state.step + 1) / 50, left / 0.4)
        losses = advance(state, model, pictures, codes, options, fast)
        state.step += 1
        if state.step % 50 == 0:
            said = "  ".join(f"{name} {value:.3f}" for name, value in losses.items())
            pace = (time.monotonic() - began) / (state.step - first)
            print(f"{state.step:5d}  {pace:.2f} s a step  {said}", flush=True)
        if state.step % 200 == 0 or state.step == options.steps:
            state.save(checkpoint)
        elif options.minutes is not None and time.monotonic() - began > 60 * options.minutes:
            state.save(checkpoint)
            return None
    return state.average.eval()


@torch.no_grad()
def measured(painter: MotifGenerator, fresh: Tensor, codes: Tensor) -> dict[str, float]:
    """Mean absolute error of fresh motifs, and how often the bundled network recognises motif, copy and latents."""
    model, truth = load("bundled", device="cpu"), torch.arange(len(fresh)) % len(motifs.CLASSES)
    image, made = fresh.float() / 255, torch.cat([painter(part) for part in codes.split(64)])
    names = [probe(model, item, ["logits"])["logits"].flatten(1).argmax(1) for item in (image, made)]
    return {
        "error": float((made - image).abs().mean()),
        "motifs_recognised": float((names[0] == truth).float().mean()),
        "copies_recognised": float((names[1] == truth).float().mean()),
        "named_alike": float((names[0] == names[1]).float().mean()),
        "classes_found": classes_found(model, painter),
    }


def classes_found(model: Model, painter: MotifGenerator) -> float:
    """Share of the classes whose pictures, climbed in the latents, the network recognises."""
    units = [f"logits:{number}" for number in range(len(motifs.CLASSES))]
    made = reverie.feature(model, units, parameterization=painter, size=SIDE, steps=CLIMB).images
    said = probe(model, made, ["logits"])["logits"].flatten(1).argmax(1)
    return float((said == torch.arange(len(units))).float().mean())


@torch.no_grad()
def sheet(painter: MotifGenerator, fresh: Tensor, codes: Tensor, path: Path) -> None:
    """Three times two rows: fresh motifs, what came back, and once two rows of latents by chance."""
    chance = torch.randn(24, LATENT, generator=torch.Generator().manual_seed(0))
    rows = [part for start in (0, 12, 24, 36, 48, 60) for part in _pair(painter, fresh, codes, start)]
    rows += list(painter(chance).split(12))
    whole = torch.cat([torch.cat(list(row), 2) for row in rows], 1)
    Image.fromarray((whole * 255).round().byte().permute(1, 2, 0).numpy()).save(path)


def _pair(painter: MotifGenerator, fresh: Tensor, codes: Tensor, start: int) -> tuple[Tensor, Tensor]:
    part = slice(start, start + 12)
    return fresh[part].float() / 255, painter(codes[part])


def prepared(options: argparse.Namespace) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Pictures and their codes, fresh motifs and theirs; half of the pictures are mirrored. From the cache, or made."""
    options.cache.mkdir(parents=True, exist_ok=True)
    path = options.cache / f"motifs-{options.pictures}-{options.seed}-{FRESH}.pt"
    if path.is_file():
        found: dict[str, Any] = torch.load(path, weights_only=True)
    else:
        model = load("bundled", device="cpu")
        pictures, fresh = drawn(options.pictures, options.seed, 0), drawn(FRESH, options.seed, 1)
        features = features_of(model, pictures)
        coder = coder_of(features)
        mirrored = pictures.flip(-1)
        found = {
            "pictures": torch.cat([pictures, mirrored]),
            "codes": torch.cat([coder(features), coder(features_of(model, mirrored))]),
            "fresh": fresh,
            "fresh_codes": coder(features_of(model, fresh)),
        }
        torch.save(found, path)
    return found["pictures"], found["codes"], found["fresh"], found["fresh_codes"]


def keep(painter: MotifGenerator, path: Path) -> None:
    """The weights as float16, and their SHA-256 beside them."""
    values = {name: value for name, value in painter.state_dict().items() if value.is_floating_point()}
    state = {name: value.half().contiguous() for name, value in values.items()}
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file(state, path)
    digest = sha256(path.read_bytes()).hexdigest()
    path.with_suffix(".sha256").write_text(f"{digest}  {path.name}\n", encoding="ascii")


def main(argv: Sequence[str] | None = None) -> None:
    """Trains, measures, writes."""
    options = arguments(argv)
    torch.set_num_threads(options.threads)
    pictures, codes, fresh, fresh_codes = prepared(options)
    print(f"{len(pictures)} motifs, {LATENT} numbers each", flush=True)
    painter = train(options, pictures, codes)
    if painter is None:
        print("paused; the same command goes on")
        return
    about = measured(painter, fresh, fresh_codes)
    keep(painter, options.out)
    parameters = sum(value.numel() for value in painter.parameters())
    said = {"command": "python training/generator.py", "latent": LATENT, "fresh": FRESH, "parameters": parameters}
    chance = options.batch // 3
    generator_card.write(options.out, {**vars(options), **said, "chance": chance, **about})
    print(f"{options.out}: {options.out.stat().st_size / 1e6:.2f} MB", about)
    if options.sheet:
        sheet(painter, fresh, fresh_codes, options.sheet)


if __name__ == "__main__":
    main()
