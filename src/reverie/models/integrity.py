"""That weights which come with the package, or by pip, are those that were measured."""

from hashlib import sha256
from pathlib import Path

import torch
from torch import nn

from reverie.errors import WeightsUnavailable


def check_whole(path: Path, owner: str) -> None:
    """That the weights are those whose SHA-256 stands beside them and in their card.

    Args:
        path: the weights.
        owner: whose they are, as the message says it.

    Raises:
        WeightsUnavailable: they are not, or cannot be read.
    """
    what, remedy = f"the {owner}'s weights {path.name}", "install reverie anew"
    try:
        expected = path.with_suffix(".sha256").read_text(encoding="ascii").split()[0]
    except (OSError, UnicodeDecodeError, IndexError) as error:
        raise WeightsUnavailable(f"{what} cannot be checked ({error}); {remedy}") from None
    check_digest(path, expected, what, remedy)


def check_digest(path: Path, expected: str, what: str, remedy: str) -> None:
    """That a file has this SHA-256.

    Raises:
        WeightsUnavailable: it has not, or cannot be read.
    """
    try:
        found = sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise WeightsUnavailable(f"{what} cannot be checked ({error}); {remedy}") from None
    if found != expected:
        raise WeightsUnavailable(
            f"{what} are damaged: their SHA-256 begins with {found[:12]}, not with {expected[:12]}; {remedy}"
        )


def weights_digest(module: nn.Module) -> str:
    """SHA-256 of all weights by name, the same for every file format of the same numbers."""
    total = sha256()
    for name, tensor in sorted(module.state_dict().items()):
        total.update(name.encode())
        total.update(tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().tobytes())
    return total.hexdigest()
