"""Choices: the names that a setting may be, said once, from which come help, forms, completion and refusals."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from reverie.errors import UnknownName, alike
from reverie.plugins import offered

LONGEST = 60  # characters of another name that a message repeats


def _nothing(value: Any) -> bool:
    del value
    return False


@dataclass(frozen=True)
class Choice:
    """The names that a setting may be.

    Attributes:
        what: they are of, such as precision.
        own: reverie's names, or a table of them with what each is.
        plugins: the group of entry points whose names go with them, from the packages' metadata alone.
        also: what else is taken, in words.
        takes: whether a value is that.
        weighed: whether a name may be written with a weight, as NAME=WEIGHT.
    """

    what: str
    own: tuple[str, ...] | Mapping[str, str]
    plugins: str = ""
    also: str = ""
    takes: Callable[[Any], bool] = _nothing
    weighed: bool = False

    @property
    def about(self) -> Mapping[str, str]:
        """Reverie's names with what each is."""
        return self.own if isinstance(self.own, Mapping) else dict.fromkeys(self.own, "")

    def more(self, *names: str) -> "Choice":
        """The same with further names."""
        return replace(self, own={**self.about, **dict.fromkeys(names, "")})

    def __iter__(self) -> Iterator[str]:
        added = offered(self.plugins) if self.plugins else ()
        return iter((*self.own, *(name for name in added if name not in self.own)))

    def __contains__(self, name: object) -> bool:
        return name in self.own or name in tuple(self)

    def __str__(self) -> str:
        """The names with what they are, and what else is taken, as a help lists them."""
        words = [f"{name} ({about})" if about else name for name, about in self.about.items()]
        words += [word for word in ("a plugin's" if self.plugins else "", self.also) if word]
        return f"{', '.join(words[:-1])} or {words[-1]}" if len(words) > 1 else words[0]

    @property
    def closed(self) -> bool:
        """Whether a value is always one of the names as it stands."""
        return not (self.also or self.weighed)

    def check(self, value: Any) -> None:
        """Refuses what is neither one of the names nor what else is taken.

        Raises:
            UnknownName: it is neither.
        """
        name = value.partition("=")[0] if self.weighed and isinstance(value, str) else value
        if not (isinstance(name, str) and name in self) and not self.takes(value):
            raise self.unknown(str(name))

    def unknown(self, name: str) -> UnknownName:
        """What another name is answered with."""
        near = ", ".join(f"'{item}'" for item in alike(name, self))
        nearest = f"; nearest: {near}" if near else ""
        also = f", or {self.also}" if self.also else ""
        written = "; write NAME=WEIGHT" if self.weighed else ""
        return UnknownName(
            f"there is no {self.what} '{name[:LONGEST]}' here{nearest}; allowed are {', '.join(self)}{also}{written}"
        )

    def completed(self, incomplete: str) -> list[str]:
        """The names that begin so."""
        return [name for name in self if name.startswith(incomplete)]

    def form(self) -> dict[str, Any]:
        """JSON Schema of one of them, as text."""
        return {"type": "string", "enum" if self.closed else "examples": list(self)}
