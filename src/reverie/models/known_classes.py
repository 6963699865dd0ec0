"""Class names that are known before a network is loaded: neither it nor torch is needed to refuse a misspelt one."""

import ast
import importlib.util
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from reverie.errors import UnknownName, nearest
from reverie.expression import readings
from reverie.models.classes import class_number, no_layer, numbers_named
from reverie.models.names import BLOCKS, BUNDLED, OWN

IMAGENET = "_IMAGENET_CATEGORIES"  # as torchvision's source calls them


def known_classes(network: Any, weights: str | None = "default") -> Sequence[str]:
    """The class names of a network that comes with reverie or torchvision; of weights from a file none."""
    if weights not in ("default", "none", None) or not isinstance(network, str):
        return ()
    if network == "bundled":
        return _bundled_classes()
    return imagenet_classes() if network in OWN or network in _classifiers() else ()


def check_network(name: str) -> None:
    """That a name without a colon is that of a network.

    Raises:
        UnknownName: it is not, as far as torchvision's source tells.
    """
    if ":" in name or name in OWN:
        return
    classifiers = _classifiers()
    if classifiers and name not in classifiers:
        raise unknown_network(name, [*OWN, *sorted(classifiers)])


def unknown_network(name: str, known: Sequence[str]) -> UnknownName:
    """What a name that is none of these is answered with."""
    return UnknownName(
        f"there is no network '{name[:60]}'; nearest: {nearest(name, known)}; "
        "list them with 'reverie models', take timm's as timm:NAME, or name your own as path/to/file.py:factory"
    )


def imagenet_classes() -> tuple[str, ...]:
    """ImageNet's 1,000 classes, from torchvision's source, for its import takes seconds; none where it lacks them."""
    try:
        for node in [node for text in _sources("_meta.py") for node in ast.parse(text).body]:
            if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == IMAGENET:
                return tuple(ast.literal_eval(node.value))
    except (SyntaxError, TypeError, ValueError):
        pass
    return ()


def check_classes(network: str, classes: Sequence[str], text: str, *, alone: bool = False) -> None:
    """That a text of units, UNIT=WEIGHT or a sum names no class of a network but one of these.

    Args:
        alone: a text that is no layer is a class.

    Raises:
        UnknownName: it does.
    """
    if alone and ":" not in text:
        if not text.isdigit() and not _may_be_layer(network, text):
            with no_layer(text, network):
                class_number(classes, text.strip(), "logits", network)
        return
    named = [
        [(unit.layer, name) for unit in units for name in unit.channels if isinstance(name, str)]
        for units in readings(text)
    ]
    if not any(all(len(numbers_named(classes, name)) == 1 for _, name in each) for each in named):
        for layer, name in named[-1]:
            if layer == "logits":  # of another layer the network says whether its channels are the classes
                class_number(classes, name, layer, network)


def _may_be_layer(network: str, text: str) -> bool:
    first = re.split("[.~@]", text)[0]
    return first in (*BLOCKS[network], "logits") if network in BLOCKS else first.isidentifier()


def _classifiers() -> set[str]:
    """Torchvision's networks whose usual weights know ImageNet's classes, from its source."""
    return {
        name
        for text in _sources("*.py")
        if IMAGENET in text
        for name in re.findall(r"@register_model\(\)\n(?:(?!def ).*\n)*def (\w+)\(", text)
    }


def _sources(pattern: str) -> list[str]:
    """The texts of torchvision's modules of classifiers."""
    found = importlib.util.find_spec("torchvision")
    folders = [Path(folder, "models") for folder in (found and found.submodule_search_locations) or ()]
    return [path.read_text(encoding="utf-8") for folder in folders for path in sorted(folder.glob(pattern))]


def _bundled_classes() -> Sequence[str]:
    """What the head of the file of weights names; none where it cannot be read, as loading it will say."""
    try:
        with BUNDLED.open("rb") as file:
            head = json.loads(file.read(int.from_bytes(file.read(8), "little")))
        return tuple(json.loads(head["__metadata__"]["classes"]))
    except (OSError, ValueError, LookupError, TypeError):
        return ()
