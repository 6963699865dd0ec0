"""MotifDecoder: the small generator that ships with the package; it paints the motifs from a latent."""

from itertools import pairwise

from torch import Tensor, nn

LATENT = 96
WIDTHS = (128, 80, 56, 40)  # features at 4, 8, 16 and 32 pixels


class MotifDecoder(nn.Module):
    """Latents [N,96], standard normal, to pictures [N,3,32,32] in [0,1]."""

    latent = LATENT

    def __init__(self) -> None:
        super().__init__()
        self.start = nn.Linear(LATENT, WIDTHS[0] * 16)
        blocks: list[nn.Module] = []
        for inputs, outputs in pairwise(WIDTHS):
            blocks += [
                nn.Conv2d(inputs, 4 * outputs, 3, padding=1, bias=False),
                nn.PixelShuffle(2),
                nn.BatchNorm2d(outputs),
                nn.SiLU(),
            ]
        self.blocks = nn.Sequential(*blocks)
        self.colours = nn.Conv2d(WIDTHS[-1], 3, 3, padding=1)

    def forward(self, latents: Tensor) -> Tensor:
        """The pictures."""
        pictures: Tensor = self.colours(self.blocks(self.start(latents).view(-1, WIDTHS[0], 4, 4)))
        return pictures.sigmoid()
