"""The plots of a trace where matplotlib is not installed: the same lines, drawn by Pillow."""

from collections.abc import Mapping, Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from reverie.figures.trace_file import Trace, rise

INK, FAINT, LINES = "#333333", "#b9bec4", ("#d1495b", "#00798c", "#edae49", "#30638e", "#8f5aa8")
WIDTH, HEAD, ROW, LEFT, RIGHT, TITLE = 1000, 34, 300, 84, 60, 26  # pixels
Panels = list[tuple[slice, np.ndarray]]


def sketched(trace: Trace, title: str, wanted: Mapping[str, Sequence[int]]) -> tuple[np.ndarray, Panels]:
    """Pixels uint8 [H,W,3], and of each panel its rows and the column at which each step stands."""
    rows: list[tuple[str, np.ndarray, Sequence[int]]] = [("objective", trace.score[:, None], ())]
    rows += [(f"{layer}: {rise(values)}", values, wanted.get(layer, ())) for layer, values in trace.features.items()]
    page = Image.new("RGB", (WIDTH, HEAD + ROW * len(rows)), "white")
    pen, font = ImageDraw.Draw(page), ImageFont.load_default(14)
    pen.text((LEFT, 8), title, fill=INK, font=font)
    panels = []
    for number, (name, values, chosen) in enumerate(rows):
        top = HEAD + number * ROW
        pen.text((LEFT, top), name, fill=INK, font=font)
        box = (LEFT, top + TITLE, WIDTH - RIGHT, top + ROW - TITLE)
        panels.append((slice(box[1], box[3]), _drawn(pen, box, values, chosen)))
    return np.asarray(page), panels


def _drawn(
    pen: ImageDraw.ImageDraw, box: tuple[int, int, int, int], values: np.ndarray, wanted: Sequence[int]
) -> np.ndarray:
    """Draws the lines [S,C] of a panel, and gives the column of each step."""
    left, top, right, bottom = box
    low, high = float(values.min()), float(values.max())
    across = np.linspace(left + 4, right - 4, len(values))
    up = bottom - 4 - (values - low) / max(high - low, 1e-12) * (bottom - top - 8)
    pen.rectangle(box, outline=FAINT)
    font = ImageFont.load_default(12)
    for text, at in ((f"{high:.3g}", top), (f"{low:.3g}", bottom - 14)):
        pen.text((left - 8, at), text, fill=INK, font=font, anchor="ra")
    pen.text((right, bottom + 4), f"step {len(values)}", fill=INK, font=font, anchor="ra")
    moved = rise(values)
    best = [int(item) for item in moved.order[: len(LINES)] if moved.risen[item] and item not in wanted]
    colours = {} if values.shape[1] == 1 else dict(zip(best, LINES, strict=False))
    others = [item for item in range(values.shape[1]) if item not in {*colours, *wanted}]
    one = INK if values.shape[1] == 1 else FAINT
    for feature in [*others, *colours, *wanted]:
        colour = "black" if feature in wanted else colours.get(feature, one)
        line = list(zip(across.tolist(), up[:, feature].tolist(), strict=True))
        pen.line(line if len(line) > 1 else line * 2, fill=colour, width=1 if feature in others else 3)
        if feature in colours or feature in wanted:
            pen.text((right + 6, line[-1][1] - 7), str(feature), fill=colour, font=font)
    return across
