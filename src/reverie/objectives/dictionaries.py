"""Dictionaries: files of directions, such as the decoder of a sparse autoencoder."""

from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from reverie.arrays import stored_array
from reverie.errors import InvalidSetting
from reverie.paths import path_named

NAMES = ("directions", "decoder.weight", "W_dec", "dictionary")  # looked for in this order


def directions_in(path: str | Path, channels: int) -> Tensor:
    """The directions [K,C] of a file: safetensors or .npy, [K,C], [C,K] (as a linear layer keeps them) or [C].

    Of several tensors the one of a usual name is taken, else the only one that has the channels.

    Raises:
        InvalidSetting: no such file, or none of its tensors has the channels.
    """
    found = {name: value for name, value in _tensors(path_named(path)).items() if channels in value.shape[-2:]}
    fitting = {name: value for name, value in found.items() if value.ndim in (1, 2)}
    names = [name for name in NAMES if name in fitting] or list(fitting)
    if not names or (len(names) > 1 and names[0] not in NAMES):
        what = f"several tensors of {channels} channels ({', '.join(names)})" if names else f"none of {channels}"
        raise InvalidSetting(
            f"the dictionary {Path(path).name} holds {what}; save one tensor [rows, {channels}] named 'directions'"
        )
    rows = fitting[names[0]].float().reshape(-1, fitting[names[0]].shape[-1])
    return rows if rows.shape[1] == channels else rows.T.contiguous()


def write_directions(path: str | Path, directions: Tensor) -> Path:
    """Writes directions [K,C] or [C] as safetensors, to be named by `--dictionary`."""
    target = path_named(path)
    save_file({"directions": directions.detach().cpu().float().contiguous()}, target)
    return target


def _tensors(path: Path) -> dict[str, Tensor]:
    try:
        if path.suffix == ".npy":
            return {"directions": torch.from_numpy(stored_array(path).copy())}
        with safe_open(path, "pt") as file:
            return {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError, ValueError, TypeError) as error:
        raise InvalidSetting(
            f"the dictionary {path} cannot be read ({error}); name a safetensors or .npy file of directions"
        ) from None
