"""Writes settings/shorthand.py, by which mypy and editors know the names that the public functions take."""

from pathlib import Path
from typing import Annotated, Any, get_args, get_origin

from reverie.settings import recipes
from reverie.settings.setting import Setting, Settings, parts_of, settings_of
from reverie.settings.wording import alternatives

PLACE = Path(__file__).parents[2] / "src" / "reverie" / "settings" / "shorthand.py"
HEAD = '''"""How recipes are called, for type checkers: written by tests/settings/write_shorthand.py, not by hand."""

from collections.abc import Sequence
from typing import Any, Protocol, TypedDict, TypeVar, Unpack

T_co = TypeVar("T_co", covariant=True)
'''


def kind_of(kind: Any) -> str:
    """A type without bounds and help, as source text; of many values any sequence is taken."""
    if get_origin(kind) is Annotated:
        return kind_of(get_args(kind)[0])
    if get_origin(kind) is tuple:
        return f"Sequence[{kind_of(get_args(kind)[0])}]"
    if kind is type(None) or kind is None:
        return "None"
    several = alternatives(kind)
    if len(several) > 1:
        return " | ".join(map(kind_of, several))
    return "Any" if kind is Any else kind.__name__


def told(item: Setting) -> str:
    """All that a setting may be given as."""
    kinds = [kind_of(each) for each in alternatives(item.kind)]
    kinds += ["str"] if "parse" in item.more else []
    if item.several:
        kinds += [kind[9:-1] for kind in kinds if kind.startswith("Sequence[")]
    if item.default is None or item.default == ():
        kinds = [*(kind for kind in kinds if kind != "None"), "None"]
    return "Any" if {"Any", "Sequence[Any]"} & set(kinds) else " | ".join(dict.fromkeys(kinds))


def classes(name: str, cls: type[Settings]) -> str:
    """The names that one recipe takes, and how it is called."""
    title = cls.__name__
    own = {item.name: told(item) for item in settings_of(cls)} | dict.fromkeys(parts_of(cls), "Any")
    fields = "\n".join(f"    {field}: {kind}" for field, kind in own.items())
    return f'''

class {title}Names(TypedDict, total=False):
    """The names that `{name}` takes."""

{fields}


class {title}Call(Protocol[T_co]):
    """`{name}`, as it is called."""

    def __call__(self, model: Any, /, *leading: Any, progress: Any = None, **names: Unpack[{title}Names]) -> T_co:
        """What the function returns."""
        ...
'''


def text() -> str:
    """The whole file."""
    return HEAD + "".join(classes(name, cls) for name, cls in sorted(recipes().items()))


if __name__ == "__main__":
    PLACE.write_text(text(), encoding="utf-8")
