"""The second network: another architecture and seed, to ask whether the first one's pictures mean anything to others.

``python training/train_second.py`` trains it into ``training/cache/second/``; it does not ship.
"""

from __future__ import annotations

from pathlib import Path

from torch import Tensor, nn

RESIDUAL_LAYERS: tuple[str, ...] = ("stem", "stage1", "stage2", "stage3")
CACHE = Path(__file__).resolve().parent / "cache" / "second"
WEIGHTS = CACHE / "second.safetensors"
COMMAND = [
    *("--architecture", "residual", "--activation", "relu", "--seed", "2", "--size", "96", "--coarse", "64"),
    *("--pictures", "8000", "--epochs", "9", "--epoch-pictures", "6400", "--held-out", "640", "--radius", "0.5"),
    *("--cache", str(CACHE), "--out", str(WEIGHTS)),
]


class Block(nn.Module):
    """Two 3x3 convolutions beside a shortcut: [N, in, H, W] to [N, out, H / stride, W / stride]."""

    def __init__(self, inputs: int, outputs: int, stride: int, activation: type[nn.Module]) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False),
            nn.BatchNorm2d(outputs),
            activation(),
            nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False),
            nn.BatchNorm2d(outputs),
        )
        self.shortcut = (
            nn.Identity()
            if inputs == outputs and stride == 1
            else nn.Sequential(
                nn.AvgPool2d(stride), nn.Conv2d(inputs, outputs, 1, bias=False), nn.BatchNorm2d(outputs)
            )
        )
        self.last = activation()

    def forward(self, x: Tensor) -> Tensor:
        """The sum, rectified."""
        out: Tensor = self.last(self.body(x) + self.shortcut(x))
        return out


class ResidualNet(nn.Module):
    """A small residual classifier: [N, 3, H, W], normalised as for MotifNet, to logits [N, classes]."""

    def __init__(self, classes: int, activation: str = "relu") -> None:
        super().__init__()
        kind = {"relu": nn.ReLU, "silu": nn.SiLU}[activation]
        self.stem = nn.Sequential(
            nn.Conv2d(3, 32, 5, 2, 2, bias=False), nn.BatchNorm2d(32), kind(), nn.MaxPool2d(3, 2, 1)
        )
        self.stage1 = nn.Sequential(Block(32, 32, 1, kind), Block(32, 32, 1, kind))
        self.stage2 = nn.Sequential(Block(32, 64, 2, kind), Block(64, 64, 1, kind))
        self.stage3 = nn.Sequential(Block(64, 160, 2, kind), Block(160, 160, 1, kind))
        self.logits = nn.Linear(160, classes)
        nn.init.normal_(self.logits.weight, std=0.01)

    def forward(self, x: Tensor) -> Tensor:
        """Logits of a normalised batch."""
        x = self.stage3(self.stage2(self.stage1(self.stem(x))))
        logits: Tensor = self.logits(x.mean(dim=(2, 3)))
        return logits
