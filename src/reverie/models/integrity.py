"""That weights which come with the package, or by pip, are those that were measured."""

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
