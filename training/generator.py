"""Train a small generator of motifs: ``python training/generator.py --sheet sheet.png``.

A variational autoencoder: pictures must come back in colours and in what the bundled network sees of them. Its decoder
is then one to make pictures of: ``reverie feature logits:rings --parameterization training/generator.py:decoder``. The
sheet shows motifs that were not trained on, what came back, and pictures of random latents.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.nn import functional

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
for folder in (HERE, ROOT / "src"):
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))

import motifs  # noqa: E402 (its folder had to be put on the path first)
from reverie.models.model import Model  # noqa: E402
from reverie.models.probe import probe  # noqa: E402
from reverie.models.sources import load  # noqa: E402

WEIGHTS = HERE / "cache" / "generator.safetensors"
LATENT = 96
FRESH = 256  # motifs to measure by
WIDTHS = (128, 80, 56, 40)  # features at 4, 8, 16 and 32 pixels
SIDE, SHOWN = 32, 64  # of the pictures; and as the network is shown them
SEEN = {"stem": 1.0, "mixed3b": 1.0}  # layers and weights of the perceptual loss


class MotifDecoder(nn.Module):
    """Latents [N,96], standard normal, to pictures [N,3,32,32] in [0,1]."""

    latent = LATENT

    def __init__(self) -> None:
        super().__init__()
        self.start = nn.Linear(LATENT, WIDTHS[0] * 16)
        blocks: list[nn.Module] = []
        for inputs, outputs in pairwise(WIDTHS):
            blocks += [nn.Upsample(scale_factor=2), nn.Conv2d(inputs, outputs, 3, padding=1, bias=False)]
            blocks += [nn.BatchNorm2d(outputs), nn.SiLU()]
        self.blocks = nn.Sequential(*blocks)
        self.colours = nn.Conv2d(WIDTHS[-1], 3, 3, padding=1)

    def forward(self, latents: Tensor) -> Tensor:
        """The pictures."""
        pictures: Tensor = self.colours(self.blocks(self.start(latents).view(-1, WIDTHS[0], 4, 4)))
        return pictures.sigmoid()


def decoder() -> MotifDecoder:
    """The trained one, as ``--parameterization`` names it."""
    made = MotifDecoder()
    if not WEIGHTS.exists():
        raise FileNotFoundError(f"there is no {WEIGHTS.name} yet; run python training/generator.py first")
    made.load_state_dict({name: value.float() for name, value in load_file(WEIGHTS).items()})
    return made


class Encoder(nn.Module):
    """Pictures [N,3,32,32] to the mean and log variance of their latents, [N,D] each."""

    def __init__(self) -> None:
        super().__init__()
        widths = (3, 32, 64, 128)
        self.body = nn.Sequential(
            *[
                layer
                for inputs, outputs in pairwise(widths)
                for layer in (
                    nn.Conv2d(inputs, outputs, 4, stride=2, padding=1, bias=False),
                    nn.BatchNorm2d(outputs),
                    nn.SiLU(),
                )
            ],
            nn.Flatten(),
            nn.Linear(128 * 16, 2 * LATENT),
        )

    def forward(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and log variance."""
        mean, spread = self.body(pictures * 4 - 2).chunk(2, 1)
        return mean, spread.clamp(-8, 4)


