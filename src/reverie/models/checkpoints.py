"""Files of weights as users have them: read safely, taken out of what training scripts wrap round them, and fitted."""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from reverie.errors import WeightsUnavailable

CONTAINERS = ("state_dict", "model_state_dict", "model", "net", "network", "module", "weights", "params", "ema",
              "state_dict_ema", "model_ema", "ema_state_dict", "params_ema")  # fmt: skip
DEEPEST = 4  # containers within containers
_ESCAPES = re.compile(r"\x1b\[[0-9;]*m")


def read_weights(path: Path) -> Mapping[str, Tensor]:
    """Named tensors of a safetensors file or of a saved state dict; nothing is unpickled but tensors.

    Raises:
        WeightsUnavailable: no such file, or not of these kinds.
    """
    if not path.is_file():
        raise WeightsUnavailable(f"there is no weights file {path}; name a safetensors file or a saved state dict")
    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        raise WeightsUnavailable(
            f"{path} holds no weights that can be read safely ({_reason(error)}); save model.state_dict(), "
            "or use safetensors"
        ) from None
    found = _state(state)
    if not found:
        raise WeightsUnavailable(f"{path} holds no state dict; save model.state_dict(), not the model")
    return found


def _reason(error: Exception) -> str:
    """Why a file cannot be read, in few words."""
    text = _ESCAPES.sub("", " ".join(str(error).split()))
    code = re.search(r"GLOBAL ([A-Za-z_][\w.]*)", text) or re.search(
        r"Unsupported (?:class|operand) ([A-Za-z_][\w.]*)", text
    )
    if code:
        return f"it holds Python objects, of {code.group(1)}, which would run code"
    if "TorchScript" in text:
        return "it is a TorchScript archive"
    if "Weights only load failed" in text or "unpickl" in text.lower() or "pickle" in text.lower():
        return "it is damaged, or holds other things than tensors"
    return (text or type(error).__name__)[:120]


def _state(found: Any, depth: int = 0) -> Mapping[str, Tensor]:
    """The named tensors of a checkpoint, from whatever a training script has wrapped round them."""
    if not isinstance(found, Mapping) or depth > DEEPEST:
        return {}
    direct = {str(key): value for key, value in found.items() if isinstance(value, Tensor)}
    inner = [_state(found[key], depth + 1) for key in CONTAINERS if key in found]
    wrapped = next((each for each in inner if each), {})
    return wrapped if len(wrapped) > len(direct) else direct


def load_weights(module: nn.Module, path: Path) -> None:
    """Puts a file's weights into a module.

    Raises:
        WeightsUnavailable: the file is none, or does not fit.
    """
    fit(module, read_weights(path), path)


def stripped(own: Iterable[str], state: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
    """Weights without a prefix that all names of a network have in the file, such as `module.` or `backbone.`."""
    names = [name for name in own if not name.endswith("num_batches_tracked")]
    state = {name.replace("_orig_mod.", ""): value for name, value in state.items()}
    if not names or all(name in state for name in names[:8]):
        return state
    starts = {key.removesuffix(name) for name in names[:8] for key in state if key.endswith(f".{name}")}
    most = max(starts, key=lambda start: sum(start + name in state for name in names), default="")
    found = {key.removeprefix(most): value for key, value in state.items() if key.startswith(most)}
    # what stands beside the network, such as a loss, is left out only where nothing of the network is wanting
    return found if all(name in found for name in names) or len(found) == len(state) else state


def classes_in(module: nn.Module, state: Mapping[str, Tensor]) -> int | None:
    """How many classes weights are for, where they differ from a network's in nothing but that; else None."""
    own = module.state_dict()
    pairs = [(own[key], value) for key, value in stripped(own, state).items() if key in own]
    other = [(mine, value) for mine, value in pairs if mine.shape != value.shape]
    same = all(mine.shape[1:] == value.shape[1:] and mine.ndim == value.ndim > 0 for mine, value in other)
    counts = {(int(mine.shape[0]), int(value.shape[0])) for mine, value in other if mine.ndim and value.ndim}
    return counts.pop()[1] if same and len(counts) == 1 else None


def fit(module: nn.Module, state: Mapping[str, Tensor], what: str | Path, *, without: str = "") -> None:
    """Puts named tensors into a module.

    Args:
        what: the file.
        without: beginning of names that are left out.

    Raises:
        WeightsUnavailable: they do not fit.
    """
    own = module.state_dict()
    state = stripped(own, state)
    state = {key: value for key, value in state.items() if not (without and key.lower().startswith(without))}
    missing = [key for key in own if key not in state and not key.endswith("num_batches_tracked")]
    extra = [key for key in state if key not in own]
    shapes = [key for key in own if key in state and own[key].shape != state[key].shape]
    if missing or extra or shapes:
        faults = ", ".join(
            f"{kind} '{keys[0]}'" + (f" and {len(keys) - 1} more" if len(keys) > 1 else "")
            for kind, keys in (("it lacks", missing), ("it has the unknown", extra), ("another shape in", shapes))
            if keys
        )
        raise WeightsUnavailable(
            f"the weights {Path(what).name} do not fit {type(module).__name__}: {faults}; "
            "name the file that belongs to it"
        )
    module.load_state_dict(dict(state), strict=False)


def weights_source(weights: str | None) -> str | None:
    """What a record says of weights: `default`, a file by its name alone, or None for random ones."""
    return weights if weights in (None, "default") else "file:" + Path(weights).name
