"""Small line plots, without a plotting library."""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

INKS = ("#c0392b", "#888888", "#2c7fb8")
FINE, MARGIN, LINE = 3, 4, 12  # drawn that much larger; pixels round a plot; height of its title


def curves(plots: Mapping[str, Mapping[str, Sequence[float]]], size: tuple[int, int]) -> Tensor:
    """Plots one above the other [3,H,W], each with its title and its lines over [0,1]; the first line in red."""
    height, width = size
    page = Image.new("RGB", (width * FINE, height * FINE), "white")
    pen, font = ImageDraw.Draw(page), ImageFont.load_default(LINE * FINE * 0.75)
    each = height / max(1, len(plots))
    low = min((min(line) for lines in plots.values() for line in lines.values()), default=0.0)
    high = max((max(line) for lines in plots.values() for line in lines.values()), default=1.0)
    for row, (title, lines) in enumerate(plots.items()):
        bottom = (row + 1) * each - MARGIN
        top = min(row * each + LINE + MARGIN, bottom)  # a tiny picture has no room for them
        pen.text((MARGIN * FINE, (row * each + 1) * FINE), title, fill="#333333", font=font)
        frame = [value * FINE for value in (MARGIN, top, width - MARGIN, bottom)]
        pen.rectangle(frame, outline="#bbbbbb", width=1)
        for (_, line), ink in reversed(list(zip(lines.items(), INKS, strict=False))):
            across = np.linspace(MARGIN, width - MARGIN, len(line))
            up = [
                bottom - (value - min(0.0, low)) / max(high - min(0.0, low), 1e-12) * (bottom - top) for value in line
            ]
            pen.line([(x * FINE, y * FINE) for x, y in zip(across, up, strict=True)], fill=ink, width=FINE + 1)
    small = page.resize((width, height), Image.Resampling.LANCZOS)
    return torch.from_numpy(np.asarray(small, dtype=np.float32) / 255).permute(2, 0, 1).contiguous()