def arguments(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Settings."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pictures", type=int, default=3072, help="that are drawn")
    parser.add_argument("--steps", type=int, default=3000)
    parser.add_argument("--minutes", type=float, default=20.0, help="end early, with the rate already falling")
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--rate", type=float, default=2e-3)
    parser.add_argument("--divergence", type=float, default=2e-3, help="weight of the latents' distance from normal")
    parser.add_argument("--seed", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--out", type=Path, default=WEIGHTS)
    parser.add_argument("--sheet", type=Path, default=None, help="picture of what it learned")
    return parser.parse_args(argv)


def drawn(count: int, seed: int, part: int) -> Tensor:
    """Motifs of all classes in turn, uint8 [N,3,32,32]; part 0 is trained on, 1 is not."""
    out = np.empty((count, SHOWN, SHOWN, 3), np.uint8)
    for index in range(count):
        name = motifs.CLASSES[index % len(motifs.CLASSES)]
        out[index] = motifs.draw(name, motifs.seeded(seed, part, index), SHOWN)
    half = functional.avg_pool2d(torch.from_numpy(out).permute(0, 3, 1, 2).float(), 2)
    return half.round().to(torch.uint8)


def enlarged(pictures: Tensor) -> Tensor:
    """As the network is shown them, [N,3,64,64]."""
    return functional.interpolate(pictures, (SHOWN, SHOWN), mode="bilinear", align_corners=False)


def batches(pictures: Tensor, size: int, generator: torch.Generator) -> Iterator[Tensor]:
    """Shuffled for ever, half of them mirrored, in [0,1]."""
    while True:
        for rows in torch.randperm(len(pictures), generator=generator).split(size):
            if len(rows) == size:
                batch = pictures[rows].float() / 255
                turned = torch.rand(size, 1, 1, 1, generator=generator) < 0.5
                yield torch.where(turned, batch.flip(-1), batch)


def perceptual(model: Model, made: Tensor, wanted: Tensor) -> Tensor:
    """Distance of what the network sees, each layer over its own mean square."""
    seen = probe(model, enlarged(made), SEEN)
    with torch.no_grad():
        target = probe(model, enlarged(wanted), SEEN)
    parts = [
        weight * functional.mse_loss(seen[layer], target[layer]) / target[layer].square().mean()
        for layer, weight in SEEN.items()
    ]
    return torch.stack(parts).sum()


def train(options: argparse.Namespace) -> tuple[MotifDecoder, Encoder]:
    """The decoder, and the encoder that is only needed here."""
    torch.manual_seed(options.seed)
    source = torch.Generator().manual_seed(options.seed)
    pictures = drawn(options.pictures, options.seed, 0)
    model, painter, encoder = load("bundled"), MotifDecoder(), Encoder()
    optimizer = torch.optim.AdamW([*painter.parameters(), *encoder.parameters()], lr=options.rate, weight_decay=0.01)
    began, stream = time.monotonic(), batches(pictures, options.batch, source)
    for step in range(options.steps):
        share = max(step / options.steps, (time.monotonic() - began) / (60 * options.minutes))
        if share >= 1:
            break
        optimizer.param_groups[0]["lr"] = options.rate * min(1.0, (step + 1) / 50, 3 * (1 - share) + 0.01)
        batch = next(stream)
        mean, spread = encoder(batch)
        made = painter(mean + torch.randn(mean.shape, generator=source) * (spread / 2).exp())
        divergence = (mean.square() + spread.exp() - spread - 1).sum(1).mean() / 2
        part = options.batch // 4  # what the network sees costs more than all else
        seen, colours = perceptual(model, made[:part], batch[:part]), (made - batch).abs().mean()
        loss = 4 * colours + seen + options.divergence * divergence
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_([*painter.parameters(), *encoder.parameters()], 1.0)
        optimizer.step()
        if step % 50 == 0:
            passed = (time.monotonic() - began) / 60
            print(
                f"{step:5d}  {passed:5.1f} min  colours {float(colours.detach()):.4f}  seen {float(seen.detach()):.3f}"
                f"  divergence {float(divergence.detach()):.1f}",
                flush=True,
            )
    return painter.eval(), encoder.eval()


@torch.no_grad()
def measured(painter: MotifDecoder, encoder: Encoder, seed: int) -> dict[str, float]:
    """Mean absolute error of fresh motifs, and how often the bundled network names motif and copy alike."""
    model, fresh = load("bundled"), drawn(FRESH, seed, 1).float() / 255
    made = painter(encoder(fresh)[0])
    names = [probe(model, enlarged(item), ["logits"])["logits"].flatten(1).argmax(1) for item in (fresh, made)]
    return {
        "error": float((made - fresh).abs().mean()),
        "named_alike": float((names[0] == names[1]).float().mean()),
        "true_class": float((names[1] == torch.arange(FRESH) % len(motifs.CLASSES)).float().mean()),
    }


@torch.no_grad()
def sheet(painter: MotifDecoder, encoder: Encoder, seed: int, path: Path) -> None:
    """Rows: fresh motifs, what came back, random latents."""
    fresh = drawn(min(24, FRESH), seed, 1).float() / 255
    chance = torch.randn(len(fresh), LATENT, generator=torch.Generator().manual_seed(seed))
    rows = fresh, painter(encoder(fresh)[0]), painter(chance)
    whole = torch.cat([torch.cat(list(row), 2) for row in rows], 1)
    Image.fromarray((whole * 255).round().byte().permute(1, 2, 0).numpy()).save(path)


def main(argv: Sequence[str] | None = None) -> None:
    """Trains, measures, writes."""
    options = arguments(argv)
    torch.set_num_threads(options.threads)
    painter, encoder = train(options)
    state = {name: value.half() if value.is_floating_point() else value for name, value in painter.state_dict().items()}
    options.out.parent.mkdir(parents=True, exist_ok=True)
    save_file(state, options.out, {"command": "python training/generator.py"})
    print(f"{options.out}: {options.out.stat().st_size / 1e6:.2f} MB", measured(painter, encoder, options.seed))
    if options.sheet:
        sheet(painter, encoder, options.seed, options.sheet)


if __name__ == "__main__":
    main()
