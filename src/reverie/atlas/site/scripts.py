"""Scripts: data as files that a page can load from a disk too, where it may fetch nothing."""

import json
import math
from pathlib import Path
from typing import Any

ESCAPED = {
    ord("<"): "\\u003c", ord(">"): "\\u003e", ord("&"): "\\u0026", ord("'"): "\\u0027", ord("\\"): "\\\\",
    0x2028: "\\u2028", 0x2029: "\\u2029",
}  # fmt: skip


def quoted(data: Any) -> str:
    """JSON as a string of JavaScript, which a page parses: no text of a stranger's can end a script or be one."""
    text = json.dumps(data, allow_nan=False, ensure_ascii=False, separators=(",", ":"))
    return f"'{text.translate(ESCAPED)}'"


def write_script(folder: Path, name: str, data: Any) -> None:
    """A file `NAME.js` that hands its data to the page, under its name."""
    path = folder / f"{name}.js"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"atlas.put({quoted(name)},{quoted(data)});\n", encoding="utf-8", errors="replace")


def short(value: float | None, digits: int = 4) -> float | int | None:
    """A number of so many digits; None where it is none."""
    if value is None or not math.isfinite(value):
        return None
    rounded = float(f"{value:.{digits}g}")
    return int(rounded) if rounded.is_integer() and abs(rounded) < 2**53 else rounded
