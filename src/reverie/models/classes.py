"""The names of a network's classes, such as `tiger cat, tabby`, of which the first is the one that people say."""

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path

from reverie.errors import InvalidSetting, UnknownName, nearest
from reverie.paths import path_named


def first_name(text: str) -> str:
    """The first of a class's names."""
    return text.split(",")[0].strip()


def numbers_named(classes: Sequence[str], name: str) -> list[int]:
    """The classes whose first name this is, in upper or lower case."""
    return [number for number, each in enumerate(classes) if first_name(each).lower() == name.strip().lower()]


def class_number(classes: Sequence[str], name: str, layer: str, network: str) -> int:
    """The number of the class of a name.

    Args:
        layer, network: whose channels they are, as the message says it.

    Raises:
        UnknownName: there is none, or there are several.
    """
    hits = numbers_named(classes, name)
    if len(hits) == 1:
        return hits[0]
    if hits:
        listed = ", ".join(f"'{layer}:{index}' ({classes[index]})" for index in hits)
        raise UnknownName(f"{network} has {len(hits)} classes named '{name}': {listed}; name one by its number")
    firsts = [first_name(each) for each in classes]
    containing = [item for item in firsts if name.lower() in item.lower()]
    close = ", ".join(f"'{item}'" for item in containing[:5]) or nearest(name, firsts)
    raise UnknownName(f"{network} has no class '{name}'; nearest: {close}")


@contextlib.contextmanager
def no_layer(text: str, network: str) -> Iterator[None]:
    """Says beside what is wrong with a text as a class that it is no layer either."""
    try:
        yield
    except UnknownName as error:
        raise UnknownName(f"'{text}' is no layer of {network}, and {error}") from None


def names_in(path: str | Path) -> list[str]:
    """The class names of a text file, one a line.

    Raises:
        UnknownName: a file that cannot be read.
    """
    try:
        return [line.strip() for line in path_named(path).read_text(encoding="utf-8").splitlines() if line.strip()]
    except (OSError, UnicodeDecodeError) as error:
        raise UnknownName(
            f"the class names {path} cannot be read ({error}); give a text file, one name a line"
        ) from None


def check_count(network: str, outputs: int, classes: Sequence[str]) -> None:
    """That there is a class name for each output.

    Raises:
        InvalidSetting: there are more or fewer.
    """
    if len(classes) != outputs:
        raise InvalidSetting(
            f"{network} has {outputs} output{'s' * (outputs != 1)}, but {len(classes)} class "
            f"name{'s' * (len(classes) != 1)} {'are' if len(classes) != 1 else 'is'} given; "
            "give one for each output, in their order"
        )
