"""Consent: a record is a stranger's data, and nothing that it names is opened, imported or fetched before this gate."""

import math
from collections.abc import Callable, Mapping
from typing import Any

from reverie.errors import RecordRefused
from reverie.models.names import OWN
from reverie.models.zoos import at_hand, is_timm_name, torchvision_names
from reverie.parameterizations.parameterization import MADE_OF
from reverie.recipes.origins import NAMED_STARTS
from reverie.settings.fields import in_file
from reverie.settings.setting import Settings, settings_of

LARGEST_NUMBER = 2**63
LONGEST_TEXT = 100_000  # characters of one text; a joint unit names thousands of channels
MOST_INTERVENTIONS = 10_000
LARGEST_SIDE = 8192  # of the native size that a record gives a network
Form = Callable[[Any], bool]


def plain(value: Any) -> bool:
    """Whether a value is a number, a text, none, or a flat list of them, each of sane size."""
    return _scalar(value) or (isinstance(value, list) and all(map(_scalar, value)))


def _scalar(value: Any) -> bool:
    if isinstance(value, str):
        return len(value) <= LONGEST_TEXT
    return value is None or (isinstance(value, int | float) and math.isfinite(value) and abs(value) < LARGEST_NUMBER)


def _table(*keys: str) -> Form:
    """A table that has these keys, the first one a text; whoever opens what it names asks for its hash."""
    return lambda value: isinstance(value, dict) and set(keys) <= set(value) and isinstance(value[keys[0]], str)


def _either(*forms: Form) -> Form:
    return lambda value: any(form(value) for form in forms)


def _each(form: Form) -> Form:
    return lambda value: isinstance(value, list) and all(map(form, value))


def _of(*allowed: Any) -> Form:
    return lambda value: isinstance(value, str | None) and value in allowed


def _preset(value: Any) -> bool:
    base = value.get("base", "default") if isinstance(value, dict) else value
    return isinstance(base, str) and not in_file(base)


def _objective(value: Any) -> bool:
    return isinstance(value, dict) and set(value) in ({"terms"}, {"unstored", "because"})


def _part(value: Any) -> bool:
    return isinstance(value, dict) and set(value) in ({"part", "arguments"}, {"unstored", "because"})


def _concept(value: Any) -> bool:
    return isinstance(value, dict) and isinstance(value.get("vector"), list)


def _other(value: Any) -> bool:
    return isinstance(value, dict) and isinstance(value.get("network"), dict) and isinstance(value.get("wish"), str)


PICTURE = _table("photo", "sha256")
NOTHING = _of(None)
FORMS: Mapping[str, Form] = {  # of all arguments that could lead to a file, to code or to the network; others are plain
    "photo": _either(PICTURE, NOTHING),
    "guide": _either(PICTURE, NOTHING),
    "start": _either(PICTURE, _of(None, "photo", *NAMED_STARTS)),
    "photos": _each(PICTURE),
    "styles": _either(PICTURE, _each(PICTURE)),
    "region": _each(_either(PICTURE, NOTHING)),
    "style_region": _each(_either(PICTURE, NOTHING)),
    "mask": _either(_table("mask", "sha256"), NOTHING),
    "dictionary": _either(_table("file", "sha256"), NOTHING),
    "spectrum": _either(lambda value: isinstance(value, dict) and "spectrum" in value, NOTHING),
    "concept": _either(_concept, lambda value: value == []),
    "against": lambda value: value == [],
    "preset": _preset,
    "parameterization": _either(
        NOTHING, lambda value: isinstance(value, str) and value in MADE_OF, _table("decoder"), _part
    ),
    "also": _each(_other),
    **dict.fromkeys(("layers", "through", "unit", "units"), _either(plain, _each(_either(_scalar, _objective)))),
}


READ: Mapping[str, Form] = {  # of a plugin's settings, by what they say that they read
    "photo": _either(PICTURE, _each(PICTURE), NOTHING),
    "mask": FORMS["mask"],
    "preset": _preset,
}


def _form(name: str, cls: type[Settings] | None) -> Form:
    """The form that an argument must have; what a plugin's settings read otherwise is never repeated."""
    if name in FORMS:
        return FORMS[name]
    reads = next((item.more.get("reads") for item in settings_of(cls) if item.name == name), None) if cls else None
    return plain if reads is None else READ.get(reads, NOTHING)


def check_arguments(arguments: Mapping[str, Any], cls: type[Settings] | None = None) -> None:
    """That what a record's arguments name can only be what this program wrote: a name with a hash, a table of numbers.

    Args:
        cls: the settings that the arguments are of.

    Raises:
        RecordRefused: a path, a module's name, or values of another form.
    """
    for name, value in arguments.items():
        if not _form(name, cls)(value):
            raise RecordRefused(
                f"the record's '{name}' is not what reverie writes ({_cut(value)}): what a record says is opened or "
                "run only as a name with its hash; render the picture anew"
            )


def _cut(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def check_network(source: Mapping[str, Any], remedy: str) -> None:
    """That loading what a record names runs no code, opens no file and fetches nothing of a stranger's choice.

    Args:
        source: the record's description of the network, whose word on whether it is code does not count.
        remedy: the options by which the user names the network.

    Raises:
        RecordRefused: it would.
    """
    name, weights = source.get("name"), source.get("weights")
    known = isinstance(name, str) and (name in OWN or name in torchvision_names() or is_timm_name(name))
    if not known or weights not in (None, "default"):
        what = name if weights in (None, "default") else f"{name} with {str(weights).removeprefix('file:')}"
        raise RecordRefused(
            f"the record names code or weights of its own ({what}); "
            f"name the network yourself with {remedy}, or say --trust"
        )
    if weights == "default" and name not in OWN and not at_hand(str(name)):
        raise RecordRefused(
            f"the record names {name}, whose weights would have to be fetched; "
            f"name the network yourself with {remedy.partition(' ')[0]} {name}, or say --trust"
        )


def check_description(source: Mapping[str, Any]) -> None:
    """That a record's settings of its network are those of one.

    Raises:
        RecordRefused: they are not.
    """
    size = source.get("size")
    sound = all(plain(source.get(key)) for key in ("mean", "std", "precision", "pooling", "classes", "weights"))
    if size is not None and not (isinstance(size, list) and len(size) == 2 and all(map(_side, size))):
        sound = False
    if not sound or not _interventions(source.get("interventions", [])):
        raise RecordRefused("the record's description of its network is damaged; render the picture anew")


def _interventions(value: Any) -> bool:
    """Whether a value is a list of units and what becomes of each."""
    pairs = value if isinstance(value, list) and len(value) <= MOST_INTERVENTIONS else [None]
    return all(isinstance(pair, list) and len(pair) == 2 and all(isinstance(x, str) for x in pair) for pair in pairs)


def _side(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= LARGEST_SIDE
