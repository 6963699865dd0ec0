"""Which of the tensors that a network returns are its logits."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from torch import Tensor
from torch.utils._pytree import tree_iter
from torch.utils.weak import WeakIdKeyDictionary

from reverie.errors import InvalidSetting, UnknownName, nearest
from reverie.models.operators import Watched

NAMES = ("logits", "out", "output", "outputs", "prediction", "predictions", "preds", "pred", "scores", "score", "cls",
         "probabilities", "probs")  # fmt: skip


def tensors(output: Any, path: str = "") -> dict[str, Tensor]:
    """All tensors of an output by their path in it, such as `out`, `heads.0`; one that is alone has an empty path."""
    if isinstance(output, Tensor):
        return {path: output}
    if isinstance(output, Mapping):
        parts = dict(output)
    elif hasattr(output, "_asdict"):
        parts = output._asdict()
    elif isinstance(output, list | tuple):
        parts = dict(enumerate(output))
    else:
        parts = getattr(output, "__dict__", {})
    found = [tensors(value, f"{path}.{name}" if path else str(name)) for name, value in parts.items()]
    return {name: value for each in found for name, value in each.items()}


@dataclass(frozen=True)
class Head:
    """Takes the logits [N,C], [N,C,H,W] or [N,T,C] out of what a network returns; a forward hook of its copy.

    Attributes:
        path: of the tensor; empty where it is the only one.
        lift: it has no channels, one number for each picture or position: they become a channel of their own.
    """

    path: str = ""
    lift: bool = False

    def __call__(self, *hooked: Any) -> Tensor:
        """The logits, from the module, its arguments and its output."""
        *_, output = hooked
        value = tensors(output)[self.path]
        return value.unsqueeze(1) if self.lift else value

    @property
    def idle(self) -> bool:
        """Whether the output is the logits already."""
        return not self.path and not self.lift


def head_of(
    network: str, output: Any, classes: int, key: str | None, depends: Callable[[str, str], bool]
) -> tuple[Head, str]:
    """Where the logits are, and a sentence where there was a choice.

    Args:
        network: its name.
        output: for one picture.
        classes: how many class names are known, or 0.
        key: the path or last name of the one that is wanted.
        depends: says whether the first tensor is computed from the second one.

    Raises:
        UnknownName: no such path.
        InvalidSetting: no tensor of numbers.
    """
    found = {path: value for path, value in tensors(output).items() if value.is_floating_point() and value.ndim > 0}
    if not found:
        raise InvalidSetting(f"{network} returns no tensor of real numbers but {type(output).__name__}; wrap it")
    path = _named(network, found, key) if key is not None else _chosen(found, classes, depends)
    if len(found) == 1 or key is not None:
        return Head(path), ""
    listed = ", ".join(f"{name} [{','.join(['N', *map(str, value.shape[1:])])}]" for name, value in found.items())
    return Head(path), (
        f"{network} returns {len(found)} tensors, {listed}: '{path}' is taken; another one is named with --output-key"
    )


def _named(network: str, found: Mapping[str, Tensor], key: str) -> str:
    hits = [path for path in found if path == key] or [path for path in found if path.rpartition(".")[2] == key]
    if len(hits) != 1:
        raise UnknownName(
            f"{network} returns no one tensor '{key}'; nearest: {nearest(key, found) if any(found) else 'none'}"
            + ("" if any(found) else ": what it returns is a tensor itself, so leave out --output-key")
        )
    return hits[0]


def _chosen(found: Mapping[str, Tensor], classes: int, depends: Callable[[str, str], bool]) -> str:
    """The output of as many channels as classes, then by name, then [N,C], then what others lead to, then the first."""
    names = {path: path.rpartition(".")[2].lower() for path in found}
    left = [path for path, value in found.items() if channels(value) == classes] or list(found)
    first = next((name for name in NAMES if name in [names[path] for path in left]), None)
    left = [path for path in left if names[path] == first] or left
    left = [path for path in left if found[path].ndim == 2] or left
    if len(left) > 1:
        left = [path for path in left if any(depends(path, other) for other in left if other != path)] or left
    return left[0]


def channels(value: Tensor) -> int:
    """How many channels a tensor [N], [N,C], [N,T,C] or [N,C,...] has."""
    return 1 if value.ndim == 1 else int(value.shape[2 if value.ndim == 3 else 1])


# operators that leave numbers as they are, or mix like with like, so that a probability stays one
# fmt: off
_PASSING = frozenset([
    "view", "_unsafe_view", "reshape", "permute", "transpose", "t", "slice", "select", "unsqueeze", "squeeze", "expand",
    "clone", "contiguous", "alias", "detach", "_to_copy", "cat", "stack", "mean", "clamp", "clamp_min", "clamp_max",
    "upsample_bilinear2d", "upsample_nearest2d", "upsample_bicubic2d", "avg_pool2d", "_adaptive_avg_pool2d",
    "lift_fresh", "flip", "native_dropout", "split", "unbind", "chunk", "index_select", "amax", "max",
])
# fmt: on


class Endings(Watched):
    """Follows one forward, and knows of each tensor the operator that made its numbers, and whether it was a map."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.names: Any = WeakIdKeyDictionary()
        self.maps: Any = WeakIdKeyDictionary()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Runs the operator, then notes what made its outputs."""
        del types
        output = func(*args, **(kwargs or {}))
        inputs = [item for item in tree_iter((args, kwargs)) if isinstance(item, Tensor)]
        name = func.overloadpacket.__name__.rstrip("_")
        before = {self.names.get(item, "") for item in inputs}
        if name in _PASSING:
            name = before.pop() if len(before) == 1 else ""
        elif name == "exp" and before == {"_log_softmax"}:
            name = "_softmax"
        for item in tree_iter(output):
            if isinstance(item, Tensor):
                self.names[item] = name
                self.maps[item] = item.ndim == 4 or (
                    item.ndim == 3 and any(self.maps.get(each, False) and each.shape[-2:] == item.shape[-2:]
                                           for each in inputs)
                )  # fmt: skip
        return output


def lifted(value: Tensor, ending: Endings) -> bool:
    """Whether an output has no channels: [N], or [N,H,W] that a map became; tokens [N,T,C] never were one."""
    return value.ndim == 1 or (value.ndim == 3 and bool(ending.maps.get(value, False)))
