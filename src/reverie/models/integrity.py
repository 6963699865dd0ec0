"""That the weights which come with the package are those that were measured."""

from hashlib import sha256
from pathlib import Path

from reverie.errors import WeightsUnavailable


def check_whole(path: Path, owner: str) -> None:
    """That the weights are those whose SHA-256 stands beside them and in their card.

    Args:
        path: the weights.
        owner: whose they are, as the message says it.

    Raises:
        WeightsUnavailable: they are not, or cannot be read.
    """
    try:
        expected = path.with_suffix(".sha256").read_text(encoding="ascii").split()[0]
        found = sha256(path.read_bytes()).hexdigest()
    except (OSError, UnicodeDecodeError, IndexError) as error:
        raise WeightsUnavailable(
            f"the {owner}'s weights {path.name} cannot be checked ({error}); install reverie anew"
        ) from None
    if found != expected:
        raise WeightsUnavailable(
            f"the {owner}'s weights {path.name} are damaged: their SHA-256 begins with {found[:12]}, "
            f"not with {expected[:12]}; install reverie anew"
        )
