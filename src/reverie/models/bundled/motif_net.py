"""MotifNet: a small Inception-like classifier whose layers are made to be looked at."""

from __future__ import annotations

import torch
from torch import Tensor, nn

ACTIVATIONS: dict[str, type[nn.Module]] = {"silu": nn.SiLU, "relu": nn.ReLU}


class ConvNorm(nn.Sequential):
    """Convolution, batch norm, activation: [N, in, H, W] to [N, out, H / stride, W / stride]."""

    def __init__(self, inputs: int, outputs: int, kernel: int, activation: str, stride: int = 1) -> None:
        super().__init__(
            nn.Conv2d(inputs, outputs, kernel, stride, padding=(kernel - stride + 1) // 2, bias=False),
            nn.BatchNorm2d(outputs),
            ACTIVATIONS[activation](),
        )


class Mixed(nn.Module):
    """Four concatenated branches: 1x1, 3x3, two 3x3 (sees 5x5) and pooled 1x1.

    ``widths`` are the output channels of the branches, in that order. With
    ``pooled`` the input is first averaged down by two: [N, in, H, W] becomes
    [N, sum(widths), H / 2, W / 2], else H and W stay.
    """

    def __init__(self, inputs: int, widths: tuple[int, int, int, int], activation: str, pooled: bool = False) -> None:
        super().__init__()
        single, triple, double, pool = widths
        narrow3, narrow5 = max(16, triple // 2), max(16, double // 2)
        self.downsample = nn.AvgPool2d(2) if pooled else nn.Identity()
        self.branch1 = ConvNorm(inputs, single, 1, activation)
        self.branch3 = nn.Sequential(ConvNorm(inputs, narrow3, 1, activation), ConvNorm(narrow3, triple, 3, activation))
        self.branch5 = nn.Sequential(
            ConvNorm(inputs, narrow5, 1, activation),
            ConvNorm(narrow5, double, 3, activation),
            ConvNorm(double, double, 3, activation),
        )
        # Pooling and a 1x1 convolution commute: pooling the few outputs is the cheaper order.
        self.branch_pool = nn.Sequential(
            nn.Conv2d(inputs, pool, 1, bias=False),
            nn.AvgPool2d(3, stride=1, padding=1, count_include_pad=False),
            nn.BatchNorm2d(pool),
            ACTIVATIONS[activation](),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Activations after the nonlinearity, branches side by side along the channels."""
        x = self.downsample(x)
        return torch.cat([self.branch1(x), self.branch3(x), self.branch5(x), self.branch_pool(x)], dim=1)


class MotifNet(nn.Module):
    """Classifier of motifs: [N, 3, H, W] to logits [N, classes].

    Input is RGB of 0..1 already normalised by mean .5 and deviation .25 per
    channel; made for 128 pixels, any size from 32 up works. Strides: ``stem``,
    ``mixed3*`` 4, ``mixed4*`` 8, ``mixed5*`` 16. Pooling is by averages, and the
    only strided kernel (6, stride 2) covers every pixel equally often, so that
    input gradients stay free of grids.
    """

    def __init__(self, classes: int, activation: str = "silu") -> None:
        super().__init__()
        self.stem = nn.Sequential(
            ConvNorm(3, 32, 6, activation, stride=2),
            nn.AvgPool2d(2),
            ConvNorm(32, 64, 3, activation),
        )
        self.mixed3a = Mixed(64, (24, 40, 16, 16), activation)
        self.mixed3b = Mixed(96, (32, 48, 16, 16), activation)
        self.mixed4a = Mixed(112, (48, 80, 32, 32), activation, pooled=True)
        self.mixed4b = Mixed(192, (48, 80, 48, 32), activation)
        self.mixed4c = Mixed(208, (64, 96, 48, 32), activation)
        self.mixed5a = Mixed(240, (96, 176, 80, 48), activation, pooled=True)
        self.mixed5b = Mixed(400, (112, 208, 80, 48), activation)
        self.logits = nn.Linear(448, classes)
        self._initialise()

    def _initialise(self) -> None:
        """He initialisation of the convolutions; a head that starts near uniform."""
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
        nn.init.normal_(self.logits.weight, std=0.01)
        nn.init.zeros_(self.logits.bias)

    def forward(self, x: Tensor) -> Tensor:
        """Logits of a normalised batch."""
        x = self.mixed3b(self.mixed3a(self.stem(x)))
        x = self.mixed4c(self.mixed4b(self.mixed4a(x)))
        x = self.mixed5b(self.mixed5a(x))
        logits: Tensor = self.logits(x.mean(dim=(2, 3)))
        return logits
