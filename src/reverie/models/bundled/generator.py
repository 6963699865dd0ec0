"""MotifGenerator: a small decoder that paints motifs from latents, so that a picture can be made of them."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

from safetensors.torch import load_file
from torch import Tensor, nn

from reverie.models.integrity import check_whole

WEIGHTS = Path(__file__).parent / "generator.safetensors"

LATENT = 128
WIDTHS: tuple[int, ...] = (256, 160, 80, 40)
"""Features at 4, 8, 16 and 32 pixels."""


class MotifGenerator(nn.Module):
    """Latents [N,128], about standard normal, to pictures [N,3,64,64] in [0,1]."""

    latent = LATENT

    def __init__(self) -> None:
        super().__init__()
        self.start = nn.Linear(LATENT, WIDTHS[0] * 16)
        parts: list[nn.Module] = [nn.BatchNorm2d(WIDTHS[0]), nn.SiLU()]
        for inputs, outputs in pairwise(WIDTHS):
            parts += [nn.Upsample(scale_factor=2, mode="bilinear")]
            parts += [nn.Conv2d(inputs, outputs, 3, padding=1, bias=False), nn.BatchNorm2d(outputs), nn.SiLU()]
        # the last step up is a shuffle: most of the cost of a decoder lies in its largest maps
        last = nn.Conv2d(WIDTHS[-1], 48, 3, padding=1)
        parts += [last, nn.PixelShuffle(2), nn.SiLU(), nn.Conv2d(12, 3, 3, padding=1)]
        self.parts = nn.Sequential(*parts)

    def forward(self, latents: Tensor) -> Tensor:
        """Latents to pictures [N,3,64,64] in [0,1]."""
        painted: Tensor = self.parts(self.start(latents).view(-1, WIDTHS[0], 4, 4))
        return painted.float().sigmoid()


def bundled_generator() -> MotifGenerator:
    """The one that comes with the package, in evaluation mode.

    Raises:
        WeightsUnavailable: its weights are missing or damaged.
    """
    check_whole(WEIGHTS, "bundled generator")
    made = MotifGenerator()
    made.load_state_dict({name: value.float() for name, value in load_file(WEIGHTS).items()}, strict=False)
    return made.eval()
