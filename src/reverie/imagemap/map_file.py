"""The map's file, which may be a stranger's: read, and checked in every number."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError, safe_open

from reverie.dataset.layout import grid_shape
from reverie.dataset.projection import FEWEST, Basis
from reverie.errors import RecordRefused
from reverie.imagemap.image_map import ENDING, FORMAT, KEY, ImageMap
from reverie.imagemap.sprites import Sprites, thumbnail_side
from reverie.paths import path_named
from reverie.record import Record, parse_record
from reverie.settings.calling import names_checked
from reverie.settings.fields import LAYOUTS

LARGEST_FILE = 2_000_000_000  # bytes
MOST = 1_000_000  # photos


@names_checked
def read_map(path: Path) -> ImageMap:
    """A map from its file: nothing runs, and every number is checked.

    Args:
        path: the `.safetensors` file, or the picture or page beside it.

    Raises:
        RecordRefused: no such file, not a map, or a damaged one.
    """
    path = path_named(path)
    path = path.with_suffix(ENDING) if path.name else path
    if not path.is_file():
        raise RecordRefused(f"there is no map {path}; name the .safetensors file that lies beside a map's picture")
    if path.stat().st_size > LARGEST_FILE:
        raise RecordRefused(f"{path} is too large for a map")
    try:
        with safe_open(path, "numpy") as file:
            described = json.loads((file.metadata() or {}).get(KEY, "{}"))
            known = described.get("format") == FORMAT
            arrays = {name: file.get_tensor(name) for name in file.keys()} if known else {}  # noqa: SIM118
        made = _checked(described, arrays) if known else None
    except (
        RecordRefused,
        SafetensorError,
        OSError,
        LookupError,
        ValueError,
        TypeError,
        AttributeError,
        RecursionError,
    ):
        raise RecordRefused(f"{path} is not a map, or is damaged; make it anew with 'reverie map'") from None
    if made is None:
        raise RecordRefused(f"{path} is no map of this version of reverie; make it anew with 'reverie map'")
    return made


def _checked(described: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> ImageMap:
    """A map of what a file says.

    Raises:
        KeyError, ValueError, TypeError: something is missing, or of another kind, shape or range.
    """
    names, classes, original = described["names"], described["classes"], described["original"]
    side, *counts = described["sprites"]
    record, total, cells = parse_record(described["record"]), len(names), arrays["cells"]
    components, width = arrays["axes"].shape
    shapes = {"points": (total, 2), "mean": (width,), "axes": (components, width)}
    grid = grid_shape(total) if total else (0, 0)
    fine = (
        type(original) is int
        and 1 <= original <= total <= MOST
        and len(classes) == total
        and all(isinstance(item, str) for item in names)
        and all(item is None or isinstance(item, str) for item in classes)
        and all(_numbers(arrays[name], shape) for name, shape in shapes.items())
        and _numbers(arrays["vectors"], (total, width), np.float16)
        and cells.shape == (total,)
        and cells.dtype == np.int32
        and len(np.unique(cells)) == total
        and 0 <= cells.min() <= cells.max() < grid[0] * grid[1]
        and all(type(item) is int and item > 0 for item in (side, *counts))
        and side == thumbnail_side(total, min(side, 512))
        and sum(counts) == total
        and all(item <= Sprites(side).columns ** 2 for item in counts)
        and _settings_fine(record, original)
    )
    if not fine:
        raise ValueError
    files = tuple(arrays[f"sprites_{index}"].tobytes() for index in range(len(counts)))
    return ImageMap(
        tuple(names), tuple(classes), arrays["vectors"], arrays["points"], cells.astype(int),
        Sprites(side, files, tuple(counts)), Basis(arrays["mean"], arrays["axes"]), record, original,
    )  # fmt: skip


def _numbers(array: np.ndarray, shape: tuple[int, ...], kind: type = np.float32) -> bool:
    return array.shape == shape and array.dtype == kind and bool(np.isfinite(array).all()) and array.size > 0


def _settings_fine(record: Record, original: int) -> bool:
    given = record.arguments
    perplexity = given["perplexity"]
    return (
        isinstance(given["layer"], str)
        and given["method"] in LAYOUTS
        and (given["method"] == "tsne") == (perplexity is not None)
        and (perplexity is None or _perplexity_fine(perplexity, original))
        and type(given["seed"]) is int
        and given["seed"] >= 0
    )


def _perplexity_fine(perplexity: Any, original: int) -> bool:
    return isinstance(perplexity, float) and 1 <= perplexity <= (original - 1) / 3 and original >= FEWEST
