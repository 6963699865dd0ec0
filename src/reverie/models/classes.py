"""The names of a network's classes, such as `tiger cat, tabby`, of which the first is the one that people say."""

from collections.abc import Sequence

from reverie.errors import UnknownName, nearest


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
